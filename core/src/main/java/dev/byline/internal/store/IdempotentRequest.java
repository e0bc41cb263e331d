package dev.byline.internal.store;

import dev.byline.internal.security.Digests;
import dev.byline.model.IdempotencyKey;
import dev.byline.model.NewPost;
import dev.byline.model.NewUser;
import dev.byline.model.Principal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A request with an idempotency key.
 *
 * @param hash of operation, caller and key: the key of the stored snapshot
 * @param fingerprint of the request's content: a reused key with another fingerprint is rejected
 */
@SuppressWarnings("ArrayRecordComponent") // records are never compared
public record IdempotentRequest(byte[] hash, byte[] fingerprint) {
    /** Creates the request for a new user. */
    public static IdempotentRequest createUser(Principal principal, IdempotencyKey key, NewUser user) {
        return of("create user", principal, key, parts(user));
    }

    /** Creates the request for a new post. */
    public static IdempotentRequest createPost(Principal principal, IdempotencyKey key, NewPost post) {
        return of("create post", principal, key, parts(post));
    }

    /** Creates the request for several new posts. */
    public static IdempotentRequest createPosts(Principal principal, IdempotencyKey key, List<NewPost> posts) {
        var parts = new ArrayList<@Nullable Object>();
        posts.forEach(post -> parts.addAll(parts(post)));
        return of("create posts", principal, key, parts);
    }

    private static IdempotentRequest of(
            String operation, Principal principal, IdempotencyKey key, List<@Nullable Object> parts) {
        return new IdempotentRequest(
                Digests.sha256(List.of(operation, principal.identity(key.origin()), key.value())),
                Digests.sha256(parts));
    }

    /**
     * Returns all components. Of the password only whether there is one: a fingerprint is a fast hash, too weak for
     * passwords.
     */
    static List<@Nullable Object> parts(NewUser user) {
        return Arrays.asList(user.email(), user.name(), user.metadata().json(), user.password() != null);
    }

    /** Returns all components. */
    static List<@Nullable Object> parts(NewPost post) {
        return Arrays.asList(
                post.title(), post.body(), post.metadata().json(), post.status(), post.userId(), post.publishedAt());
    }
}
