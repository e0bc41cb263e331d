package dev.byline.server;

import dev.byline.Byline;
import dev.byline.http.Readiness;
import dev.byline.migrations.MigrationException;
import dev.byline.model.BylineException;
import dev.byline.model.Capacity;
import dev.byline.model.Metadata;
import dev.byline.model.NewUser;
import dev.byline.model.Principal;
import dev.byline.model.Role;
import dev.byline.model.ServerFacts;
import dev.byline.model.User;
import java.time.Duration;
import java.util.Optional;
import org.apache.commons.lang3.exception.ExceptionUtils;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes a server that already listens ready: waits for the database, checks it, applies pending migrations and creates
 * the first admin. Reports why the server is not ready.
 */
final class Startup implements Readiness {
    private static final Logger LOG = LoggerFactory.getLogger(Startup.class);

    private static final Duration INTERVAL = Duration.ofSeconds(1);

    private final ServerConfig config;
    private final Byline byline;
    private final Schema schema;
    private final DatabaseWatch watch;
    private final StopSignal stop;
    private volatile Capacity.Plan plan;
    private volatile String obstacle = "starting";
    private volatile boolean started;
    private String logged = "";
    private @Nullable User firstAdmin;

    Startup(ServerConfig config, Byline byline, Schema schema, DatabaseWatch watch, StopSignal stop) {
        this.config = config;
        this.byline = byline;
        this.schema = schema;
        this.watch = watch;
        this.stop = stop;
        this.plan = config.database().plan();
    }

    /**
     * Tries once a second until the server is ready.
     *
     * @return the facts about the database server; empty if SIGTERM or SIGINT came first
     * @throws UsageException when Byline cannot run on the database
     */
    Optional<ServerFacts> untilReady() throws InterruptedException {
        do {
            var facts = attempt();
            if (facts.isPresent()) {
                plan = plan.withMaxConnections(facts.get().maxConnections());
                obstacle = "";
                started = true;
                return facts;
            }
        } while (!stop.await(INTERVAL));
        return Optional.empty();
    }

    private Optional<ServerFacts> attempt() {
        try {
            var facts = byline.serverFacts();
            if (!facts.faults().isEmpty()) {
                throw new UsageException(facts.faults());
            }
            if (facts.standby()) { // a cache shared with servers on the primary would get old values
                notReady("the database is a standby; set DATABASE_URL to the primary, or promote it", "");
                return Optional.empty();
            }
            if (config.database().migrate()) {
                stop.interruptible(this::migrate);
                return stop.isReceived() ? Optional.empty() : withAdmin(facts);
            }
            var pending = schema.pending();
            if (pending.isEmpty()) {
                return withAdmin(facts);
            }
            notReady("the schema lacks " + String.join(", ", pending) + ": run `byline migrate`", "");
        } catch (BylineException.Unavailable e) {
            var reason = switch (e.reason()) {
                case SCHEMA_MISSING, PRIVILEGE_MISSING -> String.valueOf(e.getMessage());
                case DATABASE, BUSY -> "the database does not answer";
            };
            notReady(reason, ExceptionUtils.getRootCauseMessage(e));
        } catch (MigrationException e) {
            if (!stop.isReceived() && !Schema.isUnreachable(e)) {
                throw e;
            }
            notReady("the database does not answer during migration", ExceptionUtils.getRootCauseMessage(e));
        }
        return Optional.empty();
    }

    private Optional<ServerFacts> withAdmin(ServerFacts facts) {
        var operator = new Principal.Operator();
        if (config.admin() != null) {
            ensureAdmin(operator, config.admin());
        }
        if (config.database().url() == null && !byline.users().hasAdmin()) {
            firstAdmin = byline.users()
                    .ensureAdmin(operator, new NewUser("admin@localhost", "Admin", Metadata.EMPTY))
                    .orElse(null);
        }
        return Optional.of(facts);
    }

    private void ensureAdmin(Principal operator, NewUser admin) {
        if (byline.users().ensureAdmin(operator, admin).isPresent()) {
            LOG.info("created the admin of BYLINE_ADMIN_EMAIL");
            return;
        }
        var existing = byline.users().byEmail(operator, admin.email());
        if (existing.role() != Role.ADMIN || !existing.active()) {
            LOG.warn("the user of BYLINE_ADMIN_EMAIL exists but is not an active admin; it is not changed");
        }
    }

    @Override
    public boolean isStarted() {
        return started;
    }

    @Override
    public boolean isReadOnly() {
        return started && byline.isReadOnly();
    }

    /** Returns the admin that was created on the embedded database because it had none. */
    Optional<User> firstAdmin() {
        return Optional.ofNullable(firstAdmin);
    }

    private void migrate() {
        var applied = schema.apply();
        if (applied > 0) {
            LOG.info("applied {} migrations", applied);
        }
    }

    /**
     * Records why the server is not ready, and logs it once.
     *
     * @param reason for clients and the log
     * @param detail for the log only: it may contain hosts and user names
     */
    private void notReady(String reason, String detail) {
        var line = detail.isEmpty() ? reason : reason + ": " + detail;
        if (!line.equals(logged)) {
            LOG.warn("not ready: {}", line);
        }
        logged = line;
        obstacle = reason;
    }

    /** Returns how the pool is sized; once the database has answered, with its connection limit. */
    Capacity.Plan plan() {
        return plan;
    }

    /** Makes the server not ready, so that load balancers stop sending requests. */
    void stopping() {
        obstacle = "stopping";
    }

    @Override
    public Optional<String> obstacle() {
        if (!obstacle.isEmpty()) {
            return Optional.of(obstacle);
        }
        return watch.isDown() ? Optional.of("the database does not answer") : Optional.empty();
    }
}
