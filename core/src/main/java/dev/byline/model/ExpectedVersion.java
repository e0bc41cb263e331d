package dev.byline.model;

import java.time.Instant;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The versions of a user or post that a change accepts: the change fails if the row has another one. The statement that
 * writes checks it, so no other write can come between.
 *
 * @param versions the accepted ones, may be empty; null for any
 */
public record ExpectedVersion(@Nullable Set<Version> versions) {
    /** Any version. */
    public static final ExpectedVersion ANY = new ExpectedVersion(null);

    public ExpectedVersion {
        versions = versions == null ? null : Set.copyOf(versions);
    }

    /**
     * A version of a row. The number alone isn't enough: after a failover that lost writes, PostgreSQL gives an id
     * again, and another row starts with the same number.
     *
     * @param number as in {@link User#version()} and {@link Post#version()}
     * @param updatedAt as in {@link User#updatedAt()} and {@link Post#updatedAt()}
     */
    public record Version(long number, Instant updatedAt) {}

    /**
     * Accepts the version that was read.
     *
     * @param user the user as read
     */
    public static ExpectedVersion of(User user) {
        return new ExpectedVersion(Set.of(new Version(user.version(), user.updatedAt())));
    }

    /**
     * Accepts the version that was read.
     *
     * @param post the post as read
     */
    public static ExpectedVersion of(Post post) {
        return new ExpectedVersion(Set.of(new Version(post.version(), post.updatedAt())));
    }

    /**
     * Checks a version.
     *
     * @param number of a row
     * @param updatedAt of the row
     * @throws BylineException.Stale when it isn't accepted
     */
    public void check(long number, Instant updatedAt) {
        if (versions != null && !versions.contains(new Version(number, updatedAt))) {
            throw new BylineException.Stale();
        }
    }
}
