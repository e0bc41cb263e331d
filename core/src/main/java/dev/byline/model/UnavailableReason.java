package dev.byline.model;

/** What is unavailable. */
public enum UnavailableReason {
    /** The database is down, overloaded or too slow. */
    DATABASE,
    /** The database responds, but tables, columns or functions are missing. */
    SCHEMA_MISSING,
    /** The database responds, but its role may not use the schema, a table or a function. */
    PRIVILEGE_MISSING,
    /** This process has reached a limit. */
    BUSY
}
