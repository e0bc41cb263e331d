package dev.byline.bench.hosts;

import com.arjuna.ats.jta.TransactionManager;
import com.arjuna.ats.jta.UserTransaction;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.agroal.api.AgroalDataSource;
import io.agroal.api.configuration.supplier.AgroalDataSourceConfigurationSupplier;
import io.agroal.narayana.NarayanaTransactionIntegration;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import javax.sql.DataSource;
import org.jooq.SQLDialect;
import org.jooq.impl.DSL;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.jdbc.datasource.DataSourceUtils;
import org.springframework.jdbc.datasource.TransactionAwareDataSourceProxy;
import org.springframework.transaction.support.TransactionTemplate;

/** How a host runs its transactions. */
interface Host extends AutoCloseable {
    /** The work of one transaction; throws {@link RolledBack} to roll back. */
    interface Work {
        void run(Connection connection) throws SQLException;
    }

    /** Makes the host roll back. */
    final class RolledBack extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    /** The DataSource that Byline gets. */
    DataSource forByline();

    /** Runs a transaction as the host's own code does. */
    void inTransaction(Work work) throws Exception;

    @Override
    void close();

    private static HikariDataSource hikari(DataSource database, boolean autoCommit) {
        var config = new HikariConfig();
        config.setDataSource(database);
        config.setMaximumPoolSize(8);
        config.setAutoCommit(autoCommit);
        return new HikariDataSource(config);
    }

    /** JDBC by hand. */
    record Jdbc(HikariDataSource pool) implements Host {
        static Host open(DataSource database) {
            return new Jdbc(hikari(database, true));
        }

        @Override
        public DataSource forByline() {
            return pool;
        }

        @Override
        public void inTransaction(Work work) throws SQLException {
            try (var connection = pool.getConnection()) {
                connection.setAutoCommit(false);
                run(connection, work);
            }
        }

        static void run(Connection connection, Work work) throws SQLException {
            try {
                work.run(connection);
                connection.commit();
            } catch (Throwable e) {
                connection.rollback();
                throw e;
            }
        }

        @Override
        public void close() {
            pool.close();
        }
    }

    /** A pool with auto-commit off; Byline's own reads and writes get another. */
    record AutoCommitOff(HikariDataSource pool, HikariDataSource other) implements Host {
        static Host open(DataSource database) {
            return new AutoCommitOff(hikari(database, false), hikari(database, true));
        }

        @Override
        public DataSource forByline() {
            return other;
        }

        @Override
        public void inTransaction(Work work) throws SQLException {
            try (var connection = pool.getConnection()) {
                Jdbc.run(connection, work);
            }
        }

        @Override
        public void close() {
            pool.close();
            other.close();
        }
    }

    /** Spring's transactions, on the pool or on its proxy. */
    record Spring(HikariDataSource pool, DataSource forByline, TransactionTemplate transactions) implements Host {
        static Host open(DataSource database) {
            return open(database, false);
        }

        static Host openWithProxy(DataSource database) {
            return open(database, true);
        }

        private static Host open(DataSource database, boolean proxy) {
            var pool = hikari(database, true);
            return new Spring(
                    pool,
                    proxy ? new TransactionAwareDataSourceProxy(pool) : pool,
                    new TransactionTemplate(new DataSourceTransactionManager(pool)));
        }

        @Override
        public void inTransaction(Work work) {
            transactions.executeWithoutResult(status -> {
                var connection = DataSourceUtils.getConnection(pool);
                try {
                    work.run(connection);
                } catch (SQLException e) {
                    throw new IllegalStateException(e);
                } finally {
                    DataSourceUtils.releaseConnection(connection, pool);
                }
            });
        }

        @Override
        public void close() {
            pool.close();
        }
    }

    /** A host that uses jOOQ. */
    record Jooq(HikariDataSource pool) implements Host {
        static Host open(DataSource database) {
            return new Jooq(hikari(database, true));
        }

        @Override
        public DataSource forByline() {
            return pool;
        }

        @Override
        public void inTransaction(Work work) {
            DSL.using(pool, SQLDialect.POSTGRES)
                    .transaction(configuration -> configuration.dsl().connection(work::run));
        }

        @Override
        public void close() {
            pool.close();
        }
    }

    /** Agroal with Narayana, as in Quarkus. */
    record Jta(AgroalDataSource pool) implements Host {
        static Host open(DataSource database) throws SQLException {
            for (var store : List.of("", "stateStore.", "communicationStore.")) { // where Narayana keeps its log
                System.setProperty("ObjectStoreEnvironmentBean." + store + "objectStoreDir", "target/object-store");
            }
            var dataSource = (org.postgresql.ds.PGSimpleDataSource) database;
            var manager = TransactionManager.transactionManager();
            var configuration = new AgroalDataSourceConfigurationSupplier()
                    .connectionPoolConfiguration(pool -> pool.maxSize(8)
                            .acquisitionTimeout(Duration.ofSeconds(5))
                            .transactionIntegration(new NarayanaTransactionIntegration(
                                    manager,
                                    new com.arjuna.ats.internal.jta.transaction.arjunacore
                                            .TransactionSynchronizationRegistryImple()))
                            .connectionFactoryConfiguration(factory -> factory.jdbcUrl(dataSource.getUrl())
                                    .principal(new io.agroal.api.security.NamePrincipal(dataSource.getUser()))
                                    .credential(new io.agroal.api.security.SimplePassword(dataSource.getPassword()))));
            return new Jta(AgroalDataSource.from(configuration));
        }

        @Override
        public DataSource forByline() {
            return pool;
        }

        @Override
        public void inTransaction(Work work) throws Exception {
            var transaction = UserTransaction.userTransaction();
            transaction.begin();
            var completed = false;
            try (var connection = pool.getConnection()) {
                work.run(connection);
                completed = true;
            } finally {
                if (completed) {
                    transaction.commit();
                } else {
                    transaction.rollback();
                }
            }
        }

        @Override
        public void close() {
            pool.close();
        }
    }
}
