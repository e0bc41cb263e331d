package dev.byline.model;

/** What is unavailable. */
public enum UnavailableReason {
    /** The database is down, overloaded or too slow. */
    DATABASE,
    /** The database responds, but tables, columns or functions are missing. */
    SCHEMA_MISSING,
    /** This process has reached a limit. */
    BUSY
}
