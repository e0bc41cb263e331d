package dev.byline.bench.harness;

import dev.byline.Byline;
import dev.byline.model.BylineConfig;
import dev.byline.model.Metadata;
import dev.byline.model.NewPost;
import dev.byline.model.NewUser;
import dev.byline.model.PageRequest;
import dev.byline.model.Password;
import dev.byline.model.PostFilter;
import dev.byline.model.PostStatus;
import dev.byline.model.Principal;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Creates the rows that a tool needs. In an empty database ids count from 1. */
public final class SampleData implements AutoCloseable {
    private static final int BATCH = 100;

    private final Byline byline;
    private final Principal operator = new Principal.Operator();

    /** Opens a migrated database, as a server without {@code BYLINE_SCHEMA} does. */
    public SampleData(String url) {
        var config = BylineConfig.of(url);
        this.byline = Byline.open(config.withDatabase(config.database().withSchema(null)));
    }

    /** Creates a user and returns the secret of a token for them. */
    public static String userWithToken(String url) {
        try (var data = new SampleData(url)) {
            data.users(1);
            return data.token(1);
        }
    }

    /** Creates users without a password. */
    public void users(int count) {
        for (int i = 0; i < count; i++) {
            var email = "u" + System.nanoTime() + "@example.com";
            byline.users().create(operator, new NewUser(email, "U", Metadata.EMPTY));
        }
    }

    /** Creates a user with a password. */
    public void user(String email, String password) {
        byline.users().create(operator, new NewUser(email, "U", new Password(password), Metadata.EMPTY));
    }

    /** Creates published posts of one author and returns their ids. */
    public List<Long> posts(long author, int count, String body) {
        var post = new NewPost("A title", body, Metadata.EMPTY, PostStatus.PUBLISHED, author, null);
        var ids = new ArrayList<Long>();
        while (ids.size() < count) {
            var batch = Collections.nCopies(Math.min(BATCH, count - ids.size()), post);
            byline.posts().createAll(operator, batch).forEach(created -> ids.add(created.id()));
        }
        return ids;
    }

    /** Issues a token and returns its secret. */
    public String token(long user) {
        return byline.tokens().issue(operator, user, null).secret();
    }

    /** The cursors of all pages of the feed but the first. */
    public List<String> feedCursors() {
        var cursors = new ArrayList<String>();
        var request = PageRequest.first(PageRequest.DEFAULT_LIMIT);
        while (true) {
            var page = byline.posts().feed(new Principal.Anonymous(), PostFilter.NONE, request);
            var next = page.nextCursor();
            if (next == null) {
                return cursors;
            }
            cursors.add(next);
            request = new PageRequest(PageRequest.DEFAULT_LIMIT, next);
        }
    }

    @Override
    public void close() {
        byline.close();
    }
}
