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
 * @param hash of the operation, the caller and the key: the name under which its result is kept
 * @param fingerprint of what is asked for: the same key with another one is refused
 */
@SuppressWarnings("ArrayRecordComponent") // never compared as a whole
public record IdempotentRequest(byte[] hash, byte[] fingerprint) {
    /** A sign-up. */
    public static IdempotentRequest createUser(Principal principal, IdempotencyKey key, NewUser user) {
        return of("create user", principal, key, parts(user));
    }

    /** A new post. */
    public static IdempotentRequest createPost(Principal principal, IdempotencyKey key, NewPost post) {
        return of("create post", principal, key, parts(post));
    }

    /** Several new posts. */
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

    /** All components. Of a password only whether there is one: fingerprints are not hashed slowly enough for passwords. */
    static List<@Nullable Object> parts(NewUser user) {
        return Arrays.asList(user.email(), user.name(), user.metadata().json(), user.password() != null);
    }

    /** All components. */
    static List<@Nullable Object> parts(NewPost post) {
        return Arrays.asList(
                post.title(), post.body(), post.metadata().json(), post.status(), post.userId(), post.publishedAt());
    }
}
