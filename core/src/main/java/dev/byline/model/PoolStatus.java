package dev.byline.model;

/**
 * The state of a pool's connections at one moment.
 *
 * @param size open connections
 * @param active connections in use
 * @param idle free connections
 * @param waiting waiters for a connection
 */
public record PoolStatus(int size, int active, int idle, int waiting) {}
