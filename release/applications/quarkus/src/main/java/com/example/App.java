package com.example;

import dev.byline.Byline;
import dev.byline.JoinedTransaction;
import dev.byline.migrations.Migrations;
import dev.byline.model.BylineConfig;
import dev.byline.model.BylineException;
import dev.byline.model.ConflictReason;
import dev.byline.model.Metadata;
import dev.byline.model.NewUser;
import dev.byline.model.Principal;
import dev.byline.model.UserChange;
import io.agroal.api.AgroalDataSource;
import io.quarkus.narayana.jta.QuarkusTransaction;
import io.quarkus.runtime.QuarkusApplication;
import io.quarkus.runtime.annotations.QuarkusMain;
import jakarta.inject.Inject;
import jakarta.transaction.Status;
import jakarta.transaction.Synchronization;
import jakarta.transaction.TransactionSynchronizationRegistry;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;

/** A host that has a table called users, too, and runs JTA transactions. */
@QuarkusMain
public class App implements QuarkusApplication {
    private static final Principal NOBODY = new Principal.Anonymous();
    private static final Principal OPERATOR = new Principal.Operator();

    @Inject
    AgroalDataSource dataSource;

    @Inject
    TransactionSynchronizationRegistry synchronizations;

    @Override
    public int run(String... arguments) throws Exception {
        update("CREATE TABLE users (login text PRIMARY KEY)");
        update("CREATE TABLE orders (id bigint PRIMARY KEY, buyer bigint NOT NULL)");
        check(Migrations.apply(dataSource) > 0, "migrations were applied");
        try (var byline =
                Byline.builder().cache(BylineConfig.Cache.LOCAL).dataSource(dataSource)) {
            var ada = QuarkusTransaction.requiringNew().call(() -> order(byline, 1, "ada@example.com"));
            check(byline.users().find(NOBODY, ada).isPresent() && hasOrder(1), "both are there after the commit");

            var bob = new long[1];
            try {
                QuarkusTransaction.requiringNew().run(() -> {
                    bob[0] = order(byline, 2, "bob@example.com");
                    throw new IllegalStateException("rolled back");
                });
            } catch (IllegalStateException e) {
                check("rolled back".equals(e.getMessage()), "only the exception above: " + e);
            }
            check(byline.users().find(NOBODY, bob[0]).isEmpty() && !hasOrder(2), "both are gone after the rollback");

            QuarkusTransaction.requiringNew().call(() -> {
                try (var connection = dataSource.getConnection()) {
                    var tx = join(byline, connection);
                    insertOrder(3, ada);
                    tx.users().change(OPERATOR, ada, new UserChange(null, "Ada Lovelace", null, null, null));
                    tx.users().create(NOBODY, new NewUser("ADA@example.com", "Ada again", Metadata.EMPTY));
                    throw new IllegalStateException("the address was not taken");
                } catch (BylineException.Conflict e) {
                    check(e.reason() == ConflictReason.EMAIL_TAKEN, "the address is taken");
                }
                return null;
            });
            check(hasOrder(3), "a conflict undoes only itself");
            check("Ada Lovelace".equals(byline.users().get(NOBODY, ada).name()), "the cache knows of the commit");

            for (var use : List.<Runnable>of( // what is cached needs no connection and would be answered
                    () -> byline.users().findByEmail(OPERATOR, "ada@example.com"),
                    () -> byline.posts().find(NOBODY, 1),
                    () -> byline.users().create(NOBODY, new NewUser("eve@example.com", "Eve", Metadata.EMPTY)))) {
                try {
                    QuarkusTransaction.requiringNew().run(use);
                    throw new AssertionError("used in a transaction that it has not joined");
                } catch (IllegalStateException e) {
                    check(("" + e.getMessage()).contains("Byline.in"), "it names what to call: " + e);
                }
            }
        }
        check(count("SELECT count(*) FROM users") == 0, "the host's users are untouched");
        awaitNoThreads();
        System.out.println("PASS quarkus " + QuarkusApplication.class.getPackage().getImplementationVersion() + ", jOOQ "
                + org.jooq.Constants.FULL_VERSION + ", Java " + Runtime.version().feature());
        return 0;
    }

    /** Creates a user and a row of the host in the transaction of the thread. */
    private long order(Byline byline, long id, String email) {
        try (var connection = dataSource.getConnection()) {
            var buyer = join(byline, connection)
                    .users()
                    .create(NOBODY, new NewUser(email, "Buyer", Metadata.EMPTY))
                    .id();
            insertOrder(id, buyer);
            return buyer;
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    // docs: JTA
    private JoinedTransaction join(Byline byline, Connection connection) {
        var tx = byline.in(connection);
        synchronizations.registerInterposedSynchronization(new Synchronization() {
            @Override
            public void beforeCompletion() {}

            @Override
            public void afterCompletion(int status) {
                switch (status) {
                    case Status.STATUS_COMMITTED -> tx.committed();
                    case Status.STATUS_UNKNOWN -> tx.unknown();
                    default -> {} // rolled back
                }
            }
        });
        return tx;
    }
    // end

    private void insertOrder(long id, long buyer) {
        update("INSERT INTO orders VALUES (" + id + ", " + buyer + ")");
    }

    private boolean hasOrder(long id) {
        return count("SELECT count(*) FROM orders WHERE id = " + id) == 1;
    }

    private void update(String sql) {
        try (var connection = dataSource.getConnection();
                var statement = connection.createStatement()) {
            statement.executeUpdate(sql);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private long count(String sql) {
        try (var connection = dataSource.getConnection();
                var statement = connection.createStatement();
                var rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getLong(1);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
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
