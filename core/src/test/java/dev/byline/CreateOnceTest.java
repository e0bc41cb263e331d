package dev.byline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.byline.model.BylineException;
import dev.byline.model.Created;
import dev.byline.model.ExpectedVersion;
import dev.byline.model.IdempotencyKey;
import dev.byline.model.PostChange;
import dev.byline.model.PostStatus;
import java.util.List;
import org.junit.jupiter.api.Test;

class CreateOnceTest extends CoreTest {
    private static IdempotencyKey key(String value) {
        return new IdempotencyKey(value, "");
    }

    @Test
    void aRepeatedRequestReturnsTheSnapshot() {
        var author = newUser();
        var post = post("once", PostStatus.PUBLISHED, null);

        var first = byline.posts().create(as(author), post, key("a"));
        byline.posts()
                .change(
                        as(author),
                        first.value().id(),
                        new PostChange("changed", null, null, null),
                        ExpectedVersion.ANY);
        var second = byline.posts().create(as(author), post, key("a"));

        assertThat(first.replayed()).isFalse();
        assertThat(second).isEqualTo(new Created<>(first.value(), true));
        assertThatThrownBy(() -> byline.posts().create(as(author), post("other", PostStatus.PUBLISHED, null), key("a")))
                .isInstanceOf(BylineException.KeyReused.class);
    }

    @Test
    void aSnapshotOfAnotherFormatIsRefused() {
        var author = newUser();
        var post = post("format", PostStatus.PUBLISHED, null);
        var first = byline.posts().create(as(author), post, key("format"));

        for (var format : List.of("\\x7f", "\\x01", "\\x2f")) { // unknown, of a user, of unreleased versions
            database.run("UPDATE idempotency_keys SET answer = '" + format + "'::bytea || substr(answer, 2)");
            assertThatThrownBy(() -> byline.posts().create(as(author), post, key("format")))
                    .isInstanceOf(BylineException.Conflict.class);
        }
        assertThat(byline.posts().get(as(author), first.value().id())).isEqualTo(first.value());
    }

    @Test
    void aSnapshotIsHiddenOnceItsOwnerIsDeleted() {
        var author = newUser();
        var post = post("hidden", PostStatus.PUBLISHED, null);
        var unused = byline.posts().create(as(author), post, key("hidden"));
        byline.users().delete(OPERATOR, author.id());

        assertThatThrownBy(() -> byline.posts().create(as(author), post, key("hidden")))
                .isInstanceOf(BylineException.KeyReused.class);
    }
}
