package dev.byline.server;

import java.util.List;

/** What the program refuses to do, in words for the person who started it: status 2. */
final class UsageException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient List<String> faults;

    UsageException(List<String> faults) {
        super(String.join("; ", faults), null, false, false);
        this.faults = faults;
    }

    UsageException(String fault) {
        this(List.of(fault));
    }

    List<String> faults() {
        return faults;
    }
}
