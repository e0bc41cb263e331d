package dev.byline.migrations;

import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Applies Byline's schema: plain SQL files in this package, in order, recorded in the table
 * {@code byline_schema_history}. Each file and its row in that table are one transaction, except files that build
 * indexes {@code CONCURRENTLY}: these start over if they were interrupted.
 *
 * <p>Uses one connection, whose settings are restored before it returns to its pool; meanwhile it has no statement
 * timeout and no socket timeout, because an index on a large table can take hours. Several processes may call
 * {@link #apply} at the same time: one migrates, the others wait for it.
 */
public final class Migrations {
    private static final Logger LOG = LoggerFactory.getLogger(Migrations.class);

    private static final String HISTORY = "byline_schema_history";

    /** Later statements on a table wait while a migration waits for its lock: shorter than their own timeout. */
    private static final Duration LOCK_TIMEOUT = Duration.ofMillis(500);

    private static final Duration LOCK_RETRY_INTERVAL = Duration.ofSeconds(3);
    private static final Duration LOCK_DEADLINE = Duration.ofMinutes(30);

    private final MigrationSession session;
    private final MigrationOptions options;
    private final String schema;

    private Migrations(MigrationSession session, MigrationOptions options) throws SQLException {
        this.session = session;
        this.options = options;
        this.schema = options.schema() == null ? currentSchema(session) : options.schema();
    }

    private static String currentSchema(MigrationSession session) throws SQLException {
        var row = session.row("SELECT coalesce(current_schema(), '')");
        if (row.getFirst().isEmpty()) {
            throw new MigrationException(
                    "no schema in the connection's search_path exists: create it, or name one (the server: BYLINE_SCHEMA)",
                    null);
        }
        return row.getFirst();
    }

    /**
     * Applies pending migrations in the schema {@code byline}, as {@link #apply(DataSource, MigrationOptions)} with
     * {@link MigrationOptions#DEFAULT}.
     *
     * @param dataSource as there
     * @return as there
     * @throws MigrationException as there
     */
    public static int apply(DataSource dataSource) {
        return apply(dataSource, MigrationOptions.DEFAULT);
    }

    /**
     * Applies pending migrations in a schema, as {@link #apply(DataSource, MigrationOptions)}.
     *
     * @param dataSource as there
     * @param schema as in {@link MigrationOptions#schema}
     * @return as there
     * @throws MigrationException as there
     * @throws IllegalArgumentException when the schema's name is invalid
     */
    public static int apply(DataSource dataSource, String schema) {
        return apply(dataSource, MigrationOptions.DEFAULT.schema(schema));
    }

    /**
     * Applies pending migrations. Blocks until the schema is current. Waits 0.5 s for a lock on a table, then retries
     * after 3 s, for up to 30 minutes.
     *
     * @param dataSource connections that may create the schema if it doesn't exist, and tables, functions and indexes
     *     in it; and the extension {@code unaccent} if it isn't installed
     * @param options the schema and the language of posts
     * @return how many migrations were applied, 0 when the schema was current
     * @throws MigrationException when a migration fails, the history doesn't match this version of Byline, Byline's
     *     tables are in another schema, the connection belongs to a transaction, the database can't be reached, or the
     *     thread is interrupted
     */
    public static int apply(DataSource dataSource, MigrationOptions options) {
        try (var session = MigrationSession.open(dataSource)) {
            return new Migrations(session, options).apply();
        } catch (SQLException e) {
            throw new MigrationException("could not migrate the schema: " + e.getMessage(), e);
        }
    }

    /**
     * Returns the pending migrations in the schema {@code byline}, as {@link #pending(DataSource, MigrationOptions)}
     * with {@link MigrationOptions#DEFAULT}.
     *
     * @param dataSource as there
     * @return as there
     * @throws MigrationException as there
     */
    public static List<String> pending(DataSource dataSource) {
        return pending(dataSource, MigrationOptions.DEFAULT);
    }

    /**
     * Returns the pending migrations. Blocks for a few short queries and changes nothing.
     *
     * @param dataSource connections that may read the history table
     * @param options the schema
     * @return file names in the order in which they would be applied, empty when the schema is current
     * @throws MigrationException when the history doesn't match this version of Byline, Byline's tables are in another
     *     schema, or the database can't be reached
     */
    public static List<String> pending(DataSource dataSource, MigrationOptions options) {
        try (var session = MigrationSession.open(dataSource)) {
            var migrations = new Migrations(session, options);
            migrations.enter();
            return migrations.pending().stream().map(Migration::script).toList();
        } catch (SQLException e) {
            throw new MigrationException("could not read " + HISTORY + ": " + e.getMessage(), e);
        }
    }

    private int apply() throws SQLException {
        try {
            session.lock(schema);
            enter();
            if (session.rows("SELECT FROM pg_namespace WHERE nspname = ?", schema)
                    .isEmpty()) {
                session.run("CREATE SCHEMA " + MigrationSession.quoted(schema));
            }
            session.run("CREATE TABLE IF NOT EXISTS " + HISTORY + """
                     (
                        version    integer     NOT NULL,
                        script     text        NOT NULL,
                        checksum   text        NOT NULL, -- SHA-256 of the file
                        applied_at timestamptz NOT NULL DEFAULT now(),
                        applied_by text        NOT NULL DEFAULT current_user,
                        CONSTRAINT byline_schema_history_pkey PRIMARY KEY (version)
                    )
                    """);
            var pending = pending();
            for (var migration : pending) {
                applyWithRetries(migration);
                LOG.info("applied {} to schema {}", migration.script(), schema);
            }
            return pending.size();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new MigrationException("interrupted", e);
        }
    }

    private void enter() throws SQLException {
        session.enter(schema, LOCK_TIMEOUT, options.searchLanguage());
        if (!options.isNamed() && !hasHistory()) {
            rejectAnotherSchema();
        }
    }

    private boolean hasHistory() throws SQLException {
        return session.row("SELECT to_regclass('" + HISTORY + "') IS NOT NULL").equals(List.of("t"));
    }

    private void rejectAnotherSchema() throws SQLException {
        var others = session.rows("SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                + " WHERE c.relname = '" + HISTORY + "' AND c.relkind = 'r' ORDER BY n.nspname");
        if (!others.isEmpty()) {
            var found = others.getFirst().getFirst();
            throw new MigrationException(
                    "this database has Byline's tables in schema \"" + found + "\", not in \"" + schema
                            + "\": set the schema to \"" + found + "\" (the server: BYLINE_SCHEMA=" + found
                            + "), or to \"" + schema + "\" explicitly for a second set of tables",
                    null);
        }
    }

    /**
     * Migrations of newer releases are accepted: after a rollback, and while replicas are replaced, this release runs
     * beside them.
     */
    private List<Migration> pending() throws SQLException {
        if (!hasHistory()) {
            return Migration.all();
        }
        Map<String, String> applied = session.rows("SELECT version, checksum FROM " + HISTORY).stream()
                .collect(Collectors.toMap(List::getFirst, List::getLast));
        var pending = new ArrayList<Migration>();
        for (var migration : Migration.all()) {
            var checksum = applied.get(String.valueOf(migration.version()));
            if (checksum == null) {
                pending.add(migration);
            } else if (!checksum.equals(migration.checksum())) {
                throw new MigrationException(
                        migration.script() + " was changed after it had been applied to schema \"" + schema + "\"",
                        null);
            }
        }
        return pending;
    }

    private void applyWithRetries(Migration migration) throws SQLException, InterruptedException {
        var deadline = System.nanoTime() + LOCK_DEADLINE.toNanos();
        while (true) {
            try {
                apply(migration);
                return;
            } catch (SQLException e) {
                if (!"55P03".equals(e.getSQLState()) || System.nanoTime() - deadline > 0) {
                    throw new MigrationException(migration.script() + " failed: " + e.getMessage() + hint(e), e);
                }
                LOG.info("{} timed out waiting for a lock; will retry in {}", migration.script(), LOCK_RETRY_INTERVAL);
                TimeUnit.NANOSECONDS.sleep(LOCK_RETRY_INTERVAL.toNanos());
            }
        }
    }

    private String hint(SQLException e) {
        return "42P07".equals(e.getSQLState())
                ? "; the schema \"" + schema + "\" is used by something else: give Byline a schema of its own"
                : "";
    }

    private void apply(Migration migration) throws SQLException {
        if (migration.inTransaction()) {
            session.inTransaction(() -> {
                session.run(migration.sql());
                record(migration);
            });
            return;
        }
        for (var statement : migration.statements()) {
            session.run(statement);
        }
        record(migration);
    }

    private void record(Migration migration) throws SQLException {
        session.run("INSERT INTO " + HISTORY + " (version, script, checksum) VALUES (" + migration.version() + ", '"
                + migration.script() + "', '" + migration.checksum() + "')");
    }
}
