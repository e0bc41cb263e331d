package dev.byline.http;

import static dev.byline.http.Authentication.principal;

import dev.byline.Posts;
import dev.byline.http.exchange.ConditionalRequests;
import dev.byline.http.exchange.RenderedPageCache;
import dev.byline.http.exchange.Requests;
import dev.byline.http.exchange.Responses;
import dev.byline.http.message.HttpProblem;
import dev.byline.http.message.Json;
import dev.byline.http.message.JsonFields;
import dev.byline.http.message.QueryParameters;
import dev.byline.model.NewPost;
import dev.byline.model.Post;
import dev.byline.model.PostChange;
import dev.byline.model.PostFilter;
import dev.byline.model.PostStatus;
import dev.byline.model.Selection;
import dev.byline.model.WithAuthors;
import io.javalin.http.Context;
import io.javalin.http.HttpStatus;
import java.util.List;

/** {@code /posts}. */
final class PostRoutes {

    /** Only users write posts, so no anonymous callers could share idempotency keys. */
    private static final String NO_ORIGIN = "";

    private final Posts posts;
    private final Authentication authentication;
    private final boolean requireIfMatch;
    private final RenderedPageCache renderings;

    PostRoutes(Posts posts, Authentication authentication, HttpConfig config, RenderedPageCache renderings) {
        this.renderings = renderings;
        this.posts = posts;
        this.authentication = authentication;
        this.requireIfMatch = config.requireIfMatch();
    }

    void create(Context ctx) {
        authentication.beforeWriting(ctx);
        var newPost = newPost(Requests.body(ctx));
        var key = Requests.idempotencyKey(ctx, NO_ORIGIN);
        var created = posts.create(principal(ctx), newPost, key);
        var post = created.value();
        Responses.created(
                ctx,
                "/posts/" + post.id(),
                ConditionalRequests.tag(post),
                created.replayed(),
                json -> Json.post(json, post));
    }

    void createBatch(Context ctx) {
        authentication.beforeWriting(ctx);
        var body = Requests.body(ctx);
        var wanted = body.list("posts", 1, Posts.MAX_BATCH, PostRoutes::newPost);
        List<NewPost> batch = body.build(() -> wanted);
        var key = Requests.idempotencyKey(ctx, NO_ORIGIN);
        var created = posts.createAll(principal(ctx), batch, key);
        Responses.created(ctx, created.replayed(), json -> Json.posts(json, created.value()));
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
        var query = Requests.query(ctx);
        var authors = includesAuthor(query);
        if (query.has("ids")) {
            query.forbidBeside("ids", "limit", "cursor", "q", "sort", "author", "metadata");
            if (authors) {
                sendWithAuthors(ctx, posts.byIdsWithAuthors(principal(ctx), query.ids()));
            } else {
                send(ctx, posts.byIds(principal(ctx), query.ids()));
            }
            return;
        }
        var filter = new PostFilter(
                query.id("author").orElse(null),
                query.plainText("q").orElse(null),
                query.metadata().orElse(null));
        if (isByRelevance(query)) {
            query.forbidBeside("sort=relevance", "cursor");
            var limit = query.page().limit();
            if (authors) {
                sendWithAuthors(ctx, posts.mostRelevantWithAuthors(principal(ctx), filter, limit));
            } else {
                send(ctx, posts.mostRelevant(principal(ctx), filter, limit));
            }
            return;
        }
        var first = filter.equals(PostFilter.NONE) && !query.has("cursor");
        if (authors) {
            var page = posts.feedWithAuthors(principal(ctx), filter, query.page());
            Responses.linkNext(ctx, query, page.posts());
            ConditionalRequests.json(
                    ctx,
                    renderings.of(
                            ctx,
                            page,
                            first,
                            () -> Json.size(page.posts().items()) + Json.sizeOfUsers(page.authors()),
                            json -> Json.postsWithAuthors(json, page)));
            return;
        }
        var page = posts.feed(principal(ctx), filter, query.page());
        Responses.linkNext(ctx, query, page);
        ConditionalRequests.json(
                ctx, renderings.of(ctx, page, first, () -> Json.size(page.items()), json -> Json.posts(json, page)));
    }

    private static void send(Context ctx, Selection<Post> found) {
        ConditionalRequests.json(ctx, Json.size(found.items()), json -> Json.posts(json, found));
    }

    private static void sendWithAuthors(Context ctx, WithAuthors<Selection<Post>> found) {
        ConditionalRequests.json(
                ctx,
                Json.size(found.posts().items()) + Json.sizeOfUsers(found.authors()),
                json -> Json.selectionWithAuthors(json, found));
    }

    private static boolean includesAuthor(QueryParameters query) {
        return query.text("include")
                .map(text -> {
                    if (!text.equals("author")) {
                        throw HttpProblem.malformedParameter("include", "must be author");
                    }
                    return true;
                })
                .orElse(false);
    }

    private static boolean isByRelevance(QueryParameters query) {
        return switch (query.text("sort").orElse("newest")) {
            case "newest" -> false;
            case "relevance" -> {
                if (!query.has("q")) {
                    throw HttpProblem.malformedParameter("sort", "can be relevance only with \"q\"");
                }
                yield true;
            }
            default -> throw HttpProblem.malformedParameter("sort", "must be newest or relevance");
        };
    }

    void get(Context ctx) {
        if (includesAuthor(Requests.query(ctx))) {
            // The tag is the body's hash: it covers the author, and no write takes it for the post's.
            var found = posts.getWithAuthor(principal(ctx), Requests.pathId(ctx));
            ConditionalRequests.json(ctx, found.jsonBytes(), json -> Json.post(json, found));
            return;
        }
        var post = posts.get(principal(ctx), Requests.pathId(ctx));
        ConditionalRequests.json(ctx, ConditionalRequests.tag(post), post.jsonBytes(), json -> Json.post(json, post));
    }

    void change(Context ctx) {
        var id = Requests.pathId(ctx);
        var expected = ConditionalRequests.expected(ctx, id, requireIfMatch);
        authentication.beforeWriting(ctx);
        var body = Requests.patch(ctx);
        var title = body.optionalText("title");
        var text = body.optionalText("body");
        var metadata = body.metadataChange();
        var status = body.optionalEnum("status", PostStatus.values(), PostStatus::text);
        var change = body.build(() -> new PostChange(title, text, metadata, status));
        var post = posts.change(principal(ctx), id, change, expected);
        ctx.header("ETag", ConditionalRequests.tag(post));
        Responses.json(ctx, HttpStatus.OK, json -> Json.post(json, post));
    }

    void delete(Context ctx) {
        var id = Requests.pathId(ctx);
        posts.delete(principal(ctx), id, ConditionalRequests.expected(ctx, id, requireIfMatch));
        Responses.noContent(ctx);
    }
}
