package dev.byline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.byline.migrations.Migrations;
import dev.byline.migrations.TestDatabase;
import dev.byline.model.BylineException;
import dev.byline.model.Metadata;
import dev.byline.model.NewPost;
import dev.byline.model.NewUser;
import dev.byline.model.PageRequest;
import dev.byline.model.Post;
import dev.byline.model.PostFilter;
import dev.byline.model.PostStatus;
import dev.byline.model.User;
import dev.byline.model.UserFilter;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SearchTest extends CoreTest {
    private static final String QUOTE = "\"";

    private final User author = newUser();
    private final User other = newUser();

    private Post write(User who, String title, String body, String metadata, PostStatus status) {
        return byline.posts().create(as(who), new NewPost(title, body, Metadata.parse(metadata), status, null, null));
    }

    @BeforeAll
    void write() {
        write(author, "Crème brûlée", "Sugar and eggs, caramelised.", """
                {"lang":"fr","tags":{"sweet":true}}""", PostStatus.PUBLISHED);
        write(author, "On engines", "An analytical engine weaves algebraic patterns.", """
                {"lang":"en"}""", PostStatus.PUBLISHED);
        write(other, "Patterns", "What looms do, engines do.", """
                {"lang":"en","tags":{"sweet":false}}""", PostStatus.PUBLISHED);
        write(author, "A secret engine", "Not yet.", """
                {"lang":"en"}""", PostStatus.DRAFT);
    }

    private static String phrase(String words) {
        return QUOTE + words + QUOTE;
    }

    private List<String> search(@Nullable String query, @Nullable Long by, @Nullable String metadata) {
        var filter = new PostFilter(by, query, metadata == null ? null : Metadata.parse(metadata));
        return byline.posts().feed(NOBODY, filter, PageRequest.first(20)).items().stream()
                .map(Post::title)
                .toList();
    }

    @Nested
    class Queries {
        @ParameterizedTest
        @CsvSource(delimiter = '|', textBlock = """
                        engine | Patterns,On engines
                        ENGINES | Patterns,On engines
                        creme brulee | Crème brûlée
                        Crème | Crème brûlée
                        engine -loom | On engines
                        loom or sugar | Patterns,Crème brûlée
                        "analytical engine" | On engines
                        "engine analytical" | ''
                        patterns | Patterns,On engines
                        secret | ''
                        the | ''
                        '' | ''
                        nothing like it | ''
                        """)
        void aQueryFindsPostsByItsWords(String query, String titles) {
            assertThat(String.join(",", search(query, null, null))).isEqualTo(titles);
        }

        @Test
        void authorAndMetadataRestrictASearch() {
            assertThat(search("engine", author.id(), null)).containsExactly("On engines");
            assertThat(search("patterns", null, """
                    {"tags":{"sweet":false}}""")).containsExactly("Patterns");
            assertThat(search(null, null, """
                    {"lang":"en"}""")).containsExactly("Patterns", "On engines");
            assertThat(search(null, other.id(), """
                    {"lang":"en"}""")).containsExactly("Patterns");
            assertThat(search(null, null, """
                    {"lang":"de"}""")).isEmpty();
            assertThat(search(null, null, "{}")).hasSize(3);
        }

        @Test
        void aTitleCountsMoreThanABody() {
            var filter = new PostFilter(null, "patterns", null);

            assertThat(byline.posts().mostRelevant(NOBODY, filter, 10).items().stream()
                            .map(Post::title))
                    .containsExactly("Patterns", "On engines");
            assertThat(byline.posts().mostRelevant(NOBODY, new PostFilter(null, "engine", null), 1).items().stream()
                            .map(Post::title))
                    .containsExactly("On engines");
            assertThatThrownBy(() -> byline.posts().mostRelevant(NOBODY, PostFilter.NONE, 10))
                    .isInstanceOf(BylineException.Invalid.class);
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "'",
                    "\\",
                    QUOTE,
                    QUOTE + QUOTE,
                    "a & b | !c",
                    "((((",
                    ":*",
                    "a:*",
                    "a:ABCD",
                    "<->",
                    "a <5> b",
                    "-",
                    "- -",
                    "or",
                    "or or",
                    "%",
                    "_",
                    "';DROP TABLE posts;--",
                    "\u202e",
                    "a\tb\nc",
                    "http://x.y/z?q=1",
                    "a@b.c",
                    "-1.5e10",
                    "!@#$%^&*()",
                    "😀",
                    "字字字字"
                })
        void anyQueryIsAccepted(String query) {
            assertThatCode(() -> search(query, null, null)).doesNotThrowAnyException();
            assertThatCode(() -> byline.posts().mostRelevant(NOBODY, new PostFilter(null, query, null), 5))
                    .doesNotThrowAnyException();
        }

        @Test
        void aRandomQueryIsAccepted() {
            var random = new Random(7);
            for (int i = 0; i < 300; i++) {
                var query = new StringBuilder();
                for (int length = random.nextInt(1, 60); length > 0; length--) {
                    var c = random.nextInt(4) == 0 ? """
                            "'\\&|!():*<>-@\s""".codePointAt(random.nextInt(15)) : random.nextInt(1, 0x3000);
                    query.appendCodePoint(c);
                }
                search(query.toString(), null, null);
            }
        }

        /** 200 empty exclusions are more than PostgreSQL's query parser accepts. */
        @Test
        void aQueryWithoutWordsFindsNothing() {
            for (var sign : List.of("-", "- ", "<!--", "-(", "-" + QUOTE, QUOTE, "!", "&", "|", "a -", "-a ", "'")) {
                assertThat(search(sign.repeat(200 / sign.length()), null, null))
                        .as(sign)
                        .isEmpty();
            }
        }

        @Test
        void aQueryHasUpTo200Characters() {
            assertThat(search("😀".repeat(200), null, null)).isEmpty();
            assertThatThrownBy(() -> search("x".repeat(201), null, null)).isInstanceOf(BylineException.Invalid.class);
            assertThatThrownBy(() -> search("a\0b", null, null)).isInstanceOf(BylineException.Invalid.class);
        }

        @Test
        void onlyAHyphenDirectlyBeforeAWordExcludesIt() {
            var title = "Zorbulon - Quixfable 2024";
            var post = write(other, title, "", "{}", PostStatus.PUBLISHED);
            for (var found : List.of(
                    "Zorbulon - Quixfable",
                    "- Zorbulon",
                    "Zorbulon – Quixfable",
                    "Zorbulon -",
                    "-- Zorbulon",
                    "zorbulon — 2024")) {
                assertThat(search(found, null, null)).as(found).containsExactly(title);
            }
            for (var excluded : List.of(
                    "Zorbulon -Quixfable",
                    "-quixfable zorbulon",
                    "zorbulon -2024",
                    "zorbulon -" + phrase("quixfable"),
                    "zorbulon -quixfable.2024")) {
                assertThat(search(excluded, null, null)).as(excluded).isEmpty();
            }
            byline.posts().delete(as(other), post.id());
        }
    }

    @Nested
    class MetadataFilters {
        @Test
        void aMetadataFilterMustHoldAValue() {
            for (var nothing : List.of("""
                    {"a":{}}""", """
                    {"a":[]}""", """
                    {"a":{"b":[{}]}}""")) {
                assertThatThrownBy(() -> search(null, null, nothing)).isInstanceOf(BylineException.Invalid.class);
                assertThatThrownBy(() -> new UserFilter(null, Metadata.parse(nothing)))
                        .isInstanceOf(BylineException.Invalid.class);
            }
        }

        @Test
        void usersAreFoundByMetadata() {
            var pro = byline.users().create(NOBODY, new NewUser("pro@example.com", "Pro", Metadata.parse("""
                    {"plan":"pro","seats":3}""")));
            byline.users().create(NOBODY, new NewUser("free@example.com", "Free", Metadata.parse("""
                    {"plan":"free"}""")));
            var filter = new UserFilter(null, Metadata.parse("""
                    {"plan":"pro"}"""));

            assertThat(byline.users()
                            .list(NOBODY, filter, PageRequest.first(20))
                            .items())
                    .extracting(User::id)
                    .containsExactly(pro.id());
            assertThat(byline.users()
                            .list(NOBODY, new UserFilter(false, filter.metadata()), PageRequest.first(20))
                            .items())
                    .isEmpty();
            assertThat(byline.users()
                            .list(NOBODY, new UserFilter(true, filter.metadata()), PageRequest.first(20))
                            .items())
                    .hasSize(1);
        }
    }

    @Nested
    class Words {
        @Test
        void addressesAndIdentifiersAreFoundByTheirParts() {
            var post = write(other, "foo_bar in src/main.c", "mail ada@example.com, v1.25", "{}", PostStatus.PUBLISHED);
            for (var query :
                    List.of("foo_bar", "bar", "src/main.c", "ada@example.com", "example", "v1.25", phrase("foo bar"))) {
                assertThat(search(query, null, null)).as(query).containsExactly(post.title());
            }
            byline.posts().delete(as(other), post.id());
        }

        @ParameterizedTest
        @CsvSource(
                delimiter = '|',
                value = {
                    "“Zebra” waiting… it’s river—otter|zebra,waiting,river,otter",
                    "«Zebra» „waiting“ ‹river› otter–cave|zebra,waiting,river,otter,cave",
                    "zebra\u00a0waiting\u2009river\u3000otter|zebra,waiting,river,otter",
                    "•zebra waiting™ ©river otter®|zebra,waiting,river,otter",
                    "（zebra）waiting。river、otter！|zebra,waiting,river,otter",
                    "¿zebra? ¡waiting! §river ¶otter|zebra,waiting,river,otter",
                    "🎉zebra waiting🎉 river🦓otter|zebra,waiting,river,otter",
                    "re\u0301sume\u0301 cafe\u0301|résumé,cafe,resume",
                    "हिन्दी किताब|हिन्दी,किताब",
                    "ภาษาไทย ดี|ภาษาไทย,ดี",
                    "שָׁלוֹם עולם|שָׁלוֹם,עולם",
                    "ÄRGER ΣΊΣΥΦΟΣ İstanbul|ärger,σίσυφος,istanbul",
                    "a well-known self‐made case|well-known,known,self-made,made"
                })
        void wordsNextToPunctuationAreFound(String title, String queries) {
            var post = write(other, title, "", "{}", PostStatus.PUBLISHED);
            for (var query : queries.split(",", -1)) {
                assertThat(search(query, null, null)).as(query).contains(title);
            }
            byline.posts().delete(as(other), post.id());
        }

        /** Locales differ in what PostgreSQL's parser takes for a letter. */
        @ParameterizedTest
        @ValueSource(
                strings = {
                    "LOCALE 'C'",
                    "LOCALE 'C.UTF-8'",
                    "LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LC_COLLATE 'C' LC_CTYPE 'C'"
                })
        void punctuationEndsWordsInEveryLocale(String locale) {
            try (var database = TestDatabase.empty(locale)) {
                Migrations.apply(database.dataSource());
                var codePoints = IntStream.rangeClosed(0x80, 0x1ffff)
                        .filter(c -> c < 0x3100 || c % 53 == 0)
                        .filter(c -> Character.isDefined(c) && !isHyphenApostropheOrInvisible(c))
                        .boxed()
                        .toList();
                var array = "'{"
                        + String.join(
                                ",", codePoints.stream().map(String::valueOf).toList()) + "}'::int[]";
                var endsWords = database.value("SELECT array_agg(c) FROM unnest(" + array + ") c WHERE"
                        + " to_tsvector('byline', search_text('zebra' || chr(c) || 'otter')) @@ 'zebra'::tsquery");
                var differing = new TreeSet<String>(
                        List.of(endsWords.substring(1, endsWords.length() - 1).split(",", -1)));
                for (var sign : codePoints.stream()
                        .filter(Words::isSign)
                        .map(String::valueOf)
                        .toList()) {
                    if (!differing.remove(sign)) {
                        differing.add(sign);
                    }
                }
                if (locale.contains("UTF-8")) { // the C library may know an older Unicode, and not all of its letters
                    differing.removeIf(c -> !isSign(Integer.parseInt(c)));
                }
                assertThat(differing).isEmpty();
            }
        }

        private static boolean isHyphenApostropheOrInvisible(int c) {
            return "\u2019\u02BC\uFF07\u2010\u2011".indexOf(c) >= 0
                    || Character.getType(c) == Character.FORMAT
                    || Character.getType(c) == Character.SURROGATE
                    || Character.getType(c) == Character.PRIVATE_USE
                    || Character.getType(c) == Character.CONTROL;
        }

        private static boolean isSign(int c) {
            if (Character.UnicodeBlock.COMBINING_MARKS_FOR_SYMBOLS.equals(Character.UnicodeBlock.of(c))) {
                return true; // as in keycaps, which are symbols
            }
            return switch (Character.getType(c)) {
                case Character.UPPERCASE_LETTER,
                        Character.LOWERCASE_LETTER,
                        Character.TITLECASE_LETTER,
                        Character.MODIFIER_LETTER,
                        Character.OTHER_LETTER,
                        Character.LETTER_NUMBER,
                        Character.DECIMAL_DIGIT_NUMBER,
                        Character.NON_SPACING_MARK,
                        Character.ENCLOSING_MARK,
                        Character.COMBINING_SPACING_MARK -> false;
                default -> true;
            };
        }
    }

    @Nested
    class Bodies {
        /** Before search_text, each of these took the parser seconds or minutes. */
        @Test
        void everyBodyIsIndexedWithinTheStatementTimeout() {
            for (var pattern : List.of(
                    "~/",
                    "a_",
                    "./",
                    "<!-- x\n",
                    "\u2039!--",
                    "a-1.",
                    "ae1@",
                    "http://a.b/",
                    "a.b@",
                    "-1e",
                    "&#1;",
                    "..",
                    "//")) {
                var body = pattern.repeat(200_000 / pattern.length());
                var post = write(other, "Hard", body, "{}", PostStatus.PUBLISHED);
                byline.posts().delete(as(other), post.id());
            }
        }

        /** Hyphenated words are indexed as a whole and in parts: the most lexemes that text can have. */
        @Test
        void theBodyWithTheMostLexemesFits() {
            var random = new Random(3);
            var dense = new StringBuilder();
            while (dense.codePointCount(0, dense.length()) < 199_990) {
                for (int part = 0; part < 2; part++) {
                    for (int i = 0; i < 2; i++) {
                        dense.appendCodePoint(0x20000 + random.nextInt(40_000));
                    }
                    dense.append(part == 0 ? '-' : ' ');
                }
            }
            var unaccented = "\u33ae-\u33af ".repeat(50_000).substring(0, 199_999);
            for (var body : List.of(dense.toString(), unaccented, "\u00bd".repeat(200_000), "x".repeat(200_000))) {
                var post = write(other, "Dense", body, "{}", PostStatus.PUBLISHED);
                byline.posts().delete(as(other), post.id());
            }
        }

        /** The newest posts are long, so that a search reads only some of them. */
        @Test
        void longPostsDoNotHideOtherMatches() {
            var ids = new ArrayList<Long>();
            var random = new Random(5);
            for (int i = 0; i < 30; i++) {
                var dense = new StringBuilder();
                for (int word = 0; word < 6_000; word++) {
                    dense.appendCodePoint(0x4e00 + random.nextInt(20_000))
                            .appendCodePoint(0x4e00 + random.nextInt(20_000))
                            .append(' ');
                }
                dense.insert(0, i % 2 == 0 ? "needle haystack " : "needle camel haystack ");
                ids.add(write(other, "Dense " + i, dense.toString(), """
                        {"dense":%d}""".formatted(i), PostStatus.PUBLISHED)
                        .id());
            }
            assertThat(search("needle", null, null)).hasSize(20).contains("Dense 29");
            assertThat(walk(phrase("needle haystack"))).hasSize(15).doesNotHaveDuplicates();
            assertThat(walk("needle -camel")).hasSize(15).doesNotHaveDuplicates();
            assertThat(search("engines", null, null)).contains("On engines", "Patterns");
            assertThat(search("needle", null, """
                    {"dense":7}""")).containsExactly("Dense 7");
            assertThat(search("needle", other.id(), null)).hasSize(20);
            ids.forEach(id -> byline.posts().delete(as(other), id));
        }

        /** Reads all pages: a query that GIN alone can't answer may have several short ones. */
        private List<Long> walk(String query) {
            var ids = new ArrayList<Long>();
            @Nullable String cursor = null;
            do {
                var page = byline.posts().feed(NOBODY, new PostFilter(null, query, null), new PageRequest(20, cursor));
                page.items().forEach(post -> ids.add(post.id()));
                cursor = page.nextCursor();
            } while (cursor != null);
            return ids;
        }
    }

    @Nested
    class Pages {
        @Test
        void allPagesHaveEachMatchOnce() {
            var writer = newUser();
            for (int batch = 0; batch < 10; batch++) {
                var posts = new ArrayList<NewPost>();
                for (int i = 0; i < 100; i++) {
                    var title = i % 50 == 0 ? "walked " + batch + " " + i : "other";
                    posts.add(new NewPost(title, "", Metadata.EMPTY, PostStatus.PUBLISHED, null, null));
                }
                byline.posts().createAll(as(writer), posts);
            }
            var titles = new ArrayList<String>();
            for (String cursor = null; ; ) { // 20 matches among 1,000: beyond the window of the newest 500
                var page =
                        byline.posts().feed(NOBODY, new PostFilter(null, "walked", null), new PageRequest(7, cursor));
                page.items().forEach(post -> titles.add(post.title()));
                cursor = page.nextCursor();
                if (cursor == null) {
                    break;
                }
            }
            assertThat(titles).hasSize(20);
            assertThat(new HashSet<>(titles)).hasSize(20);
            var first = byline.posts().feed(NOBODY, new PostFilter(null, "walked", null), PageRequest.first(1));
            assertThatThrownBy(() -> byline.posts()
                            .feed(NOBODY, new PostFilter(null, "other", null), new PageRequest(7, first.nextCursor())))
                    .isInstanceOf(BylineException.BadCursor.class);
            byline.users().delete(OPERATOR, writer.id());
            assertThat(search("walked", null, null)).isEmpty();
        }

        /** GIN returns twelve thousand candidates; the only match is the last of them. */
        @Test
        void aPageWithoutMatchesHasACursorToTheRest() {
            var writer = newUser();
            var first = newPost(writer, "needle haystack", "2019-01-01T00:00:00Z");
            database.run("INSERT INTO posts (user_id, title, body, published_at, created_at) SELECT " + writer.id()
                    + ", 'haystack needle', '', timestamptz '2019-02-01' + i * interval '1 minute', now()"
                    + " FROM generate_series(1, 12000) AS i");
            var filter = new PostFilter(writer.id(), phrase("needle haystack"), null);

            var page = byline.posts().feed(NOBODY, filter, PageRequest.first(20));
            assertThat(page.items()).isEmpty();
            assertThat(page.nextCursor()).isNotNull();
            var next = byline.posts().feed(NOBODY, filter, new PageRequest(20, page.nextCursor()));
            assertThat(next.items()).extracting(Post::id).containsExactly(first.id());
            assertThat(next.nextCursor()).isNull();

            var without =
                    byline.posts().feed(NOBODY, new PostFilter(writer.id(), "-haystack", null), PageRequest.first(20));
            assertThat(without.items()).isEmpty();
            assertThat(without.nextCursor()).isNotNull();
            byline.users().delete(OPERATOR, writer.id());
        }
    }
}
