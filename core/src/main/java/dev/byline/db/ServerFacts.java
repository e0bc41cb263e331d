package dev.byline.db;

import java.util.ArrayList;
import java.util.List;
import org.jooq.impl.DSL;

/**
 * What a database server says of itself.
 *
 * @param version its major version, such as 18
 * @param encoding of the database, such as UTF8
 * @param maxConnections for ordinary users: {@code max_connections} less what is reserved
 */
public record ServerFacts(int version, String encoding, int maxConnections) {
    /** The oldest PostgreSQL that Byline runs on. */
    public static final int OLDEST_VERSION = 15;

    /**
     * Asks the server; blocks for it.
     *
     * @param database the one to ask
     * @throws dev.byline.BylineException.Unavailable when it doesn't answer
     */
    public static ServerFacts of(Database database) {
        return database.read(dsl -> dsl.select(
                        DSL.field("current_setting('server_version_num')::int / 10000", Integer.class),
                        DSL.field("current_setting('server_encoding')", String.class),
                        DSL.field(
                                "current_setting('max_connections')::int"
                                        + " - current_setting('superuser_reserved_connections')::int"
                                        + " - coalesce(current_setting('reserved_connections', true)::int, 0)",
                                Integer.class))
                .fetchSingle(row -> new ServerFacts(row.value1(), row.value2(), row.value3())));
    }

    /** Why Byline can't run on it, in words for an operator; empty when it can. */
    public List<String> faults() {
        var faults = new ArrayList<String>();
        if (version < OLDEST_VERSION) {
            faults.add("PostgreSQL " + OLDEST_VERSION + " or newer is needed, the server is " + version);
        }
        if (!encoding.equals("UTF8")) {
            faults.add("the database's encoding must be UTF8, it is " + encoding);
        }
        return faults;
    }
}
