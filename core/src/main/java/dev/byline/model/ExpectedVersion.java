package dev.byline.model;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The versions of a user or post that a change accepts: the change fails if the row has another one. The statement that
 * writes checks it, so no other write can come between.
 *
 * @param versions the accepted ones, may be empty; null for any
 */
public record ExpectedVersion(@Nullable Set<Long> versions) {
    /** Any version. */
    public static final ExpectedVersion ANY = new ExpectedVersion(null);

    public ExpectedVersion {
        versions = versions == null ? null : Set.copyOf(versions);
    }

    /**
     * Accepts one version.
     *
     * @param version as in {@link dev.byline.model.User#version()} and {@link dev.byline.model.Post#version()}
     */
    public static ExpectedVersion of(long version) {
        return new ExpectedVersion(Set.of(version));
    }

    /**
     * Returns whether a version is accepted.
     *
     * @param version of a row
     */
    public boolean admits(long version) {
        return versions == null || versions.contains(version);
    }

    /**
     * Checks a version.
     *
     * @param version of a row
     * @throws BylineException.Stale when it isn't accepted
     */
    public void check(long version) {
        if (!admits(version)) {
            throw new BylineException.Stale();
        }
    }
}
