package dev.byline.http;

import static dev.byline.http.Authentication.principal;

import dev.byline.Posts;
import dev.byline.Users;
import dev.byline.http.exchange.ConditionalRequests;
import dev.byline.http.exchange.RenderedPageCache;
import dev.byline.http.exchange.Requests;
import dev.byline.http.exchange.Responses;
import dev.byline.http.message.HttpProblem;
import dev.byline.http.message.Json;
import dev.byline.http.message.Problem;
import dev.byline.http.message.ProblemReason;
import dev.byline.http.message.QueryParameters;
import dev.byline.model.NewUser;
import dev.byline.model.Page;
import dev.byline.model.PageRequest;
import dev.byline.model.Password;
import dev.byline.model.PostStatus;
import dev.byline.model.Principal;
import dev.byline.model.Role;
import dev.byline.model.User;
import dev.byline.model.UserChange;
import dev.byline.model.UserFilter;
import io.javalin.http.Context;
import io.javalin.http.HttpStatus;
import org.jspecify.annotations.Nullable;

/** {@code /users}. */
final class UserRoutes {

    private final Users users;
    private final Posts posts;
    private final Authentication authentication;
    private final boolean requireIfMatch;
    private final RenderedPageCache renderings;

    UserRoutes(
            Users users, Posts posts, Authentication authentication, HttpConfig config, RenderedPageCache renderings) {
        this.renderings = renderings;
        this.users = users;
        this.posts = posts;
        this.authentication = authentication;
        this.requireIfMatch = config.requireIfMatch();
    }

    void create(Context ctx) {
        authentication.beforeWriting(ctx);
        var body = Requests.body(ctx);
        var email = body.text("email");
        var name = body.text("name");
        var password = body.optionalText("password");
        var metadata = body.metadata();
        var newUser =
                body.build(() -> new NewUser(email, name, password == null ? null : new Password(password), metadata));
        var key = Requests.idempotencyKey(ctx, authentication.origin(ctx));
        authentication.beforeSignup(ctx);
        if (key != null && password != null) {
            authentication.beforeLogin(ctx, email); // a replay compares the password, like a login
        }
        var created = users.create(principal(ctx), newUser, key);
        var user = created.value();
        Responses.created(
                ctx,
                "/users/" + user.id(),
                ConditionalRequests.tag(user),
                created.replayed(),
                json -> Json.user(json, user));
    }

    void list(Context ctx) {
        var query = Requests.query(ctx);
        if (query.has("ids")) {
            query.forbidBeside("ids", "limit", "cursor", "active", "metadata", "email");
            send(ctx, new Page<>(users.byIds(principal(ctx), query.ids()), null));
            return;
        }
        if (query.has("email")) {
            query.forbidBeside("email", "limit", "cursor", "active", "metadata");
            var found =
                    users.findByEmail(principal(ctx), query.plainText("email").orElse(""));
            send(ctx, new Page<>(found.stream().toList(), null));
            return;
        }
        var filter = new UserFilter(
                query.bool("active").orElse(null), query.metadata().orElse(null));
        var page = users.list(principal(ctx), filter, query.page());
        Responses.linkNext(ctx, query, page);
        send(ctx, page);
    }

    private static void send(Context ctx, Page<User> page) {
        ConditionalRequests.json(ctx, Json.sizeOfUsers(page.items()), json -> Json.users(json, page));
    }

    /** Returns the id in the path, or the caller's where the path has {@code me}. */
    private static long id(Context ctx) {
        if (ctx.pathParamMap().containsKey("id")) {
            return Requests.pathId(ctx);
        }
        if (principal(ctx) instanceof Principal.Member caller) {
            return caller.userId();
        }
        throw new HttpProblem(Problem.NOT_FOUND, "the caller is not a user").because(ProblemReason.NOT_A_USER);
    }

    void get(Context ctx) {
        var query = Requests.query(ctx);
        var id = id(ctx);
        if (query.has("include")) {
            if (!query.text("include").orElse("").equals("posts")) {
                throw HttpProblem.malformedParameter("include", "must be posts");
            }
            var page = PageRequest.first(PageRequest.DEFAULT_LIMIT);
            var author = posts.withAuthor(principal(ctx), id, page);
            ConditionalRequests.json(
                    ctx,
                    renderings.of(
                            ctx, author, true, () -> Json.size(author), json -> Json.userWithPosts(json, author)));
            return;
        }
        var user = users.get(principal(ctx), id);
        ConditionalRequests.json(ctx, ConditionalRequests.tag(user), user.jsonBytes(), json -> Json.user(json, user));
    }

    void change(Context ctx) {
        var id = id(ctx);
        var expected = ConditionalRequests.expected(ctx, id, requireIfMatch);
        authentication.beforeWriting(ctx);
        var body = Requests.patch(ctx);
        var email = body.optionalText("email");
        var name = body.optionalText("name");
        var password = body.optionalText("password");
        var metadata = body.metadataChange();
        var active = body.optionalBoolean("is_active");
        var role = body.optionalEnum("role", Role.values(), Role::text);
        var change = body.build(() ->
                new UserChange(email, name, password == null ? null : new Password(password), metadata, active, role));
        if (password != null || email != null) {
            authentication.beforeCredentialChange(ctx, id);
        }
        var user = users.change(principal(ctx), id, change, expected);
        ctx.header("ETag", ConditionalRequests.tag(user));
        Responses.json(ctx, HttpStatus.OK, json -> Json.user(json, user));
    }

    void delete(Context ctx) {
        var id = id(ctx);
        users.delete(principal(ctx), id, ConditionalRequests.expected(ctx, id, requireIfMatch));
        Responses.noContent(ctx);
    }

    private static @Nullable PostStatus status(QueryParameters query) {
        return query.text("status")
                .map(text -> switch (text) {
                    case "draft" -> PostStatus.DRAFT;
                    case "published" -> PostStatus.PUBLISHED;
                    default -> throw HttpProblem.malformedParameter("status", "must be draft or published");
                })
                .orElse(null);
    }

    void posts(Context ctx) {
        var query = Requests.query(ctx);
        var status = status(query);
        var page = status == null
                ? posts.byAuthor(principal(ctx), id(ctx), query.page())
                : posts.byAuthor(principal(ctx), id(ctx), status, query.page());
        Responses.linkNext(ctx, query, page);
        var first = status == null && !query.has("cursor");
        ConditionalRequests.json(
                ctx, renderings.of(ctx, page, first, () -> Json.size(page.items()), json -> Json.posts(json, page)));
    }
}
