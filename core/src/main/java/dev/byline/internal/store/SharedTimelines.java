package dev.byline.internal.store;

import dev.byline.internal.cache.SharedNumbers;
import dev.byline.internal.pool.Fence;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Shares through Redis which timelines processes have seen. Safe for use by several threads. */
public final class SharedTimelines implements Fence.Sharing {
    private final SharedNumbers numbers;
    private final Duration kept;

    /**
     * Shares timelines.
     *
     * @param numbers in Redis
     * @param kept how long a timeline is remembered after it was last seen
     */
    public SharedTimelines(SharedNumbers numbers, Duration kept) {
        this.numbers = numbers;
        this.kept = kept;
    }

    @Override
    public void prepare() {
        var unused = numbers.isReady();
    }

    @Override
    public Fence.@Nullable Seen exchange(long system, long timeline, Duration age) {
        return switch (numbers.raise("timeline:" + Long.toUnsignedString(system), 0, timeline, age, kept)) {
            case SharedNumbers.Raised.Stored ignored -> new Fence.Seen(timeline, age);
            case SharedNumbers.Raised.Less less ->
                new Fence.Seen(less.greater().low(), less.greater().age());
            case SharedNumbers.Raised.Failed ignored -> null;
        };
    }
}
