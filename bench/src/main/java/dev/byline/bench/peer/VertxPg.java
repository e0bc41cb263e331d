package dev.byline.bench.peer;

import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.pgclient.PgBuilder;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.PoolOptions;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Vert.x with its PostgreSQL client, which pipelines statements; one event loop per processor. Arguments: port,
 * database as postgresql://, connections of each event loop.
 */
final class VertxPg extends VerticleBase {
    private static final String USER = statement(Sql.USER);
    private static final String FEED = statement(Sql.FEED);
    private static final String FEED_AFTER = statement(Sql.FEED_AFTER);
    private static final String AUTHOR = statement(Sql.AUTHOR);
    private static final String INSERT = statement(Sql.INSERT.replace("?::jsonb", "'{}'::jsonb"));

    private final int port;
    private final String database;
    private final int connections;

    private VertxPg(int port, String database, int connections) {
        this.port = port;
        this.database = database;
        this.connections = connections;
    }

    public static void main(String[] args) {
        var options = new DeploymentOptions().setInstances(Runtime.getRuntime().availableProcessors());
        Vertx.vertx()
                .deployVerticle(
                        () -> new VertxPg(Integer.parseInt(args[0]), args[1], Integer.parseInt(args[2])), options)
                .onFailure(Throwable::printStackTrace);
    }

    @Override
    public Future<?> start() {
        var connect = PgConnectOptions.fromUri(database)
                .setCachePreparedStatements(true)
                .setPipeliningLimit(256);
        SqlClient client = PgBuilder.client()
                .with(new PoolOptions().setMaxSize(connections))
                .connectingTo(connect)
                .using(vertx)
                .build();
        return vertx.createHttpServer()
                .requestHandler(request -> handle(client, request))
                .listen(port, "127.0.0.1");
    }

    private static void handle(SqlClient client, HttpServerRequest request) {
        var path = Objects.requireNonNull(request.path());
        if (request.method().equals(HttpMethod.POST)) {
            create(client, request);
        } else if (path.equals("/posts")) {
            feed(client, request);
        } else if (path.endsWith("/posts")) {
            author(client, request, Long.parseLong(path.substring(7, path.length() - 6)), false);
        } else if (request.query() != null) {
            author(client, request, Long.parseLong(path.substring(7)), true);
        } else {
            respond(
                    request,
                    200,
                    rows(client, USER, Tuple.of(Long.valueOf(path.substring(7))))
                            .map(rows -> PeerJson.user(user(rows.iterator().next()))));
        }
    }

    private static void author(SqlClient client, HttpServerRequest request, long id, boolean withAuthor) {
        respond(request, 200, rows(client, AUTHOR, Tuple.of(id, id)).map(rows -> {
            var posts = posts(rows, 9);
            return withAuthor ? PeerJson.userWithPosts(user(rows.iterator().next()), posts) : PeerJson.page(posts);
        }));
    }

    private static void feed(SqlClient client, HttpServerRequest request) {
        var cursor = request.getParam("cursor");
        var position = cursor == null ? null : PeerJson.CursorPosition.of(cursor);
        var rows = position == null
                ? rows(client, FEED, Tuple.tuple())
                : rows(client, FEED_AFTER, Tuple.of(position.time(), position.id()));
        respond(request, 200, rows.map(found -> PeerJson.page(posts(found, 0))));
    }

    private static void create(SqlClient client, HttpServerRequest request) {
        respond(
                request,
                201,
                request.body()
                        .compose(body -> {
                            var post = PeerJson.newPost(body.getBytes());
                            return rows(client, INSERT, Tuple.of(post.title(), post.body(), post.userId()));
                        })
                        .map(rows -> PeerJson.post(post(rows.iterator().next(), 0))));
    }

    private static Future<RowSet<Row>> rows(SqlClient client, String sql, Tuple values) {
        return client.preparedQuery(sql).execute(values);
    }

    /** Reads metadata as text: parsing it only to write it again would cost time. */
    private static String statement(String sql) {
        return Sql.numbered(sql.replace(".metadata", ".metadata::text"));
    }

    private static void respond(HttpServerRequest request, int status, Future<byte[]> response) {
        response.onSuccess(bytes -> request.response()
                        .setStatusCode(status)
                        .putHeader(HttpHeaders.CONTENT_TYPE, "application/json")
                        .end(Buffer.buffer(bytes)))
                .onFailure(e -> {
                    e.printStackTrace();
                    request.response().setStatusCode(500).end();
                });
    }

    private static PeerJson.User user(Row row) {
        return new PeerJson.User(
                row.getLong(0),
                row.getString(2),
                row.getBoolean(4),
                row.getString(5),
                row.getOffsetDateTime(7),
                row.getOffsetDateTime(8));
    }

    private static List<PeerJson.Post> posts(RowSet<Row> rows, int before) {
        var posts = new ArrayList<PeerJson.Post>();
        for (var row : rows) {
            posts.add(post(row, before));
        }
        return posts;
    }

    private static PeerJson.Post post(Row row, int before) {
        return new PeerJson.Post(
                row.getLong(before),
                row.getLong(before + 1),
                row.getString(before + 2),
                row.getString(before + 3),
                row.getString(before + 4),
                row.getOffsetDateTime(before + 5),
                row.getOffsetDateTime(before + 7),
                row.getOffsetDateTime(before + 8));
    }
}
