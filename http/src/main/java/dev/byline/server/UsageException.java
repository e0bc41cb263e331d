package dev.byline.server;

import java.util.List;

/** Invalid arguments, settings or environment, with one message per fault for the user: exit status 2. */
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
