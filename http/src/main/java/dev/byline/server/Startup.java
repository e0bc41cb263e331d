package dev.byline.server;

import dev.byline.Byline;
import dev.byline.http.Readiness;
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
import org.flywaydb.core.api.FlywayException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** From listening to ready: waits for the database, checks it, brings the schema up to date. Knows what is in the way. */
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
     * Tries once a second until everything is ready.
     *
     * @return what the server said of itself; empty when a signal to stop came first
     * @throws UsageException when the database can't be used as it is
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
            if (config.database().migrate()) {
                stop.interruptible(this::migrate);
                return stop.isGiven() ? Optional.empty() : prepared(facts);
            }
            var pending = schema.pending();
            if (pending.isEmpty()) {
                return prepared(facts);
            }
            waitFor("the schema lacks " + String.join(", ", pending) + ": run `byline migrate`", "");
        } catch (BylineException.Unavailable e) {
            waitFor(
                    e.isSchemaMissing() ? String.valueOf(e.getMessage()) : "the database does not answer",
                    ExceptionUtils.getRootCauseMessage(e));
        } catch (FlywayException e) {
            if (!stop.isGiven() && !Schema.isUnreachable(e)) {
                throw e;
            }
            waitFor("the database does not answer to migrations", ExceptionUtils.getRootCauseMessage(e));
        }
        return Optional.empty();
    }

    private Optional<ServerFacts> prepared(ServerFacts facts) {
        var operator = new Principal.Operator();
        if (config.admin() != null) {
            ensureAdmin(operator, config.admin());
        }
        if (config.database().url() == null && !byline.users().hasAdmin()) {
            // A database of nobody else's: somebody must be the first who may do everything.
            firstAdmin = byline.users()
                    .ensureAdmin(operator, new NewUser("admin@localhost", "Admin", Metadata.EMPTY))
                    .orElse(null);
        }
        return Optional.of(facts);
    }

    private void ensureAdmin(Principal operator, NewUser admin) {
        if (byline.users().ensureAdmin(operator, admin).isPresent()) {
            LOG.info("created the admin that BYLINE_ADMIN_EMAIL names");
            return;
        }
        var existing = byline.users().byEmail(operator, admin.email());
        if (existing.role() != Role.ADMIN || !existing.active()) {
            LOG.warn("the user whom BYLINE_ADMIN_EMAIL names exists, but is no active admin; left as they are");
        }
    }

    @Override
    public boolean isStarted() {
        return started;
    }

    /** The admin who was created because there was none. */
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
     * Notes what is in the way.
     *
     * @param what for clients and the log
     * @param detail for the log only: it may name hosts and users
     */
    private void waitFor(String what, String detail) {
        var line = detail.isEmpty() ? what : what + ": " + detail;
        if (!line.equals(logged)) {
            LOG.warn("not ready: {}", line);
        }
        logged = line;
        obstacle = what;
    }

    /** How the pool is sized, and as soon as that is known, what the database gives. */
    Capacity.Plan plan() {
        return plan;
    }

    /** From now on nobody should send requests here. */
    void stopping() {
        obstacle = "stopping";
    }

    @Override
    public Optional<String> obstacle() {
        if (!obstacle.isEmpty()) {
            return Optional.of(obstacle);
        }
        return watch.isAway() ? Optional.of("the database does not answer") : Optional.empty();
    }
}
