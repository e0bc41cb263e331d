package com.example;

import dev.byline.Byline;
import dev.byline.BylineTransaction;
import dev.byline.JoinedTransaction;
import dev.byline.migrations.Migrations;
import dev.byline.model.BylineConfig;
import dev.byline.model.BylineException;
import dev.byline.model.ConflictReason;
import dev.byline.model.Metadata;
import dev.byline.model.NewUser;
import dev.byline.model.PageRequest;
import dev.byline.model.Principal;
import dev.byline.model.UserChange;
import dev.byline.model.UserFilter;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import javax.sql.DataSource;
import org.postgresql.ds.PGSimpleDataSource;

/** A host without a framework, as a module or as one jar. It has a table called users, too. */
public final class App {
    private static final Principal NOBODY = new Principal.Anonymous();
    private static final Principal OPERATOR = new Principal.Operator();

    private final DataSource dataSource;

    private App(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    /** @param arguments a jdbc: URL with user and password */
    public static void main(String[] arguments) throws SQLException, InterruptedException {
        var dataSource = new PGSimpleDataSource();
        dataSource.setUrl(arguments[0]);
        new App(dataSource).run(arguments[0]);
        System.out.println("PASS modules, " + (App.class.getModule().isNamed() ? "module path" : "one jar") + ", Java "
                + Runtime.version().feature());
    }

    private void run(String url) throws SQLException, InterruptedException {
        update("CREATE TABLE users (login text PRIMARY KEY)");
        update("CREATE TABLE orders (id bigint PRIMARY KEY, buyer bigint NOT NULL)");
        check(Migrations.apply(dataSource) > 0, "migrations were applied");
        try (var byline =
                Byline.builder().cache(BylineConfig.Cache.LOCAL).dataSource(dataSource)) {
            transactions(byline);
        }
        try (var byline = Byline.open(BylineConfig.of(url))) { // the driver makes Byline's sockets by a name
            check(byline.users().list(OPERATOR, UserFilter.NONE, PageRequest.first(2)).items().size() == 1, "one user");
        }
        check(count("SELECT count(*) FROM users") == 0, "the host's users are untouched");
        awaitNoThreads();
    }

    private void transactions(Byline byline) throws SQLException {
        var ada = inTransaction(byline, tx -> order(tx, 1, "ada@example.com"));
        check(byline.users().find(NOBODY, ada).isPresent() && hasOrder(1), "both are there after the commit");

        var bob = new long[1];
        try {
            inTransaction(byline, tx -> {
                bob[0] = order(tx, 2, "bob@example.com");
                throw new IllegalStateException("rolled back");
            });
        } catch (IllegalStateException e) {
            check("rolled back".equals(e.getMessage()), "only the exception above: " + e);
        }
        check(byline.users().find(NOBODY, bob[0]).isEmpty() && !hasOrder(2), "both are gone after the rollback");

        inTransaction(byline, tx -> {
            insertOrder(tx.connection(), 3, ada);
            tx.users().change(OPERATOR, ada, new UserChange(null, "Ada Lovelace", null, null, null));
            try {
                return order(tx, 4, "ADA@example.com");
            } catch (BylineException.Conflict e) {
                check(e.reason() == ConflictReason.EMAIL_TAKEN, "the address is taken");
                return 0;
            }
        });
        check(hasOrder(3) && !hasOrder(4), "a conflict undoes only itself");
        check("Ada Lovelace".equals(byline.users().get(NOBODY, ada).name()), "the cache knows of the commit");
    }

    private interface Work {
        long run(BylineTransaction tx) throws SQLException;
    }

    private long inTransaction(Byline byline, Work work) throws SQLException {
        JoinedTransaction tx;
        long result;
        try (var connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            tx = byline.in(connection);
            try {
                result = work.run(tx);
            } catch (RuntimeException | SQLException e) {
                connection.rollback();
                throw e;
            }
            try {
                connection.commit();
            } catch (SQLException e) {
                tx.unknown();
                throw e;
            }
        }
        tx.committed();
        return result;
    }

    /** Creates a user and a row of the host in the transaction. */
    private static long order(BylineTransaction tx, long id, String email) throws SQLException {
        var buyer = tx.users()
                .create(NOBODY, new NewUser(email, "Buyer", Metadata.EMPTY))
                .id();
        insertOrder(tx.connection(), id, buyer);
        return buyer;
    }

    private static void insertOrder(Connection connection, long id, long buyer) throws SQLException {
        update(connection, "INSERT INTO orders VALUES (" + id + ", " + buyer + ")");
    }

    private boolean hasOrder(long id) throws SQLException {
        return count("SELECT count(*) FROM orders WHERE id = " + id) == 1;
    }

    private void update(String sql) throws SQLException {
        try (var connection = dataSource.getConnection()) {
            update(connection, sql);
        }
    }

    private static void update(Connection connection, String sql) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.executeUpdate(sql);
        }
    }

    private long count(String sql) throws SQLException {
        try (var connection = dataSource.getConnection();
                var statement = connection.createStatement();
                var rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getLong(1);
        }
    }

    private static void awaitNoThreads() throws InterruptedException {
        for (int i = 0; i < 50 && !bylineThreads().isEmpty(); i++) {
            Thread.sleep(100);
        }
        check(bylineThreads().isEmpty(), "no thread is left of " + bylineThreads());
    }

    private static List<String> bylineThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> name.startsWith("byline"))
                .toList();
    }

    private static void check(boolean holds, String what) {
        if (!holds) {
            throw new IllegalStateException("not so: " + what);
        }
    }
}
