package dev.byline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.byline.migrations.LeakCheck;
import dev.byline.model.BylineConfig;
import dev.byline.model.BylineException;
import dev.byline.model.Metadata;
import dev.byline.model.Metrics;
import dev.byline.model.NewPost;
import dev.byline.model.PageRequest;
import dev.byline.model.Post;
import dev.byline.model.PostFilter;
import dev.byline.model.PostStatus;
import dev.byline.model.UnavailableReason;
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

/** Counts connections and round trips of each use case. */
class RoundTripsTest extends CoreTest {
    private final AtomicInteger connections = new AtomicInteger();
    private final Metrics counting = new Metrics() {
        @Override
        public void connectionAcquired(Duration waited) {
            connections.incrementAndGet();
        }
    };
    private final Byline cached = Byline.open(BylineConfig.of(database.url()), counting);
    private final Byline uncached =
            Byline.open(BylineConfig.of(database.url()).withCache(BylineConfig.Cache.OFF), counting);

    RoundTripsTest() {
        leaks.watch(() -> acquired(cached));
        leaks.watch(() -> acquired(uncached));
    }

    @AfterAll
    void closeBoth() {
        cached.close();
        uncached.close();
    }

    private int connectionsDuring(Runnable work) {
        var before = connections.get();
        work.run();
        return connections.get() - before;
    }

    private void assertOneConnectionAndNoneFromTheCache(Runnable cold, Runnable read) {
        assertThat(connectionsDuring(cold)).isEqualTo(1);
        assertThat(connectionsDuring(read)).isEqualTo(1);
        assertThat(connectionsDuring(read)).isZero();
    }

    @Test
    void aUserTakesOneConnectionAndNoneFromTheCache() {
        var user = newUser();
        assertOneConnectionAndNoneFromTheCache(
                () -> uncached.users().get(NOBODY, user.id()),
                () -> cached.users().get(NOBODY, user.id()));
    }

    @Test
    void theNewestUsersTakeOneConnectionAndNoneFromTheCache() {
        var first = PageRequest.first(20);
        assertOneConnectionAndNoneFromTheCache(
                () -> uncached.users().list(NOBODY, UserFilter.NONE, first),
                () -> cached.users().list(NOBODY, UserFilter.NONE, first));
    }

    @Test
    void aUserWithPostsTakesOneConnectionAndNoneFromTheCache() {
        var user = newUser();
        newPost(user, "Hello");
        var first = PageRequest.first(20);
        assertOneConnectionAndNoneFromTheCache(
                () -> uncached.posts().withAuthor(NOBODY, user.id(), first),
                () -> cached.posts().withAuthor(NOBODY, user.id(), first));
        assertThat(connectionsDuring(() -> cached.posts().byAuthor(NOBODY, user.id(), first)))
                .isZero();
    }

    @Test
    void aPostOfAnUnknownAuthorTakesTwoConnections() {
        var post = new NewPost("a", "", Metadata.EMPTY, PostStatus.PUBLISHED, 999_999L, null);

        assertThat(connectionsDuring(
                        () -> assertThatThrownBy(() -> cached.posts().create(OPERATOR, post))
                                .isInstanceOf(BylineException.Invalid.class)))
                .isEqualTo(2);
    }

    @Test
    void theFeedTakesOneConnectionAndNoneFromTheCache() {
        var first = PageRequest.first(20);
        assertOneConnectionAndNoneFromTheCache(
                () -> uncached.posts().feed(NOBODY, PostFilter.NONE, first),
                () -> cached.posts().feed(NOBODY, PostFilter.NONE, first));
    }

    @Test
    void postsWithAuthorsTakeOneConnection() {
        var post = newPost(newUser(), "With an author");
        var first = PageRequest.first(20);
        assertOneConnectionAndNoneFromTheCache(
                () -> uncached.posts().feedWithAuthors(NOBODY, PostFilter.NONE, first),
                () -> cached.posts().feedWithAuthors(NOBODY, PostFilter.NONE, first));
        for (var read : List.<Runnable>of(
                () -> cached.posts().getWithAuthor(NOBODY, post.id()),
                () -> cached.posts().byIdsWithAuthors(NOBODY, List.of(post.id())),
                () -> cached.posts().feedWithAuthors(NOBODY, new PostFilter(null, "author", null), first),
                () -> cached.posts().mostRelevantWithAuthors(NOBODY, new PostFilter(null, "author", null), 5))) {
            assertThat(connectionsDuring(read)).isEqualTo(1);
        }
    }

    /** A cached post also needs its author, who is read once. */
    @Test
    void aPostTakesOneConnectionAndNoneFromTheCache() {
        var post = newPost(newUser(), "Hello");
        Runnable read = () -> cached.posts().get(NOBODY, post.id());
        assertThat(connectionsDuring(() -> uncached.posts().get(NOBODY, post.id())))
                .isEqualTo(1);
        assertThat(connectionsDuring(read)).isEqualTo(1);
        assertThat(connectionsDuring(read)).isEqualTo(1);
        assertThat(connectionsDuring(read)).isZero();
    }

    @Test
    void aNewPostTakesOneConnection() {
        var user = newUser();
        assertThat(connectionsDuring(() -> cached.posts().create(as(user), post("Hello", PostStatus.PUBLISHED, null))))
                .isEqualTo(1);
    }

    @Test
    void aReadAndANewPostAreOneRoundTripAndABatchIsTwo() throws Exception {
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
            LeakCheck.assertReleased(() -> acquired(byline));
        }
    }

    @Test
    void aPostWhoseResponseWasLostIsVisibleToTheNextRead() throws Exception {
        var user = newUser();
        var first = PageRequest.first(1);
        try (var wire = new Wire(URI.create(database.url()).getPort());
                var byline = Byline.open(throughOneConnection(wire))) {
            byline.posts().feed(NOBODY, PostFilter.NONE, first);
            byline.posts().byAuthor(NOBODY, user.id(), first);
            wire.responsesAreLost().set(true);
            assertThatThrownBy(() -> byline.posts().create(as(user), post("Lost", PostStatus.PUBLISHED, null)))
                    .isInstanceOfSatisfying(BylineException.Unavailable.class, e -> {
                        assertThat(e.reason()).isEqualTo(UnavailableReason.DATABASE);
                        assertThat(e.mayHaveHappened()).isTrue();
                    });
            wire.responsesAreLost().set(false);

            assertThat(byline.posts().feed(NOBODY, PostFilter.NONE, first).items())
                    .extracting(Post::title)
                    .containsExactly("Lost");
            assertThat(byline.posts().byAuthor(NOBODY, user.id(), first).items())
                    .extracting(Post::title)
                    .containsExactly("Lost");
            LeakCheck.assertReleased(() -> acquired(byline));
        }
    }

    private BylineConfig throughOneConnection(Wire wire) {
        var url = database.url().replaceFirst(":[0-9]+/", ":" + wire.port() + "/");
        var config = BylineConfig.of(url);
        return config.withDatabase(config.database().withPoolSize(1));
    }

    /** A proxy that counts round trips: statements of one batch arrive in one read. */
    private record Wire(ServerSocket socket, int server, AtomicInteger requests, AtomicBoolean responsesAreLost)
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
            var before = requests.get();
            work.run();
            return requests.get() - before;
        }

        private void accept() {
            try {
                while (true) {
                    var client = socket.accept();
                    var there = new Socket(InetAddress.getLoopbackAddress(), server);
                    Thread.startVirtualThread(() -> pass(client, there, requests::incrementAndGet));
                    Thread.startVirtualThread(() -> pass(there, client, () -> responsesAreLost.get() ? 0 : 1));
                }
            } catch (IOException e) {
                // closed
            }
        }

        private static void pass(Socket from, Socket to, IntSupplier forward) {
            var bytes = new byte[65536];
            try (from;
                    to) {
                for (int n; (n = from.getInputStream().read(bytes)) > 0 && forward.getAsInt() > 0; ) {
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
