package dev.byline.model;

import java.time.Duration;

/**
 * A leaky bucket after a charge.
 *
 * @param accepted whether there was room for the charge; otherwise it was not added
 * @param untilEmpty the time after which the bucket is empty if nothing is added
 */
public record BucketLevel(boolean accepted, Duration untilEmpty) {}
