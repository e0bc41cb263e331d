package dev.byline.bench.comparison;

import java.util.Locale;

/**
 * One target in one round.
 *
 * @param serverCpu seconds of all processes of the server
 * @param databaseCpu seconds of all processes of PostgreSQL
 * @param residentMib of the server at the end
 */
record Measurement(
        Workload workload,
        Target target,
        int round,
        LoadResult result,
        double serverCpu,
        double databaseCpu,
        double residentMib) {
    static final String CSV_HEADER =
            "workload,target,round,requests,seconds,bytes,p50_ms,p99_ms,server_cpu_s,database_cpu_s,rss_mb";

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

    String csv() {
        return String.format(
                Locale.ROOT,
                "%s,%s,%d,%d,%.3f,%d,%.3f,%.3f,%.2f,%.2f,%.0f",
                workload,
                target,
                round,
                result.requests(),
                result.seconds(),
                result.bytes(),
                result.p50Millis(),
                result.p99Millis(),
                serverCpu,
                databaseCpu,
                residentMib);
    }
}
