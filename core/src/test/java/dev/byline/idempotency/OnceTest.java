package dev.byline.idempotency;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.byline.BylineException;
import dev.byline.CoreTest;
import dev.byline.Metrics;
import dev.byline.db.Database;
import dev.byline.post.Post;
import dev.byline.post.PostStatus;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** As a host would use it, without HTTP. */
class OnceTest extends CoreTest {
    private static Once<Post> once(String key) {
        return new Once<>(new IdempotencyKey(key, ""), post -> ("made " + post.id()).getBytes(StandardCharsets.UTF_8));
    }

    private static String text(Reply reply) {
        return new String(reply.answer(), StandardCharsets.UTF_8);
    }

    @Test
    void theHostsOwnAnswerIsKept() {
        var author = newUser();
        var post = post("once", PostStatus.PUBLISHED, null);

        var first = byline.posts().create(as(author), post, once("a"));
        var second = byline.posts().create(as(author), post, once("a"));

        assertThat(first.replayed()).isFalse();
        assertThat(second.replayed()).isTrue();
        assertThat(text(second)).isEqualTo(text(first)).startsWith("made ");
        assertThatThrownBy(
                        () -> byline.posts().create(as(author), post("other", PostStatus.PUBLISHED, null), once("a")))
                .isInstanceOf(BylineException.KeyReused.class);
    }

    @Test
    void anAnswerThatCanNotBeMadeUndoesTheEffect() {
        var author = newUser();
        var broken = new Once<Post>(new IdempotencyKey("broken", ""), post -> {
            throw new IllegalStateException("no answer");
        });
        assertThatThrownBy(() -> byline.posts().create(as(author), post("never", PostStatus.PUBLISHED, null), broken))
                .isInstanceOf(IllegalStateException.class);
        assertThat(database.value("SELECT count(*) FROM posts WHERE title = 'never'"))
                .isEqualTo("0");
    }

    @Test
    void whatIsOlderThanADayIsRemovedInBatches() {
        byline.posts().create(as(newUser()), post("fresh", PostStatus.PUBLISHED, null), once("fresh"));
        var fresh = Long.parseLong(database.value("SELECT count(*) FROM idempotency_keys"));
        database.run(
                "INSERT INTO idempotency_keys (hash, fingerprint, user_ids, answer, created_at) SELECT sha256(n::text::bytea),"
                        + " sha256(''), '{}', '', now() - interval '24 hours' FROM generate_series(1, 450) AS n");
        try (var other = Database.on(database.dataSource(), Metrics.NONE)) {
            Idempotency.removeExpired(other, () -> true); // stopping: nothing is begun
            assertThat(database.value("SELECT count(*) FROM idempotency_keys")).isEqualTo(Long.toString(450 + fresh));
            Idempotency.removeExpired(other, () -> false);
        }
        assertThat(database.value("SELECT count(*) FROM idempotency_keys")).isEqualTo(Long.toString(fresh));
    }
}
