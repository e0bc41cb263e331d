package dev.byline.http;

import static dev.byline.http.Authentication.principal;

import dev.byline.page.Page;
import dev.byline.post.NewPost;
import dev.byline.post.Post;
import dev.byline.post.PostChange;
import dev.byline.post.PostFilter;
import dev.byline.post.PostStatus;
import dev.byline.post.Posts;
import io.javalin.http.Context;
import io.javalin.http.HttpStatus;
import java.util.List;

/** {@code /posts}. */
final class PostRoutes {
    private final Posts posts;

    PostRoutes(Posts posts) {
        this.posts = posts;
    }

    void create(Context ctx) {
        Requests.query(ctx);
        var post = posts.create(principal(ctx), newPost(Requests.body(ctx)));
        ctx.header("Location", "/posts/" + post.id());
        Responses.json(ctx, HttpStatus.CREATED, json -> Json.post(json, post));
    }

    void createBatch(Context ctx) {
        Requests.query(ctx);
        var body = Requests.body(ctx);
        var wanted = body.list("posts", 1, Posts.MAX_BATCH, PostRoutes::newPost);
        List<NewPost> batch = body.build(() -> wanted);
        var written = posts.createAll(principal(ctx), batch);
        Responses.json(ctx, HttpStatus.CREATED, json -> Json.posts(json, written));
    }

    private static NewPost newPost(JsonFields body) {
        var title = body.text("title");
        var text = body.text("body");
        var metadata = body.metadata();
        var status = body.optionalEnum("status", PostStatus.values(), PostStatus::text);
        var userId = body.optionalId("user_id");
        var publishedAt = body.optionalTime("published_at");
        return body.build(() -> new NewPost(
                title, text, metadata, status == null ? PostStatus.PUBLISHED : status, userId, publishedAt));
    }

    void feed(Context ctx) {
        var query = Requests.query(ctx, "limit", "cursor", "author", "ids");
        if (query.has("ids")) {
            query.forbidBeside("ids", "limit", "cursor", "author");
            var found = new Page<Post>(posts.byIds(principal(ctx), query.ids()), null);
            Responses.json(ctx, HttpStatus.OK, json -> Json.posts(json, found));
            return;
        }
        var filter = new PostFilter(query.id("author").orElse(null));
        var page = posts.feed(principal(ctx), filter, query.page());
        Responses.linkNext(ctx, query, page);
        Responses.json(ctx, HttpStatus.OK, json -> Json.posts(json, page));
    }

    void get(Context ctx) {
        Requests.query(ctx);
        var post = posts.get(principal(ctx), Requests.pathId(ctx));
        Responses.json(ctx, HttpStatus.OK, json -> Json.post(json, post));
    }

    void change(Context ctx) {
        Requests.query(ctx);
        var id = Requests.pathId(ctx);
        var body = Requests.patch(ctx);
        var title = body.optionalText("title");
        var text = body.optionalText("body");
        var metadata = body.metadataChange();
        var status = body.optionalEnum("status", PostStatus.values(), PostStatus::text);
        var change = body.build(() -> new PostChange(title, text, metadata, status));
        var post = posts.change(principal(ctx), id, change);
        Responses.json(ctx, HttpStatus.OK, json -> Json.post(json, post));
    }

    void delete(Context ctx) {
        Requests.query(ctx);
        posts.delete(principal(ctx), Requests.pathId(ctx));
        Responses.noContent(ctx);
    }
}
