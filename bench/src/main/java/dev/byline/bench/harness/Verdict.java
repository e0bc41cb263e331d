package dev.byline.bench.harness;

import java.util.ArrayList;
import java.util.List;

/** Collects the expectations that a run violated. */
public final class Verdict {
    private final List<String> violations = new ArrayList<>();

    /** Records a violation unless the expectation holds. */
    public void expect(boolean holds, String expectation) {
        if (!holds) {
            violations.add(expectation);
        }
    }

    /** Prints PASS or FAIL and ends the JVM, with status 1 if anything was violated. */
    public void exit() {
        System.out.println(violations.isEmpty() ? "PASS" : "FAIL, expected: " + String.join("; ", violations));
        System.exit(violations.isEmpty() ? 0 : 1);
    }
}
