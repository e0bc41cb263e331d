package dev.byline.model;

import java.util.ArrayList;
import java.util.List;

/**
 * Version, encoding, connection limit and role of a database server.
 *
 * @param version its major version, such as 18
 * @param encoding of the database, such as UTF8
 * @param maxConnections for ordinary users: {@code max_connections} minus the reserved ones
 * @param standby whether it is in recovery: it accepts no writes, and what it returns may be old
 */
public record ServerFacts(int version, String encoding, int maxConnections, boolean standby) {
    /** The oldest PostgreSQL that Byline supports. */
    public static final int OLDEST_VERSION = 15;

    /** Returns why Byline can't run on the server, in words for an operator; empty when it can. */
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
