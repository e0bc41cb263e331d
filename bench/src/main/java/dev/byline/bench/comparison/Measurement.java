package dev.byline.bench.comparison;

/**
 * One target in one round.
 *
 * @param serverCpu seconds of all processes of the server
 * @param databaseCpu seconds of all processes of PostgreSQL
 * @param residentMib of the server at the end
 */
record Measurement(
        Workload workload, Target target, LoadResult result, double serverCpu, double databaseCpu, double residentMib) {
    double perSecond() {
        return result.requests() / result.seconds();
    }

    double serverCpuPerThousand() {
        return serverCpu * 1000 / result.requests();
    }

    double databaseCpuPerThousand() {
        return databaseCpu * 1000 / result.requests();
    }

    double cpuPerThousand() {
        return serverCpuPerThousand() + databaseCpuPerThousand();
    }

    double bytesPerResponse() {
        return result.bytes() / (double) result.requests();
    }
}
