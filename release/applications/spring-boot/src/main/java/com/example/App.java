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
import java.util.List;
import javax.sql.DataSource;
import org.springframework.boot.CommandLineRunner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootVersion;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DataSourceUtils;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;
import org.springframework.transaction.support.TransactionTemplate;

/** A host whose own Flyway has made its tables, one of which is called users, too. */
@SpringBootApplication
public class App implements CommandLineRunner {
    private static final Principal NOBODY = new Principal.Anonymous();
    private static final Principal OPERATOR = new Principal.Operator();

    private final DataSource dataSource;
    private final JdbcClient jdbc;
    private final TransactionTemplate transaction;

    App(DataSource dataSource, JdbcClient jdbc, TransactionTemplate transaction) {
        this.dataSource = dataSource;
        this.jdbc = jdbc;
        this.transaction = transaction;
    }

    public static void main(String[] arguments) {
        SpringApplication.run(App.class, arguments).close();
    }

    @Override
    public void run(String... arguments) throws InterruptedException {
        check(Migrations.pending(dataSource).isEmpty(), "migrations were applied");
        try (var byline =
                Byline.builder().cache(BylineConfig.Cache.LOCAL).dataSource(dataSource)) {
            var ada = transaction.execute(status -> order(byline, 1, "ada@example.com"));
            check(byline.users().find(NOBODY, ada).isPresent() && hasOrder(1), "both are there after the commit");

            var bob = new long[1];
            try {
                transaction.executeWithoutResult(status -> {
                    bob[0] = order(byline, 2, "bob@example.com");
                    throw new IllegalStateException("rolled back");
                });
            } catch (IllegalStateException e) {
                check("rolled back".equals(e.getMessage()), "only the exception above: " + e);
            }
            check(byline.users().find(NOBODY, bob[0]).isEmpty() && !hasOrder(2), "both are gone after the rollback");

            transaction.executeWithoutResult(status -> {
                var tx = join(byline);
                insertOrder(3, ada);
                tx.users().change(OPERATOR, ada, new UserChange(null, "Ada Lovelace", null, null, null));
                try {
                    tx.users().create(NOBODY, new NewUser("ADA@example.com", "Ada again", Metadata.EMPTY));
                    throw new IllegalStateException("the address was not taken");
                } catch (BylineException.Conflict e) {
                    check(e.reason() == ConflictReason.EMAIL_TAKEN, "the address is taken");
                }
            });
            check(hasOrder(3), "a conflict undoes only itself");
            check("Ada Lovelace".equals(byline.users().get(NOBODY, ada).name()), "the cache knows of the commit");
        }
        check(jdbc.sql("SELECT login FROM users").query(String.class).list().equals(List.of("root")), "host's users");
        awaitNoThreads();
        System.out.println("PASS spring-boot " + SpringBootVersion.getVersion() + ", jOOQ "
                + org.jooq.Constants.FULL_VERSION + ", Java " + Runtime.version().feature());
    }

    /** Creates a user and a row of the host in the transaction of the thread. */
    private long order(Byline byline, long id, String email) {
        var buyer = join(byline)
                .users()
                .create(NOBODY, new NewUser(email, "Buyer", Metadata.EMPTY))
                .id();
        insertOrder(id, buyer);
        return buyer;
    }

    private JoinedTransaction join(Byline byline) {
        var tx = byline.in(DataSourceUtils.getConnection(dataSource));
        TransactionSynchronizationManager.registerSynchronization(new TransactionSynchronization() {
            @Override
            public void afterCompletion(int status) {
                switch (status) {
                    case STATUS_COMMITTED -> tx.committed();
                    case STATUS_UNKNOWN -> tx.unknown();
                    default -> {} // rolled back
                }
            }
        });
        return tx;
    }

    private void insertOrder(long id, long buyer) {
        jdbc.sql("INSERT INTO orders VALUES (?, ?)").params(id, buyer).update();
    }

    private boolean hasOrder(long id) {
        return jdbc.sql("SELECT count(*) FROM orders WHERE id = ?").param(id).query(Long.class).single() == 1;
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
