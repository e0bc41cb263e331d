package com.example;

import dev.byline.Byline;
import dev.byline.migrations.Migrations;
import dev.byline.model.BylineConfig;
import dev.byline.model.BylineException;
import dev.byline.model.IdempotencyKey;
import dev.byline.model.ImportOutcome;
import dev.byline.model.Metadata;
import dev.byline.model.NewPost;
import dev.byline.model.NewUser;
import dev.byline.model.PageRequest;
import dev.byline.model.Password;
import dev.byline.model.PostFilter;
import dev.byline.model.PostStatus;
import dev.byline.model.Principal;
import dev.byline.model.Role;
import dev.byline.model.UserFilter;
import java.util.List;
import org.postgresql.ds.PGSimpleDataSource;

/** Migrates an empty database, opens a pool on it, and uses every table. */
public final class Consumer {
    private Consumer() {}

    /** @param arguments a jdbc: URL with user and password */
    public static void main(String[] arguments) {
        var dataSource = new PGSimpleDataSource();
        dataSource.setUrl(arguments[0]);
        var applied = Migrations.apply(dataSource);
        check(applied > 0 || Migrations.pending(dataSource).isEmpty(), "migrations were applied");
        try (var byline = Byline.open(BylineConfig.of(arguments[0]))) {
            use(byline, Long.toString(System.nanoTime()));
        }
        System.out.println("PASS " + applied + " migrations, then users, posts, tokens, keys and feeds, with Java "
                + Runtime.version().feature());
    }

    private static void use(Byline byline, String unique) {
        var password = new Password("correct horse battery " + unique);
        var email = "ada" + unique + "@example.com";
        var ada = byline.users()
                .create(new Principal.Anonymous(), new NewUser(email, "Ada", password, Metadata.parse("{\"a\":1}")));
        var member = new Principal.Member(ada.id(), Role.USER);
        var key = new IdempotencyKey(unique, "");
        var post = new NewPost("Hello", "First post.", Metadata.EMPTY, PostStatus.PUBLISHED, null, null);
        check(!byline.posts().create(member, post, key).replayed(), "the post was created");
        check(byline.posts().create(member, post, key).replayed(), "its repetition was answered from the snapshot");
        var token = byline.tokens().login(email, password);
        check(byline.tokens().authenticate(token.secret()).is(ada.id()), "the token is hers");
        check(byline.posts()
                        .feed(new Principal.Anonymous(), new PostFilter(null, "first", null), PageRequest.first(20))
                        .items()
                        .stream()
                        .anyMatch(each -> each.userId() == ada.id()), "the post is found");
        check(byline.users()
                        .list(new Principal.Operator(), UserFilter.NONE, PageRequest.first(20))
                        .items()
                        .contains(ada), "the user is listed");
        var outcome = byline.imports().run(member, List.of("http://localhost/feed")).getFirst();
        check(outcome instanceof ImportOutcome.Failed, "a private address is not imported: " + outcome);
        byline.users().delete(member, ada.id());
        try {
            byline.users().get(new Principal.Anonymous(), ada.id());
            throw new IllegalStateException("the user is still there");
        } catch (BylineException.NotFound e) {
            // as it should be
        }
    }

    private static void check(boolean holds, String what) {
        if (!holds) {
            throw new IllegalStateException("not so: " + what);
        }
    }
}
