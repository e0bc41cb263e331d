package dev.byline.http;

import java.util.Optional;

/** Reports whether this process should get requests. */
public interface Readiness {
    /** Returns why it should not, for an operator to read; empty when ready. Doesn't block. */
    Optional<String> obstacle();

    /**
     * Returns whether it should get requests although only reads succeed, because there is no primary. Doesn't block.
     */
    default boolean isReadOnly() {
        return false;
    }

    /** Returns whether startup is complete: the schema and the first admin exist. Doesn't block. */
    default boolean isStarted() {
        return true;
    }
}
