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
 * <p>Uses one connection, whose settings are restored before it returns to its pool. While it migrates, it has no
 * statement timeout and no socket timeout, because an index on a large table can take hours. Several processes may call
 * {@link #apply} at the same time: one migrates, the others wait for it.
 */
public final class Migrations {
    private static final Logger LOG = LoggerFactory.getLogger(Migrations.class);

    private static final String HISTORY = "byline_schema_history";

    /** The lock under which a schema is chosen and its history created, one for the database. */
    private static final String DATABASE_LOCK = HISTORY;

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
     * after 3 s, for up to 30 minutes for each file. When nothing is pending, it only reads.
     *
     * @param dataSource connections, not through a pooler that switches servers between transactions. If something is
     *     pending, their role may create the schema unless it exists, objects in it, and the extension {@code unaccent}
     *     unless it is installed
     * @param options the schema and the language of posts
     * @return how many migrations were applied, 0 when the schema was current
     * @throws MigrationException when a migration fails, the history doesn't match this version of Byline, Byline's
     *     tables are in another schema, the connection is in a transaction, the database can't be reached, or the thread
     *     is interrupted
     */
    public static int apply(DataSource dataSource, MigrationOptions options) {
        try (var session = MigrationSession.open(dataSource)) {
            return new Migrations(session, options).apply();
        } catch (SQLException e) {
            throw new MigrationException("could not migrate the schema: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // not before: the session's statements would fail
            throw new MigrationException("interrupted", e);
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
            return new Migrations(session, options)
                    .pending().stream().map(Migration::script).toList();
        } catch (SQLException e) {
            throw new MigrationException("could not read " + HISTORY + ": " + e.getMessage(), e);
        }
    }

    private int apply() throws SQLException, InterruptedException {
        if (pending().isEmpty()) {
            return 0;
        }
        session.lock(DATABASE_LOCK);
        createHistory();
        session.unlock(DATABASE_LOCK);
        session.lock(HISTORY + "." + schema);
        session.setUp(schema, LOCK_TIMEOUT, options.searchLanguage());
        var pending = pending(); // what another process has not applied meanwhile
        for (var migration : pending) {
            applyWithRetries(migration);
            LOG.info("applied {} to schema {}", migration.script(), schema);
        }
        return pending.size();
    }

    /** Creates the schema and its history, unless they exist or another schema has Byline's tables. */
    private void createHistory() throws SQLException {
        var others = schemasWithHistory();
        if (others.contains(schema)) {
            return;
        }
        rejectUnnamed(others);
        var other = others.isEmpty() ? null : others.getFirst();
        if (session.rows("SELECT FROM pg_namespace WHERE nspname = ?", schema).isEmpty()) {
            if (other != null) {
                rejectNameOfRole(other);
            }
            session.run("CREATE SCHEMA " + MigrationSession.quoted(schema));
        }
        if (!session.row("SELECT has_schema_privilege(?, 'USAGE')", schema).equals(List.of("t"))) {
            throw new MigrationException(
                    "the role may not use the schema \"" + schema + "\": GRANT USAGE, CREATE ON SCHEMA to it", null);
        }
        if (other != null) {
            LOG.warn(
                    "this database has Byline's tables in schema \"{}\", too; schema \"{}\" gets tables of its own",
                    other,
                    schema);
        }
        session.run("CREATE TABLE " + history() + """
                 (
                    version    integer     NOT NULL,
                    script     text        NOT NULL,
                    checksum   text        NOT NULL, -- SHA-256 of the file
                    applied_at timestamptz NOT NULL DEFAULT now(),
                    applied_by text        NOT NULL DEFAULT current_user,
                    CONSTRAINT byline_schema_history_pkey PRIMARY KEY (version)
                )
                """);
    }

    private String history() {
        return MigrationSession.quoted(schema) + "." + HISTORY;
    }

    private List<String> schemasWithHistory() throws SQLException {
        return session
                .rows(
                        "SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relname = '"
                                + HISTORY + "' AND c.relpersistence = 'p' ORDER BY n.nspname")
                .stream()
                .map(List::getFirst)
                .toList();
    }

    /** Rejects a second set of tables in a schema that the caller has not named. */
    private void rejectUnnamed(List<String> others) {
        if (others.isEmpty() || options.isNamed()) {
            return;
        }
        var found = others.getFirst();
        throw new MigrationException(
                "this database has Byline's tables in schema \"" + found + "\", not in \"" + schema
                        + "\": set the schema to \"" + found + "\" (the server: BYLINE_SCHEMA=" + found
                        + "), or to \"" + schema + "\" explicitly for a second set of tables",
                null);
    }

    /** By default, the schema with a role's name comes first in that role's search path. */
    private void rejectNameOfRole(String other) throws SQLException {
        if (!session.rows("SELECT FROM pg_roles WHERE rolname = ?", schema).isEmpty()) {
            throw new MigrationException(
                    "programs that connect as the role \"" + schema + "\" and name no schema would no longer find"
                            + " Byline's tables in schema \"" + other + "\" once a schema \"" + schema
                            + "\" exists: set the schema to \"" + other + "\" for them (the server: BYLINE_SCHEMA="
                            + other + "), then create the schema yourself, or choose another name",
                    null);
        }
    }

    /**
     * Migrations of newer releases are accepted: after a rollback, and while replicas are replaced, this release runs
     * beside them.
     */
    private List<Migration> pending() throws SQLException {
        var schemas = schemasWithHistory();
        if (!schemas.contains(schema)) {
            rejectUnnamed(schemas);
            return Migration.all();
        }
        Map<String, String> applied = session.rows("SELECT version, checksum FROM " + history()).stream()
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

    private void applyWithRetries(Migration migration) throws InterruptedException {
        var deadline = System.nanoTime() + LOCK_DEADLINE.toNanos();
        while (true) {
            try {
                apply(migration);
                return;
            } catch (SQLException e) {
                if (!isRetried(e) || System.nanoTime() - deadline > 0) {
                    throw new MigrationException(migration.script() + " failed: " + e.getMessage() + hint(e), e);
                }
                LOG.info("{} got no lock; will retry in {}", migration.script(), LOCK_RETRY_INTERVAL);
                TimeUnit.NANOSECONDS.sleep(LOCK_RETRY_INTERVAL.toNanos());
            }
        }
    }

    private static boolean isRetried(SQLException e) {
        return "55P03".equals(e.getSQLState()) || "40P01".equals(e.getSQLState()); // lock timeout, deadlock
    }

    private String hint(SQLException e) {
        return switch (String.valueOf(e.getSQLState())) {
            case "42P07", "42723", "42710" -> // an object of this name exists
                "; the schema \"" + schema + "\" is used by something else, or by a development version of Byline:"
                        + " give Byline a schema of its own";
            default -> "";
        };
    }

    private void apply(Migration migration) throws SQLException {
        var row = "INSERT INTO " + history() + " (version, script, checksum) VALUES (" + migration.version() + ", '"
                + migration.script() + "', '" + migration.checksum() + "')";
        if (migration.inTransaction()) {
            session.runInTransaction(migration.sql(), row);
        } else {
            session.run(migration.statements());
            session.run(row);
        }
    }
}
