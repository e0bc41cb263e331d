package dev.byline.internal.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.byline.model.IdempotencyKey;
import dev.byline.model.Metadata;
import dev.byline.model.NewPost;
import dev.byline.model.NewUser;
import dev.byline.model.Password;
import dev.byline.model.PostStatus;
import dev.byline.model.Principal;
import java.lang.reflect.RecordComponent;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** The fingerprint covers every component of a record: a missing one would replay the response of another request. */
class IdempotentRequestTest {
    private static final NewPost POST =
            new NewPost("a", "a", Metadata.EMPTY, PostStatus.PUBLISHED, 1L, Instant.parse("2020-01-01T00:00:00Z"));
    private static final Map<String, List<NewPost>> OTHER_POSTS = Map.of(
            "title", List.of(new NewPost("b", "a", Metadata.EMPTY, PostStatus.PUBLISHED, 1L, POST.publishedAt())),
            "body", List.of(new NewPost("a", "b", Metadata.EMPTY, PostStatus.PUBLISHED, 1L, POST.publishedAt())),
            "metadata",
                    List.of(new NewPost("a", "a", Metadata.parse("""
                            {"a":1}"""), PostStatus.PUBLISHED, 1L, POST.publishedAt())),
            "status", List.of(new NewPost("a", "a", Metadata.EMPTY, PostStatus.DRAFT, 1L, null)),
            "userId",
                    List.of(
                            new NewPost("a", "a", Metadata.EMPTY, PostStatus.PUBLISHED, 2L, POST.publishedAt()),
                            new NewPost("a", "a", Metadata.EMPTY, PostStatus.PUBLISHED, null, POST.publishedAt())),
            "publishedAt",
                    List.of(
                            new NewPost(
                                    "a",
                                    "a",
                                    Metadata.EMPTY,
                                    PostStatus.PUBLISHED,
                                    1L,
                                    Instant.parse("2020-01-01T00:00:01Z")),
                            new NewPost("a", "a", Metadata.EMPTY, PostStatus.PUBLISHED, 1L, null)));
    private static final NewUser USER = new NewUser("a@example.com", "a", Metadata.EMPTY);
    private static final Map<String, List<NewUser>> OTHER_USERS = Map.of(
            "email", List.of(new NewUser("b@example.com", "a", Metadata.EMPTY)),
            "name", List.of(new NewUser("a@example.com", "b", Metadata.EMPTY)),
            "metadata", List.of(new NewUser("a@example.com", "a", Metadata.parse("""
                    {"a":1}"""))),
            "password",
                    List.of(new NewUser("a@example.com", "a", new Password("correct horse battery"), Metadata.EMPTY)));

    private static String post(NewPost post) {
        return text(IdempotentRequest.createPost(new Principal.Operator(), new IdempotencyKey("k", ""), post));
    }

    private static String posts(NewPost post) {
        return text(IdempotentRequest.createPosts(
                new Principal.Operator(), new IdempotencyKey("k", ""), List.of(POST, post)));
    }

    private static String user(NewUser user) {
        return text(IdempotentRequest.createUser(new Principal.Operator(), new IdempotencyKey("k", ""), user));
    }

    private static String text(IdempotentRequest request) {
        return Arrays.toString(request.fingerprint());
    }

    private static <T> void assertFingerprintCovers(
            Class<T> type, T value, Map<String, List<T>> others, Function<T, String> fingerprint) {
        var fingerprints = new HashMap<String, Object>();
        assertThat(fingerprints.put(fingerprint.apply(value), value)).isNull();
        others.values()
                .forEach(each -> each.forEach(other -> assertThat(fingerprints.put(fingerprint.apply(other), other))
                        .isNull()));
        assertThat(new HashSet<>(others.keySet()))
                .as("a value for each component that differs in it")
                .isEqualTo(new HashSet<>(Arrays.stream(type.getRecordComponents())
                        .map(RecordComponent::getName)
                        .toList()));
    }

    @Test
    void theFingerprintCoversEveryComponentOfAPost() {
        assertFingerprintCovers(NewPost.class, POST, OTHER_POSTS, IdempotentRequestTest::post);
        assertFingerprintCovers(NewPost.class, POST, OTHER_POSTS, IdempotentRequestTest::posts);
    }

    @Test
    void theFingerprintCoversEveryComponentOfAUser() {
        assertFingerprintCovers(NewUser.class, USER, OTHER_USERS, IdempotentRequestTest::user);
    }

    @Test
    void theFingerprintDoesNotContainThePassword() {
        var one = new NewUser("a@example.com", "a", new Password("correct horse battery"), Metadata.EMPTY);
        var other = new NewUser("a@example.com", "a", new Password("staple wrong battery"), Metadata.EMPTY);

        assertThat(user(one)).isEqualTo(user(other));
    }
}
