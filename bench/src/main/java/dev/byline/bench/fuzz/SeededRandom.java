package dev.byline.bench.fuzz;

import java.util.List;
import java.util.SplittableRandom;

/**
 * Random choices that depend only on a seed and an index. Each choice takes one number from the generator, so that
 * values learned from responses change a choice, but not the choices after it.
 */
final class SeededRandom {
    private final SplittableRandom random;

    SeededRandom(long seed, long index) {
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

    /** A value of a list of the corpus. */
    String from(String list) {
        return of(Corpus.list(list));
    }
}
