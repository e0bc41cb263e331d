package dev.byline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.byline.model.BylineConfig;
import dev.byline.model.BylineException;
import dev.byline.model.Metadata;
import dev.byline.model.Metrics;
import dev.byline.model.NewPost;
import dev.byline.model.PageRequest;
import dev.byline.model.Post;
import dev.byline.model.PostFilter;
import dev.byline.model.PostStatus;
import dev.byline.model.UserFilter;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntSupplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** How often a use case asks for a connection, and what it asks on it. */
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
    void aPostOfAnUnknownAuthorIsRefusedByTwoStatements() {
        var post = new NewPost("a", "", Metadata.EMPTY, PostStatus.PUBLISHED, 999_999L, null);

        assertThat(lentDuring(() -> assertThatThrownBy(() -> cached.posts().create(OPERATOR, post))
                        .isInstanceOf(BylineException.Invalid.class)))
                .isEqualTo(2);
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

    @Test
    void aReadAndANewPostAreOneRoundTripATransactionIsOneMore() throws Exception {
        var user = newUser();
        var post = post("Hello", PostStatus.PUBLISHED, null);
        var other = newUser();
        try (var wire = new Wire(URI.create(database.url()).getPort());
                var byline = Byline.open(throughOneConnection(wire))) {
            byline.users().get(NOBODY, user.id());
            assertThat(wire.during(() -> byline.users().get(NOBODY, other.id())))
                    .isEqualTo(1);
            assertThat(wire.during(() -> byline.posts().create(as(user), post))).isEqualTo(1);
            assertThat(wire.during(() -> byline.posts().createAll(as(user), List.of(post, post))))
                    .isEqualTo(2);
        }
    }

    @Test
    void aPostOfWhichNobodyHeardIsSeenByTheNextReader() throws Exception {
        var user = newUser();
        var first = PageRequest.first(1);
        try (var wire = new Wire(URI.create(database.url()).getPort());
                var byline = Byline.open(throughOneConnection(wire))) {
            byline.posts().feed(NOBODY, PostFilter.NONE, first);
            byline.posts().byAuthor(NOBODY, user.id(), first);
            wire.answersAreLost().set(true);
            assertThatThrownBy(() -> byline.posts().create(as(user), post("Lost", PostStatus.PUBLISHED, null)))
                    .isInstanceOf(BylineException.Unavailable.class);
            wire.answersAreLost().set(false);

            assertThat(byline.posts().feed(NOBODY, PostFilter.NONE, first).items())
                    .extracting(Post::title)
                    .containsExactly("Lost");
            assertThat(byline.posts().byAuthor(NOBODY, user.id(), first).items())
                    .extracting(Post::title)
                    .containsExactly("Lost");
        }
    }

    private BylineConfig throughOneConnection(Wire wire) {
        var url = database.url().replaceFirst(":[0-9]+/", ":" + wire.port() + "/");
        var config = BylineConfig.of(url);
        return new BylineConfig(
                config.database().withPoolSize(1),
                config.tokenTtl(),
                config.signupOpen(),
                config.cache(),
                config.imports());
    }

    /** Passes on what a server and its clients say, and counts how often it is asked: what is asked together comes at once. */
    private record Wire(ServerSocket socket, int server, AtomicInteger asked, AtomicBoolean answersAreLost)
            implements AutoCloseable {
        Wire(int server) throws IOException {
            this(
                    new ServerSocket(0, 50, InetAddress.getLoopbackAddress()),
                    server,
                    new AtomicInteger(),
                    new AtomicBoolean());
            Thread.startVirtualThread(this::accept);
        }

        int port() {
            return socket.getLocalPort();
        }

        int during(Runnable work) {
            var before = asked.get();
            work.run();
            return asked.get() - before;
        }

        private void accept() {
            try {
                while (true) {
                    var client = socket.accept();
                    var there = new Socket(InetAddress.getLoopbackAddress(), server);
                    Thread.startVirtualThread(() -> pass(client, there, asked::incrementAndGet));
                    Thread.startVirtualThread(() -> pass(there, client, () -> answersAreLost.get() ? 0 : 1));
                }
            } catch (IOException e) {
                // closed
            }
        }

        private static void pass(Socket from, Socket to, IntSupplier goingOn) {
            var bytes = new byte[65536];
            try (from;
                    to) {
                for (int n; (n = from.getInputStream().read(bytes)) > 0 && goingOn.getAsInt() > 0; ) {
                    to.getOutputStream().write(bytes, 0, n);
                }
            } catch (IOException e) {
                // closed
            }
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }
}
