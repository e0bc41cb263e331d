package dev.byline.bench.comparison;

import java.util.Locale;

/** A server that is measured. */
enum Target {
    BYLINE,
    BYLINE_UNCACHED,
    /** Another byline.jar. */
    OTHER,
    OTHER_UNCACHED,
    /** A bare Jetty handler that writes constant bytes. */
    JETTY_BYTES,
    /** A bare Javalin handler that writes constant bytes. */
    JAVALIN_BYTES,
    /** Javalin, HikariCP and JDBC. */
    JAVALIN,
    VERTX,
    FASTAPI,
    FASTAPI_REDIS,
    /** The database alone. */
    PGBENCH;

    /** The name on the command line. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    boolean isOther() {
        return this == OTHER || this == OTHER_UNCACHED;
    }

    boolean isByline() {
        return this == BYLINE || this == BYLINE_UNCACHED || isOther();
    }

    boolean isJvm() {
        return this != FASTAPI && this != FASTAPI_REDIS && this != PGBENCH;
    }

    /** Whether the target supports a workload and its result says something new. */
    boolean runs(Workload workload) {
        return switch (this) {
            case BYLINE, OTHER -> true;
            case JETTY_BYTES, JAVALIN_BYTES -> workload.isConstant();
            case BYLINE_UNCACHED, OTHER_UNCACHED ->
                switch (workload) {
                    case NOT_MODIFIED, FEED_CURSOR, CREATE -> false; // the same with and without a cache
                    case HOT_USER, UNIFORM_USER, FEED, AUTHOR, USER_WITH_POSTS, MIX -> true;
                };
            case FASTAPI_REDIS -> workload != Workload.NOT_MODIFIED && workload != Workload.CREATE;
            case JAVALIN, VERTX, FASTAPI, PGBENCH -> workload != Workload.NOT_MODIFIED;
        };
    }
}
