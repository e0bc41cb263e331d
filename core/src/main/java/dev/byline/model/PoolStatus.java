package dev.byline.model;

/**
 * What a pool's connections are doing at one moment.
 *
 * @param size connections open
 * @param active those in use
 * @param idle those free
 * @param waiting callers that wait for one
 */
public record PoolStatus(int size, int active, int idle, int waiting) {}
