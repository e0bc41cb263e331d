package dev.byline.bench.side;

import java.util.Locale;

/** What is measured. */
enum Target {
    BYLINE("Byline as it is shipped"),
    BYLINE_UNCACHED("Byline with BYLINE_CACHE=off"),
    OTHER("another byline.jar, as it is shipped"),
    OTHER_UNCACHED("another byline.jar with BYLINE_CACHE=off"),
    JETTY_BYTES("a bare Jetty handler that writes the same bytes"),
    JAVALIN_BYTES("a bare Javalin handler that writes the same bytes"),
    JAVALIN("Javalin, HikariCP, JDBC, nothing else"),
    VERTX("Vert.x with its pipelined PostgreSQL client"),
    FASTAPI("FastAPI, SQLAlchemy, asyncpg, 4 workers"),
    FASTAPI_REDIS("the same behind its Redis decorator, 300 s"),
    PGBENCH("pgbench -M prepared: the database alone");

    private final String description;

    Target(String description) {
        this.description = description;
    }

    /** As on the command line. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    String description() {
        return description;
    }

    boolean isByline() {
        return switch (this) {
            case BYLINE, BYLINE_UNCACHED, OTHER, OTHER_UNCACHED -> true;
            case JETTY_BYTES, JAVALIN_BYTES, JAVALIN, VERTX, FASTAPI, FASTAPI_REDIS, PGBENCH -> false;
        };
    }

    boolean isJvm() {
        return switch (this) {
            case BYLINE, BYLINE_UNCACHED, OTHER, OTHER_UNCACHED, JETTY_BYTES, JAVALIN_BYTES, JAVALIN, VERTX -> true;
            case FASTAPI, FASTAPI_REDIS, PGBENCH -> false;
        };
    }

    /** Whether it says anything. */
    boolean runs(Workload workload) {
        return switch (this) {
            case BYLINE, OTHER -> true;
            case JETTY_BYTES, JAVALIN_BYTES -> workload.isBytes();
            case BYLINE_UNCACHED, OTHER_UNCACHED ->
                switch (workload) {
                    case NOT_MODIFIED, FEED_CURSOR, CREATE -> false; // nothing of these is cached, or all of it
                    case HOT_USER, UNIFORM_USER, FEED, AUTHOR, USER_WITH_POSTS, MIX -> true;
                };
            case FASTAPI_REDIS -> workload != Workload.NOT_MODIFIED && workload != Workload.CREATE;
            case JAVALIN, VERTX, FASTAPI, PGBENCH -> workload != Workload.NOT_MODIFIED;
        };
    }
}
