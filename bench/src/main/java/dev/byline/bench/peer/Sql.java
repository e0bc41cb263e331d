package dev.byline.bench.peer;

/** Byline's statements; pages read one row more than they show, to know whether there is another. */
public final class Sql {
    static final int LIMIT = 20;

    private static final String USER_COLUMNS =
            "u.id, u.email, u.name, u.role, u.is_active, u.metadata, u.version, u.created_at, u.updated_at";
    private static final String POST_COLUMNS =
            "p.id, p.user_id, p.title, p.body, p.metadata, p.published_at, p.version, p.created_at, p.updated_at";
    private static final String FEED_ROWS = "SELECT " + POST_COLUMNS + " FROM posts p WHERE p.published_at IS NOT NULL"
            + " AND p.user_id NOT IN (SELECT id FROM users WHERE deleted_at IS NOT NULL)";
    private static final String FEED_ORDER = " ORDER BY p.published_at DESC, p.id DESC LIMIT " + (LIMIT + 1);

    /** A user: id. */
    public static final String USER =
            "SELECT " + USER_COLUMNS + " FROM users u WHERE u.id = ? AND u.deleted_at IS NULL";

    /** The newest posts. */
    public static final String FEED = FEED_ROWS + FEED_ORDER;

    /** The next posts: time, id. */
    public static final String FEED_AFTER = FEED_ROWS + " AND (p.published_at, p.id) < (?, ?)" + FEED_ORDER;

    /** A user with their newest posts: id, id. */
    public static final String AUTHOR = "SELECT " + USER_COLUMNS + ", " + POST_COLUMNS
            + " FROM users u LEFT JOIN LATERAL (SELECT * FROM posts p WHERE p.user_id = ?"
            + " AND p.published_at IS NOT NULL ORDER BY p.created_at DESC, p.id DESC LIMIT " + (LIMIT + 1)
            + ") p ON true"
            + " WHERE u.id = ? AND u.deleted_at IS NULL ORDER BY p.created_at DESC, p.id DESC";

    /** A new post: title, body, metadata, author. */
    public static final String INSERT =
            "INSERT INTO posts AS p (user_id, title, body, metadata, published_at, created_at)"
                    + " SELECT u.id, ?, ?, ?::jsonb, now(), now() FROM users u WHERE u.id = ? AND u.deleted_at IS NULL"
                    + " RETURNING " + POST_COLUMNS;

    private Sql() {}

    /** The statement with $1, $2 instead of question marks. */
    public static String numbered(String sql) {
        var numbered = new StringBuilder();
        var number = 1;
        for (var part : sql.split("\\?", -1)) {
            numbered.append(number == 1 ? "" : "$" + (number - 1)).append(part);
            number++;
        }
        return numbered.toString();
    }
}
