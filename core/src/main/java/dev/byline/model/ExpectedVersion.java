package dev.byline.model;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which versions of a user or post a change is meant for: it is refused when the row has changed since. Checked inside the
 * statement that writes, so that nothing slips in between.
 *
 * @param versions those meant, perhaps none; null for any
 */
public record ExpectedVersion(@Nullable Set<Long> versions) {
    /** Whatever is there. */
    public static final ExpectedVersion ANY = new ExpectedVersion(null);

    public ExpectedVersion {
        versions = versions == null ? null : Set.copyOf(versions);
    }

    /**
     * One version.
     *
     * @param version as in {@link dev.byline.model.User#version()} and {@link dev.byline.model.Post#version()}
     */
    public static ExpectedVersion of(long version) {
        return new ExpectedVersion(Set.of(version));
    }

    /**
     * Whether this is one of the versions meant.
     *
     * @param version of a row
     */
    public boolean admits(long version) {
        return versions == null || versions.contains(version);
    }

    /**
     * Refuses another version.
     *
     * @param version of a row
     * @throws BylineException.Stale when it isn't one of those meant
     */
    public void check(long version) {
        if (!admits(version)) {
            throw new BylineException.Stale();
        }
    }
}
