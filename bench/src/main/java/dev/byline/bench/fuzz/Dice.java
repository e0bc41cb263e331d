package dev.byline.bench.fuzz;

import java.util.List;
import java.util.SplittableRandom;

/**
 * Random choices that depend on a seed and an index alone. Each takes exactly one number of the generator, so that what was
 * learned from answers changes a choice but not those after it.
 */
public final class Dice {
    private final SplittableRandom random;

    /** Begins anew for each index. */
    public Dice(long seed, long index) {
        this.random = new SplittableRandom(seed * 0x9E3779B97F4A7C15L ^ index);
    }

    int below(int bound) {
        return (int) Math.floorMod(random.nextLong() >>> 1, (long) bound);
    }

    int between(int min, int max) {
        return min + below(max - min + 1);
    }

    boolean oneIn(int n) {
        return below(n) == 0;
    }

    <T> T of(List<T> choices) {
        return choices.get(below(choices.size()));
    }

    @SafeVarargs
    final <T> T of(T... choices) {
        return choices[below(choices.length)];
    }
}
