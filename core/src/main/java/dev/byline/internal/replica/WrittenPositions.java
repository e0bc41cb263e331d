package dev.byline.internal.replica;

import dev.byline.internal.cache.SharedNumbers;
import dev.byline.model.Principal;
import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The positions of users' last writes: a user reads from a replica only when it has replayed them. Kept in this process, and
 * with Redis for all processes. Safe for use by several threads.
 */
public final class WrittenPositions {
    /** The key of {@link Principal.Operator}. */
    private static final long OPERATOR = 0;

    /** The most users whose positions this process keeps. */
    private static final int MAX_USERS = 100_000;

    /** How long a commit of unknown outcome may still happen: longer than the database timeouts. */
    private static final Duration UNCERTAIN = Duration.ofSeconds(10);

    /** How long a position is valid in Redis. A user without one reads from the primary once. */
    private static final Duration SHARED_TTL = Duration.ofMinutes(10);

    /** How long a write waits for Redis, so that other processes know of it when it is answered. */
    private static final Duration SHARE_RETRIES = Duration.ofMillis(600);

    /** How long {@link #retry} takes at most; the rest follows at its next call. */
    private static final Duration RETRY_TIME = Duration.ofMillis(50);

    /** No write waits for a Redis that has been silent for this long. */
    private static final Duration SHARE_OUTAGE = Duration.ofSeconds(2);

    private final long kept; // nanoseconds
    private final Duration lag;
    private final @Nullable SharedNumbers shared;
    private final Map<Long, Written> unshared = new ConcurrentHashMap<>(); // Redis missed them
    private final Map<Long, Written> written = new LinkedHashMap<>(); // oldest first; guarded by itself
    private Written floor = new Written(
            new WalPosition(0, 0), System.nanoTime() - Duration.ofDays(1).toNanos()); // guarded by written

    /**
     * Creates the positions.
     *
     * @param lag how far behind a replica may be: an older write has been replayed by any replica in use
     * @param shared the positions in Redis; null without it
     */
    WrittenPositions(Duration lag, @Nullable SharedNumbers shared) {
        this.lag = lag;
        this.kept = lag.plusSeconds(1).toNanos();
        this.shared = shared;
    }

    /** What a replica must have replayed: the position, or everything that was committed before the time. */
    private record Written(WalPosition position, long time) implements Predicate<StandbyServer.State> {
        @Override
        public boolean test(StandbyServer.State state) {
            return !position.isAfter(state.replayed()) || (state.currentAt() != null && state.currentAt() - time >= 0);
        }

        Written and(Written other) {
            return new Written(
                    position.isAfter(other.position) ? position : other.position,
                    time - other.time >= 0 ? time : other.time);
        }
    }

    /**
     * Returns the key of a caller; null for anonymous ones, whose writes can't be recognised.
     *
     * @param caller whose reads must show their writes
     */
    public static @Nullable Long key(Principal caller) {
        return switch (caller) {
            case Principal.Anonymous ignored -> null;
            case Principal.Member member -> member.userId();
            case Principal.Operator ignored -> OPERATOR;
        };
    }

    /**
     * Records a committed write. Blocks for Redis.
     *
     * @param users the keys of all users whose data was written, or who wrote
     * @param position after the commit, or {@link WalPosition#UNKNOWN}
     */
    public void wrote(Collection<Long> users, WalPosition position) {
        wrote(users, new Written(position, System.nanoTime()));
    }

    /** Records a write whose outcome is unknown: it may still be committed. Blocks for Redis. */
    public void mayHaveWritten(Collection<Long> users) {
        wrote(users, new Written(WalPosition.UNKNOWN, System.nanoTime() + UNCERTAIN.toNanos()));
    }

    private void wrote(Collection<Long> users, Written write) {
        keep(users, write);
        if (shared != null && !isShared(shared, users, write)) {
            users.forEach(user -> unshared.merge(user, write, Written::and));
            if (unshared.size() > MAX_USERS) {
                unshared.clear(); // others see these writes when a replica has replayed them
            }
        }
    }

    private boolean share(SharedNumbers numbers, Collection<Long> users, Written write) {
        var names = users.stream().map(WrittenPositions::name).toList();
        var position = write.position;
        return numbers.raiseAll(names, position.timeline(), position.lsn(), age(write), SHARED_TTL);
    }

    /** A position that isn't known must not be valid for longer than a replica in use may be behind. */
    private Duration age(Written write) {
        if (!write.position.equals(WalPosition.UNKNOWN)) {
            return Duration.ZERO;
        }
        return SHARED_TTL.minus(lag.plusSeconds(2)).minusNanos(write.time - System.nanoTime());
    }

    /** Tries again for a moment if Redis has just answered, for example while all connections to it are in use. */
    private boolean isShared(SharedNumbers numbers, Collection<Long> users, Written write) {
        if (!numbers.isReady()) {
            return false;
        }
        var start = System.nanoTime();
        while (!share(numbers, users, write)) {
            if (System.nanoTime() - start > SHARE_RETRIES.toNanos()
                    || numbers.sinceAnswer().compareTo(SHARE_OUTAGE) > 0) {
                return false;
            }
            try {
                TimeUnit.MILLISECONDS.sleep(50);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
        }
        return true;
    }

    /** Repeats what Redis missed: others may find an older position there. Blocks for Redis. */
    public void retry() {
        if (shared == null) {
            return;
        }
        var start = System.nanoTime();
        unshared.values().removeIf(write -> start - write.time > kept);
        for (var each : List.copyOf(unshared.entrySet())) {
            if (System.nanoTime() - start > RETRY_TIME.toNanos()
                    || !share(shared, List.of(each.getKey()), each.getValue())) {
                return;
            }
            unshared.remove(each.getKey(), each.getValue());
        }
    }

    private static WalPosition position(SharedNumbers.Found.Stored found) {
        return new WalPosition(found.known().high(), found.known().low());
    }

    private static String name(long user) {
        return "position:" + user;
    }

    private void keep(Collection<Long> users, Written write) {
        synchronized (written) {
            for (var user : users) {
                var before = written.remove(user);
                written.put(user, before == null ? write : before.and(write));
            }
            var oldest = written.entrySet().iterator();
            while (oldest.hasNext()) {
                var each = oldest.next().getValue();
                if (System.nanoTime() - each.time <= kept) {
                    if (written.size() <= MAX_USERS) {
                        break;
                    }
                    floor = floor.and(each); // holds for all users now
                }
                oldest.remove();
            }
        }
    }

    /** What a reader needs. */
    public sealed interface Required {
        /** A replica of such a state. */
        record Replayed(Predicate<StandbyServer.State> suitable) implements Required {}

        /** The primary: what the reader wrote in other processes isn't known. */
        record Primary() implements Required {}

        /** As {@link Primary}; then {@link #learn} the reader's position. */
        record PrimaryOnce() implements Required {}
    }

    /** Returns what a reader needs. Blocks for Redis. */
    public Required required(Principal reader) {
        var user = key(reader);
        if (user == null) {
            return new Required.Replayed(state -> true);
        }
        Written own;
        synchronized (written) {
            own = written.get(user);
            own = own == null ? floor : own.and(floor);
        }
        Predicate<StandbyServer.State> local = System.nanoTime() - own.time <= kept ? own : state -> true;
        if (shared == null) {
            return new Required.Replayed(local);
        }
        if (!shared.isReady()) {
            return new Required.Primary();
        }
        return switch (shared.find(name(user), SHARED_TTL)) {
            case SharedNumbers.Found.Stored found ->
                new Required.Replayed(state -> !position(found).isAfter(state.replayed()) && local.test(state));
            case SharedNumbers.Found.Unknown ignored -> new Required.PrimaryOnce();
            case SharedNumbers.Found.Failed ignored -> new Required.Primary();
        };
    }

    /**
     * Records the position of the primary for a reader whose position isn't known. Blocks for Redis.
     *
     * @param position of the primary, read after {@link #required}
     */
    public void learn(Principal reader, WalPosition position) {
        var user = key(reader);
        if (user != null && shared != null) {
            var unused = shared.raise(name(user), position.timeline(), position.lsn(), Duration.ZERO, SHARED_TTL);
        }
    }
}
