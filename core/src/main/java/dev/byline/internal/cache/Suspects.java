package dev.byline.internal.cache;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.RemovalCause;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Keys whose value in Redis may be older than a value that this process has returned: the next load replaces it. With
 * too many keys, all values in Redis are suspect until they have expired. Safe for use by several threads.
 */
final class Suspects {
    /** The most keys; beyond it, all values in Redis are bypassed. */
    static final int MAX_KEYS = 100_000;

    private final Duration l2Ttl;
    private final Cache<String, Object> marks;
    private volatile long bypassUntil = System.nanoTime();

    Suspects(Duration l2Ttl) {
        this.l2Ttl = l2Ttl;
        this.marks = Caffeine.newBuilder()
                .maximumSize(MAX_KEYS)
                .expireAfterWrite(l2Ttl)
                .executor(Runnable::run)
                .removalListener((name, mark, cause) -> {
                    if (cause == RemovalCause.SIZE) {
                        addAll();
                    }
                })
                .build();
    }

    void add(String name) {
        marks.put(name, new Object());
    }

    /** Makes all values suspect that Redis holds now. */
    void addAll() {
        bypassUntil = System.nanoTime() + l2Ttl.toNanos();
    }

    /** Returns whether all values are suspect. */
    boolean hasAll() {
        return System.nanoTime() - bypassUntil < 0;
    }

    /** Returns the mark of a suspect key, for {@link #remove}. */
    @Nullable
    Object mark(String name) {
        return marks.getIfPresent(name);
    }

    /** Removes a key whose value was replaced, unless it was added again since. */
    void remove(String name, Object mark) {
        marks.asMap().remove(name, mark);
    }
}
