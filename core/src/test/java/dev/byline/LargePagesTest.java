package dev.byline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.byline.internal.sql.PostSearchSql;
import dev.byline.internal.sql.PostSql;
import dev.byline.internal.store.Database;
import dev.byline.migrations.LeakCheck;
import dev.byline.model.BylineConfig;
import dev.byline.model.Metadata;
import dev.byline.model.Metrics;
import dev.byline.model.NewPost;
import dev.byline.model.Page;
import dev.byline.model.PageRequest;
import dev.byline.model.Post;
import dev.byline.model.PostFilter;
import dev.byline.model.PostStatus;
import dev.byline.model.Principal;
import dev.byline.model.User;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Pages are limited by bytes as well as by rows. */
class LargePagesTest extends CoreTest {
    private final List<Long> ids = new ArrayList<>();
    private User author;

    /** Seven posts of 800 kB in the database, and one of 200 kB that takes 1.2 MB as JSON. */
    @BeforeAll
    void fill() {
        author = newUser();
        for (int i = 0; i < 8; i++) {
            var body = (i == 3 ? "\u0001" : "😀").repeat(NewPost.MAX_BODY - 6) + " large";
            var post = new NewPost("Large " + i, body, Metadata.EMPTY, PostStatus.PUBLISHED, null, null);
            ids.addFirst(byline.posts().create(as(author), post).id());
        }
    }

    private static long bytes(List<Post> posts) {
        return posts.stream().mapToLong(Post::jsonBytes).sum();
    }

    private void assertPagesHaveEachPostOnce(Function<PageRequest, Page<Post>> list) {
        var seen = new ArrayList<Long>();
        @Nullable String cursor = null;
        do {
            var page = list.apply(new PageRequest(PageRequest.MAX_LIMIT, cursor));
            assertThat(page.items()).isNotEmpty();
            assertThat(bytes(page.items())).isLessThanOrEqualTo(PageRequest.MAX_BYTES);
            page.items().forEach(post -> seen.add(post.id()));
            cursor = page.nextCursor();
        } while (cursor != null);
        assertThat(seen).isEqualTo(ids);
    }

    @Test
    void pagesLimitedByBytesHaveEachPostOnce() {
        assertPagesHaveEachPostOnce(request -> byline.posts().feed(NOBODY, PostFilter.NONE, request));
        assertPagesHaveEachPostOnce(request -> byline.posts().feed(NOBODY, new PostFilter(author.id()), request));
        assertPagesHaveEachPostOnce(
                request -> byline.posts().feed(NOBODY, new PostFilter(null, "large", null), request));
        assertPagesHaveEachPostOnce(request -> byline.posts().byAuthor(NOBODY, author.id(), request));
        assertPagesHaveEachPostOnce(request -> byline.posts().byAuthor(as(author), author.id(), request));
    }

    @Test
    void aCachedFirstPageHasACursorToTheRest() {
        var request = PageRequest.first(PageRequest.DEFAULT_LIMIT);
        for (int i = 0; i < 2; i++) {
            var feed = byline.posts().feed(NOBODY, PostFilter.NONE, request);
            var withAuthor = byline.posts().withAuthor(NOBODY, author.id(), request);
            assertThat(feed.items()).hasSize(2);
            assertThat(feed.nextCursor()).isNotNull();
            assertThat(withAuthor.posts().items()).isEqualTo(feed.items());
            assertThat(withAuthor.posts().nextCursor()).isNotNull();
            assertThat(byline.posts()
                            .feed(NOBODY, PostFilter.NONE, PageRequest.first(1))
                            .items())
                    .hasSize(1);
        }
    }

    @Test
    void idsBeyondTheLimitOfBytesAreReturnedAsRemaining() {
        var wanted = new ArrayList<>(ids);
        Collections.reverse(wanted);
        wanted.add(1, 999_999_999L);

        var seen = new ArrayList<Long>();
        while (!wanted.isEmpty()) {
            var selection = byline.posts().byIds(NOBODY, wanted);
            assertThat(selection.items()).isNotEmpty();
            assertThat(bytes(selection.items())).isLessThanOrEqualTo(PageRequest.MAX_BYTES);
            selection.items().forEach(post -> seen.add(post.id()));
            wanted.clear();
            wanted.addAll(selection.remainingIds());
        }
        assertThat(seen.reversed()).isEqualTo(ids);
    }

    @Test
    void matchesBeyondTheLimitOfBytesAreReturnedAsRemaining() {
        var best = byline.posts().mostRelevant(NOBODY, new PostFilter(null, "large", null), 100);

        assertThat(bytes(best.items())).isLessThanOrEqualTo(PageRequest.MAX_BYTES);
        assertThat(best.items()).isNotEmpty();
        assertThat(best.items().size() + best.remainingIds().size()).isEqualTo(ids.size());
    }

    @Test
    void batchedLookupsFindLargePosts() throws Exception {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor();
                var uncached = Byline.open(BylineConfig.of(database.url()).withCache(BylineConfig.Cache.OFF))) {
            var lookups = IntStream.range(0, 40)
                    .<Callable<Long>>mapToObj(i -> () -> uncached.posts()
                            .get(NOBODY, ids.get(i % ids.size()))
                            .id())
                    .toList();
            var found = new ArrayList<Long>();
            for (var lookup : threads.invokeAll(lookups)) {
                found.add(lookup.get());
            }
            assertThat(found).containsAll(ids);
            LeakCheck.assertReleased(() -> acquired(uncached));
        }
    }

    /** The limit of rows is 101 in each statement. */
    @Test
    void theDatabaseSendsAtMostOneRowBeyondTheLimitOfBytes() {
        try (var direct = Database.open(BylineConfig.of(database.url()).database(), Metrics.NONE)) {
            for (var found : List.<List<Post>>of(
                    direct.read(dsl -> PostSql.feed(dsl, PostFilter.NONE, null, 101)),
                    direct.read(dsl -> PostSql.feed(dsl, new PostFilter(author.id()), null, 101)),
                    direct.read(dsl -> PostSearchSql.search(dsl, new PostFilter(null, "large", null), null, 101))
                            .posts(),
                    direct.read(dsl -> PostSql.byAuthor(dsl, author.id(), PostSql.Shown.ALL, null, 101))
                            .orElseThrow()
                            .posts(),
                    direct.read(dsl -> PostSql.byIds(dsl, true, ids)).items(),
                    direct.read(dsl -> PostSearchSql.mostRelevant(dsl, new PostFilter(null, "large", null), 500, 100))
                            .items())) {
                assertThat(bytes(found)).isLessThan(PageRequest.MAX_BYTES + 1_300_000);
            }
            LeakCheck.assertReleased(() -> direct.poolStatus().orElseThrow().active());
        }
    }

    @Test
    void pagesWithDraftsAreLimitedByBytesToo() {
        var operator = new Principal.Operator();
        assertPagesHaveEachPostOnce(request -> byline.posts().byAuthor(operator, author.id(), request));
    }
}
