package dev.byline.bench.side;

import java.util.Locale;

/**
 * One target in one round.
 *
 * @param serverCpu seconds, of the server with all its processes
 * @param databaseCpu seconds, of PostgreSQL with all its processes
 * @param megabytes of the server's memory that were resident at the end
 */
record Figures(
        Workload workload,
        Target target,
        int round,
        Wrk.Result result,
        double serverCpu,
        double databaseCpu,
        double megabytes) {
    static final String HEADER =
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
                megabytes);
    }
}
