package dev.byline.internal.pool;

import java.sql.SQLException;

/** What SQLSTATEs say about the server. */
public final class SqlStates {
    private SqlStates() {}

    /**
     * Returns whether the server rejected a statement, while it and the connection work.
     *
     * @param e not of class connection, authorisation, resources, operator intervention or system error
     */
    public static boolean isRejection(SQLException e) {
        var state = e.getSQLState();
        return state != null
                && switch (state.substring(0, Math.min(2, state.length()))) {
                    case "08", "28", "53", "57", "58" -> false;
                    default -> true;
                };
    }

    /**
     * Returns whether the server can't run a statement: it lacks a function, or the role lacks a privilege. Some managed
     * services lack functions that tell about the server.
     */
    public static boolean isUnsupported(SQLException e) {
        var state = String.valueOf(e.getSQLState());
        return state.startsWith("42") || state.startsWith("0A");
    }
}
