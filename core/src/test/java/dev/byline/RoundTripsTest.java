package dev.byline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.byline.page.PageRequest;
import dev.byline.post.PostFilter;
import dev.byline.post.PostStatus;
import dev.byline.user.UserFilter;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** How often a use case asks for a connection: a read runs one statement on each, a write one transaction. */
class RoundTripsTest extends CoreTest {
    private final AtomicInteger lent = new AtomicInteger();
    private final Metrics counting = new Metrics() {
        @Override
        public void connectionAcquired(Duration waited) {
            lent.incrementAndGet();
        }
    };
    private final Byline cached = Byline.open(BylineConfig.of(database.url()), counting);
    private final Byline uncached =
            Byline.open(BylineConfig.of(database.url()).withCache(BylineConfig.Cache.OFF), counting);

    @AfterAll
    void closeBoth() {
        cached.close();
        uncached.close();
    }

    private int lentDuring(Runnable work) {
        var before = lent.get();
        work.run();
        return lent.get() - before;
    }

    private void readsTakeOneAndHitsNone(Runnable cold, Runnable read) {
        assertThat(lentDuring(cold)).isEqualTo(1);
        assertThat(lentDuring(read)).isEqualTo(1);
        assertThat(lentDuring(read)).isZero();
    }

    @Test
    void users() {
        var user = newUser();
        readsTakeOneAndHitsNone(
                () -> uncached.users().get(NOBODY, user.id()),
                () -> cached.users().get(NOBODY, user.id()));
    }

    @Test
    void newestUsers() {
        var first = PageRequest.first(20);
        readsTakeOneAndHitsNone(
                () -> uncached.users().list(NOBODY, UserFilter.NONE, first),
                () -> cached.users().list(NOBODY, UserFilter.NONE, first));
    }

    @Test
    void usersWithPosts() {
        var user = newUser();
        newPost(user, "Hello");
        var first = PageRequest.first(20);
        readsTakeOneAndHitsNone(
                () -> uncached.posts().withAuthor(NOBODY, user.id(), first),
                () -> cached.posts().withAuthor(NOBODY, user.id(), first));
        assertThat(lentDuring(() -> cached.posts().byAuthor(NOBODY, user.id(), first)))
                .isZero();
    }

    @Test
    void theFeed() {
        var first = PageRequest.first(20);
        readsTakeOneAndHitsNone(
                () -> uncached.posts().feed(NOBODY, PostFilter.NONE, first),
                () -> cached.posts().feed(NOBODY, PostFilter.NONE, first));
    }

    /** A hit also looks for the author, whose row may have to be read once. */
    @Test
    void posts() {
        var post = newPost(newUser(), "Hello");
        Runnable read = () -> cached.posts().get(NOBODY, post.id());
        assertThat(lentDuring(() -> uncached.posts().get(NOBODY, post.id()))).isEqualTo(1);
        assertThat(lentDuring(read)).isEqualTo(1);
        assertThat(lentDuring(read)).isEqualTo(1);
        assertThat(lentDuring(read)).isZero();
    }

    @Test
    void writes() {
        var user = newUser();
        assertThat(lentDuring(() -> cached.posts().create(as(user), post("Hello", PostStatus.PUBLISHED, null))))
                .isEqualTo(1);
    }
}
