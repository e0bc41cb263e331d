package dev.byline.model;

import java.time.Duration;

/**
 * The state of a replica.
 *
 * @param name host and port, as in the configured URL
 * @param usable whether it serves reads now
 * @param behind the time that it is behind the primary, measured by the position in the write-ahead log; more than a day
 *     while it is unknown
 */
public record ReplicaStatus(String name, boolean usable, Duration behind) {}
