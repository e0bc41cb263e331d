package dev.byline.bench.peer;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.javalin.http.Context;
import java.io.IOException;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;

/** Only Javalin, HikariCP and JDBC: the limit of Byline's libraries. Arguments: port, JDBC URL, pool size. */
final class JavalinJdbc {
    private final DataSource database;

    private JavalinJdbc(DataSource database) {
        this.database = database;
    }

    public static void main(String[] args) {
        var pool = new HikariConfig();
        pool.setJdbcUrl(args[1]);
        pool.setMaximumPoolSize(Integer.parseInt(args[2]));
        var server = new JavalinJdbc(new HikariDataSource(pool));
        JavalinBytes.start(args[0], config -> {
            config.routes.get("/users/{id}", server::user);
            config.routes.get("/users/{id}/posts", ctx -> JavalinBytes.send(ctx, server.author(ctx, false)));
            config.routes.get("/posts", server::feed);
            config.routes.post("/posts", server::create);
        });
    }

    private void user(Context ctx) throws SQLException, IOException {
        if (ctx.queryParam("include") != null) {
            JavalinBytes.send(ctx, author(ctx, true));
            return;
        }
        try (var connection = database.getConnection();
                var statement = connection.prepareStatement(Sql.USER)) {
            statement.setLong(1, id(ctx));
            try (var rows = statement.executeQuery()) {
                rows.next();
                JavalinBytes.send(ctx, PeerJson.user(user(rows)));
            }
        }
    }

    private byte[] author(Context ctx, boolean withAuthor) throws SQLException {
        try (var connection = database.getConnection();
                var statement = connection.prepareStatement(Sql.AUTHOR)) {
            statement.setLong(1, id(ctx));
            statement.setLong(2, id(ctx));
            try (var rows = statement.executeQuery()) {
                rows.next();
                var user = user(rows);
                var posts = new ArrayList<PeerJson.Post>();
                do {
                    posts.add(post(rows, 9));
                } while (rows.next());
                return withAuthor ? PeerJson.userWithPosts(user, posts) : PeerJson.page(posts);
            }
        }
    }

    private void feed(Context ctx) throws SQLException, IOException {
        var cursor = ctx.queryParam("cursor");
        try (var connection = database.getConnection();
                var statement = connection.prepareStatement(cursor == null ? Sql.FEED : Sql.FEED_AFTER)) {
            if (cursor != null) {
                var position = PeerJson.CursorPosition.of(cursor);
                statement.setObject(1, position.time());
                statement.setLong(2, position.id());
            }
            List<PeerJson.Post> posts = new ArrayList<>();
            try (var rows = statement.executeQuery()) {
                while (rows.next()) {
                    posts.add(post(rows, 0));
                }
            }
            JavalinBytes.send(ctx, PeerJson.page(posts));
        }
    }

    private void create(Context ctx) throws SQLException, IOException {
        var post = PeerJson.newPost(ctx.bodyAsBytes());
        try (var connection = database.getConnection();
                var statement = connection.prepareStatement(Sql.INSERT)) {
            statement.setString(1, post.title());
            statement.setString(2, post.body());
            statement.setString(3, "{}");
            statement.setLong(4, post.userId());
            try (var rows = statement.executeQuery()) {
                rows.next();
                ctx.status(201);
                JavalinBytes.send(ctx, PeerJson.post(post(rows, 0)));
            }
        }
    }

    private static long id(Context ctx) {
        return Long.parseLong(ctx.pathParam("id"));
    }

    private static PeerJson.User user(ResultSet row) throws SQLException {
        return new PeerJson.User(
                row.getLong(1), row.getString(3), row.getBoolean(5), row.getString(6), time(row, 8), time(row, 9));
    }

    private static PeerJson.Post post(ResultSet row, int before) throws SQLException {
        return new PeerJson.Post(
                row.getLong(before + 1),
                row.getLong(before + 2),
                row.getString(before + 3),
                row.getString(before + 4),
                row.getString(before + 5),
                time(row, before + 6),
                time(row, before + 8),
                time(row, before + 9));
    }

    private static OffsetDateTime time(ResultSet row, int column) throws SQLException {
        return row.getObject(column, OffsetDateTime.class);
    }
}
