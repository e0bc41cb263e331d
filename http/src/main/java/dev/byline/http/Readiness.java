package dev.byline.http;

import java.util.Optional;

/** Whether this process should get requests. */
public interface Readiness {
    /** Returns why it should not, in words for an operator; empty when it should. Doesn't block. */
    Optional<String> obstacle();

    /** Whether the first start is over: the schema is there, and who must be. Doesn't block. */
    default boolean isStarted() {
        return true;
    }
}
