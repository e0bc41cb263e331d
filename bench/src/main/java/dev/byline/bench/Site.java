package dev.byline.bench;

import dev.byline.Byline;
import dev.byline.migrations.TestDatabase;
import dev.byline.model.BylineConfig;
import dev.byline.model.Metadata;
import dev.byline.model.NewPost;
import dev.byline.model.NewUser;
import dev.byline.model.PageRequest;
import dev.byline.model.PostFilter;
import dev.byline.model.PostStatus;
import dev.byline.model.Principal;
import dev.byline.model.Role;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * 500 users with ten posts each, and what clients ask for.
 *
 * @param cursors of all pages of the feed but the first
 * @param token of the first user
 */
record Site(List<String> cursors, String token) {
    private static final int USERS = 500;
    private static final int POSTS = 10;
    private static final String TEXT = "word ".repeat(20);

    /** Makes the rows. */
    static Site fill(TestDatabase database) {
        try (var byline = Byline.open(BylineConfig.of(database.url()))) {
            var operator = new Principal.Operator();
            for (int i = 0; i < USERS; i++) {
                var user = byline.users().create(operator, new NewUser("u" + i + "@example.com", "U", Metadata.EMPTY));
                var author = new Principal.Member(user.id(), Role.USER);
                for (int j = 0; j < POSTS; j++) {
                    byline.posts()
                            .create(
                                    author,
                                    new NewPost("A title", TEXT, Metadata.EMPTY, PostStatus.PUBLISHED, null, null));
                }
            }
            return new Site(
                    cursors(byline), byline.tokens().issue(operator, 1, null).secret());
        }
    }

    private static List<String> cursors(Byline byline) {
        var cursors = new ArrayList<String>();
        var request = PageRequest.first(PageRequest.DEFAULT_LIMIT);
        while (true) {
            var next = byline.posts()
                    .feed(new Principal.Anonymous(), PostFilter.NONE, request)
                    .nextCursor();
            if (next == null) {
                return cursors;
            }
            cursors.add(next);
            request = new PageRequest(PageRequest.DEFAULT_LIMIT, next);
        }
    }

    /** Kinds of requests by what they are called. */
    Map<String, Load.Request> work() {
        var work = new LinkedHashMap<String, Load.Request>();
        work.put("a user", (wire, number) -> wire.get("/users/" + user(number)));
        work.put("first page", (wire, number) -> wire.get("/posts"));
        work.put(
                "any page",
                (wire, number) -> wire.get("/posts?cursor=" + cursors.get((int) (number * 7919 % cursors.size()))));
        work.put("an author's page", (wire, number) -> wire.get("/users/" + user(number) + "/posts"));
        work.put(
                "a new post",
                (wire, number) -> wire.send(
                        "POST",
                        "/posts",
                        "{\"title\":\"A title\",\"body\":\"" + TEXT + "\"}",
                        "Authorization: Bearer " + token));
        return work;
    }

    private static long user(long number) {
        return 1 + number * 7919 % USERS;
    }
}
