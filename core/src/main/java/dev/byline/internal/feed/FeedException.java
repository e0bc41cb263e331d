package dev.byline.internal.feed;

import dev.byline.model.ImportFailure;
import dev.byline.model.ImportOutcome;
import org.jspecify.annotations.Nullable;

/** The import of a feed failed. Becomes the outcome of the feed. */
final class FeedException extends Exception {
    private static final long serialVersionUID = 1L;

    private final ImportFailure reason;

    FeedException(ImportFailure reason, String detail) {
        this(reason, detail, null);
    }

    FeedException(ImportFailure reason, String detail, @Nullable Throwable cause) {
        super(detail, cause);
        this.reason = reason;
    }

    static FeedException busy() {
        return new FeedException(ImportFailure.BUSY, "no time left; import it again");
    }

    ImportFailure reason() {
        return reason;
    }

    ImportOutcome.Failed outcome(String url) {
        return new ImportOutcome.Failed(url, reason, String.valueOf(getMessage()));
    }
}
