package dev.byline.internal.sql;

import dev.byline.model.ServerFacts;
import org.jooq.DSLContext;
import org.jooq.impl.DSL;

/** Facts about a PostgreSQL server. */
public final class ServerFactsSql {
    private ServerFactsSql() {}

    /** Reads the facts. Works without Byline's schema. */
    public static ServerFacts read(DSLContext dsl) {
        return dsl.select(
                        DSL.field("current_setting('server_version_num')::int / 10000", Integer.class),
                        DSL.field("current_setting('server_encoding')", String.class),
                        DSL.field(
                                "current_setting('max_connections')::int"
                                        + " - current_setting('superuser_reserved_connections')::int"
                                        + " - coalesce(current_setting('reserved_connections', true)::int, 0)",
                                Integer.class),
                        DSL.field("pg_is_in_recovery()", Boolean.class))
                .fetchSingle(row -> new ServerFacts(row.value1(), row.value2(), row.value3(), row.value4()));
    }
}
