import client.ApiClient;
import client.ApiException;
import client.ApiResponse;
import client.api.PostsApi;
import client.api.TokensApi;
import client.api.UsersApi;
import client.model.Login;
import client.model.NewPost;
import client.model.NewPosts;
import client.model.NewUser;
import client.model.Post;
import client.model.PostChange;
import client.model.Problem;
import client.model.TokenLifetime;
import com.fasterxml.jackson.core.JsonProcessingException;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;

/** Runs the scenario of clients.sh with the generated Java client; drive.ts runs the same. */
final class Drive {
    private static ApiClient client(String url, String token) {
        var client = new ApiClient();
        client.updateBaseUri(url);
        if (token != null) {
            client.setRequestInterceptor(request -> request.header("Authorization", "Bearer " + token));
        }
        return client;
    }

    private static void scenario(String url, String adminToken) throws Exception {
        var email = "java-" + UUID.randomUUID() + "@example.com";
        var password = UUID.randomUUID().toString();

        var anyone = client(url, null);
        var user = new UsersApi(anyone)
                .createUser(UsersApi.APICreateUserRequest.newBuilder()
                        .newUser(new NewUser().email(email).name("Jåva").password(password))
                        .build());
        equal("Jåva", user.getName());
        equal(email, user.getEmail());
        pass("sign up");

        var issued = new TokensApi(anyone)
                .logIn(TokensApi.APILogInRequest.newBuilder()
                        .login(new Login().email(email).password(password))
                        .build());
        var me = client(url, issued.getToken());
        var posts = new PostsApi(me);
        var users = new UsersApi(me);
        var tokens = new TokensApi(me);
        equal(1, tokens.listTokens().getTokens().size());
        pass("log in");

        var given = new TokensApi(client(url, adminToken))
                .issueTokenForUser(TokensApi.APIIssueTokenForUserRequest.newBuilder()
                        .id(user.getId())
                        .tokenLifetime(new TokenLifetime().days(1L))
                        .build());
        new TokensApi(client(url, given.getToken())).revokeCurrentToken();
        pass("an admin issues a token, its user revokes it");

        var key = UUID.randomUUID().toString();
        var hello = new NewPost().title("Hello").body("First post.").putMetadataItem("lang", "en");
        var first = posts.createPostWithHttpInfo(create(hello, key));
        var again = posts.createPostWithHttpInfo(create(hello, key));
        equal(201, first.getStatusCode());
        equal(201, again.getStatusCode());
        equal(first.getData().getId(), again.getData().getId());
        equal(null, header(first, "idempotency-replayed"));
        equal("true", header(again, "idempotency-replayed"));
        pass("create a post twice with one Idempotency-Key: one post");

        problem(me, 422, "key-reused", () -> posts.createPost(create(new NewPost().title("Other").body(""), key)));
        pass("the key with another post: 422 problem");

        var id = first.getData().getId();
        var read = posts.getPostWithHttpInfo(get(id, null));
        var etag = header(read, "etag");
        equal(true, etag != null);
        equal(Map.of("lang", "en"), read.getData().getMetadata());
        equal(header(first, "etag"), etag);
        fails(304, () -> posts.getPost(get(id, etag)));
        pass("read with an ETag, 304 with If-None-Match");

        var batch = posts.createPosts(PostsApi.APICreatePostsRequest.newBuilder()
                        .newPosts(new NewPosts()
                                .addPostsItem(new NewPost().title("Engines").body("On engines."))
                                .addPostsItem(new NewPost()
                                        .title("Later")
                                        .body("")
                                        .status(client.model.PostStatus.DRAFT)))
                        .build())
                .getPosts();
        equal(2, batch.size());
        equal(true, batch.get(0).getPublishedAt() != null);
        equal(null, batch.get(1).getPublishedAt());
        pass("create a batch");

        var seen = new HashSet<Long>();
        String cursor = null;
        var pages = 0;
        do {
            var page = posts.listPosts(PostsApi.APIListPostsRequest.newBuilder()
                    .author(user.getId())
                    .limit(1)
                    .cursor(cursor)
                    .build());
            page.getPosts().forEach(post -> equal(true, seen.add(post.getId())));
            cursor = page.getNextCursor();
            pages++;
        } while (cursor != null && pages < 10);
        equal(2, pages);
        equal(2, seen.size());
        var ids = List.of(batch.get(0).getId(), id);
        var named = posts.listPosts(PostsApi.APIListPostsRequest.newBuilder().ids(ids).build());
        equal(ids, named.getPosts().stream().map(Post::getId).toList());
        pass("list by cursor to the next page, and by ids");

        var changed = posts.changePostWithHttpInfo(change(id, new PostChange().title("Hello, world"), etag));
        equal("Hello, world", changed.getData().getTitle());
        equal("First post.", changed.getData().getBody());
        equal(Map.of("lang", "en"), changed.getData().getMetadata());
        equal(false, Objects.equals(etag, header(changed, "etag")));
        pass("patch with If-Match");

        problem(me, 412, "stale", () -> posts.changePost(change(id, new PostChange().title("Lost"), etag)));
        pass("patch with a stale If-Match: 412 problem");

        var cleared = posts.changePost(change(id, new PostChange().metadata(null), header(changed, "etag")));
        equal(Map.of(), cleared.getMetadata());
        pass("patch metadata with null");

        var with = users.getUser(UsersApi.APIGetUserRequest.newBuilder()
                .id(user.getId())
                .include("posts")
                .build());
        equal(3, with.getPosts().size());
        equal(email, with.getEmail());
        pass("read a user with their posts");

        var invalid = problem(
                me, 422, "invalid", () -> posts.createPost(create(new NewPost().title("").body(""), null)));
        equal("title", invalid.getErrors().get(0).getField());
        pass("an empty title: 422 problem that names the field");

        var current = header(posts.getPostWithHttpInfo(get(id, null)), "etag");
        posts.deletePost(PostsApi.APIDeletePostRequest.newBuilder()
                .id(id)
                .ifMatch(current)
                .build());
        pass("delete");

        problem(me, 404, "not-found", () -> posts.getPost(get(id, null)));
        pass("a post that is gone: 404 problem");

        var mine = users.getUserWithHttpInfo(UsersApi.APIGetUserRequest.newBuilder().id(user.getId()).build());
        users.deleteUser(UsersApi.APIDeleteUserRequest.newBuilder()
                .id(user.getId())
                .ifMatch(header(mine, "etag"))
                .build());
        problem(me, 401, "unauthenticated", tokens::listTokens);
        pass("delete the user, whose token is then no good: 401 problem");
    }

    private static PostsApi.APICreatePostRequest create(NewPost post, String key) {
        return PostsApi.APICreatePostRequest.newBuilder().newPost(post).idempotencyKey(key).build();
    }

    private static PostsApi.APIGetPostRequest get(Long id, String etag) {
        return PostsApi.APIGetPostRequest.newBuilder().id(id).ifNoneMatch(etag).build();
    }

    private static PostsApi.APIChangePostRequest change(Long id, PostChange change, String etag) {
        return PostsApi.APIChangePostRequest.newBuilder()
                .id(id)
                .postChange(change)
                .ifMatch(etag)
                .build();
    }

    private interface Call {
        void run() throws ApiException;
    }

    private static ApiException fails(int status, Call call) throws ApiException {
        try {
            call.run();
        } catch (ApiException e) {
            if (e.getCode() == status) {
                return e;
            }
            throw e;
        }
        throw new AssertionError("expected status " + status + ", but it went well");
    }

    private static Problem problem(ApiClient client, int status, String type, Call call)
            throws ApiException, JsonProcessingException {
        var failure = fails(status, call);
        equal(
                "application/problem+json",
                failure.getResponseHeaders().firstValue("content-type").orElse(""));
        var problem = client.getObjectMapper().readValue(failure.getResponseBody(), Problem.class);
        equal("urn:byline:problem:" + type, Objects.toString(problem.getType()));
        equal(status, problem.getStatus());
        equal(failure.getResponseHeaders().firstValue("x-request-id").orElse(""), problem.getRequestId());
        return problem;
    }

    private static String header(ApiResponse<?> response, String name) {
        for (var header : response.getHeaders().entrySet()) {
            if (header.getKey().equalsIgnoreCase(name)) {
                return header.getValue().get(0);
            }
        }
        return null;
    }

    private static void equal(Object expected, Object actual) {
        if (!Objects.equals(expected, actual)) {
            throw new AssertionError("expected " + expected + ", got " + actual);
        }
    }

    private static String last = "the start";

    private static void pass(String what) {
        System.out.println("PASS java: " + what);
        last = what;
    }

    public static void main(String[] args) {
        try {
            scenario(args[0], args[1]);
        } catch (Exception | AssertionError e) {
            System.out.println("FAIL java, after \"" + last + "\": " + e);
            e.printStackTrace();
            System.exit(1);
        }
    }
}
