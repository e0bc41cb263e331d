package dev.byline.internal.cache;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.InvalidKeyException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Signs what goes to Redis and checks what comes back, so that who can write to Redis can take values away, but neither make one up,
 * nor move one to another name, nor bring one back after its time: an HMAC over the key's id, the time of loading, the name (which
 * holds the format) and the bytes. Safe for use by several threads; may block for the keys, which are read from the database.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc2104">RFC 2104: HMAC</a>, of which the first 16 bytes are kept (its section 5)
 */
final class CacheSeal {
    /** How many bytes a secret has. */
    static final int SECRET_BYTES = 32;

    /** How far ahead the clock of the process that loaded a value may be. */
    static final Duration MAX_SKEW = Duration.ofSeconds(1);

    /** How soon a key that was added in the database is used. */
    private static final Duration KEYS_TTL = Duration.ofSeconds(60);

    /** How often keys are asked for at most, whatever comes from Redis. */
    private static final Duration RETRY = Duration.ofSeconds(5);

    private static final String ALGORITHM = "HmacSHA256";
    private static final int MAC_BYTES = 16;
    private static final int HEAD_BYTES = 2 * Long.BYTES;

    private static final Logger LOG = LoggerFactory.getLogger(CacheSeal.class);

    private final ReentrantLock reading = new ReentrantLock();
    private final Supplier<Map<Long, byte[]>> source;
    private final InstantSource clock;
    private final LongSupplier nanoTime;
    private volatile Keys keys = new Keys(Map.of(), null);
    private volatile @Nullable Long readAt; // as nanoTime; null before the first time
    private boolean failing; // guarded by reading

    /**
     * Reads no keys yet.
     *
     * @param source reads secrets by their ids; may block, and throw
     * @param clock dates values
     */
    CacheSeal(Supplier<Map<Long, byte[]>> source, InstantSource clock) {
        this(source, clock, System::nanoTime);
    }

    /** Reads keys again by another clock. */
    CacheSeal(Supplier<Map<Long, byte[]>> source, InstantSource clock, LongSupplier nanoTime) {
        this.source = source;
        this.clock = clock;
        this.nanoTime = nanoTime;
    }

    /**
     * A key, which is never shown.
     *
     * @param mac set up with the secret, to be copied
     */
    private record Key(long id, SecretKeySpec secret, Mac mac) {
        static Key of(long id, byte[] secret) {
            var spec = new SecretKeySpec(secret, ALGORITHM);
            return new Key(id, spec, create(spec));
        }

        private static Mac create(SecretKeySpec secret) {
            try {
                var mac = Mac.getInstance(ALGORITHM);
                mac.init(secret);
                return mac;
            } catch (NoSuchAlgorithmException | InvalidKeyException e) {
                throw new IllegalStateException("every JDK has " + ALGORITHM, e);
            }
        }

        /** One that no other thread uses: a copy, where the security provider can make one, as that is cheaper. */
        Mac copy() {
            try {
                return (Mac) mac.clone();
            } catch (CloneNotSupportedException e) {
                return create(secret);
            }
        }

        @Override
        public String toString() {
            return "Key " + id;
        }
    }

    /**
     * Keys.
     *
     * @param all by id
     * @param newest signs; null while none is known
     */
    private record Keys(Map<Long, Key> all, @Nullable Key newest) {}

    /**
     * What was signed.
     *
     * @param loadedAt when loading it began, by the clock of the process that did
     * @param bytes as they were given to {@link #seal}
     */
    record Opened(Instant loadedAt, ByteBuffer bytes) {}

    Instant now() {
        return clock.instant();
    }

    /** Whether values can be signed and checked; until then, Redis is not used. */
    boolean isReady() {
        return keys(KEYS_TTL).newest != null;
    }

    /**
     * Signs a value.
     *
     * @throws IllegalStateException before this is ready
     */
    byte[] seal(String name, Instant loadedAt, byte[] bytes) {
        var key = keys.newest;
        if (key == null) {
            throw new IllegalStateException("no key");
        }
        var sealed = ByteBuffer.allocate(HEAD_BYTES + bytes.length + MAC_BYTES)
                .putLong(key.id)
                .putLong(loadedAt.toEpochMilli())
                .put(bytes);
        return sealed.put(mac(key, name, sealed.array(), sealed.position())).array();
    }

    /** Null for what wasn't signed under this name by a key that is known. */
    @Nullable
    Opened open(String name, ByteBuffer sealed) {
        var bytes = new byte[sealed.remaining()];
        sealed.get(bytes);
        if (bytes.length < HEAD_BYTES + MAC_BYTES) {
            return null;
        }
        var content = bytes.length - MAC_BYTES;
        var head = ByteBuffer.wrap(bytes, 0, content);
        var key = key(head.getLong());
        if (key == null) {
            return null;
        }
        var expected = mac(key, name, bytes, content);
        if (!MessageDigest.isEqual(expected, Arrays.copyOfRange(bytes, content, bytes.length))) {
            return null;
        }
        return new Opened(Instant.ofEpochMilli(head.getLong()), head);
    }

    /**
     * How long a value still lives by this clock, whatever Redis says.
     *
     * @param loadedAt as it was signed
     * @param ttl since then
     * @return zero or negative for one that is past its time, or further in the future than clocks may be apart
     */
    Duration left(Instant loadedAt, Duration ttl) {
        var age = Duration.between(loadedAt, clock.instant());
        return age.compareTo(MAX_SKEW.negated()) > 0 ? ttl.minus(age) : Duration.ZERO;
    }

    private @Nullable Key key(long id) {
        var known = keys.all.get(id);
        return known == null ? keys(RETRY).all.get(id) : known;
    }

    /** The keys, read again if that was longer ago, by one thread while the others use those that are known. */
    private Keys keys(Duration maxAge) {
        var at = readAt;
        var age = keys.newest == null && maxAge.compareTo(RETRY) > 0 ? RETRY : maxAge;
        if (at == null || nanoTime.getAsLong() - at > age.toNanos()) {
            readOnce();
        }
        return keys;
    }

    private void readOnce() {
        if (!reading.tryLock()) {
            return; // another thread is at it
        }
        try {
            readAt = nanoTime.getAsLong();
            var all = new HashMap<Long, Key>();
            source.get().forEach((id, secret) -> all.put(id, Key.of(id, secret)));
            keys = new Keys(
                    Map.copyOf(all),
                    all.values().stream().max(Comparator.comparingLong(Key::id)).orElse(null));
            failing = false;
        } catch (RuntimeException e) {
            // The database is away, has no such table or doesn't grant it: the keys that are known go on.
            if (keys.newest == null && !failing) {
                LOG.warn(
                        "the keys for Redis can not be read, going on without Redis until they can: {}",
                        e.getMessage());
            }
            failing = true;
            LOG.debug("keys", e);
        } finally {
            reading.unlock();
        }
    }

    private static byte[] mac(Key key, String name, byte[] bytes, int length) {
        var mac = key.copy();
        var utf8 = name.getBytes(StandardCharsets.UTF_8);
        mac.update(ByteBuffer.allocate(Integer.BYTES).putInt(utf8.length).flip());
        mac.update(utf8);
        mac.update(bytes, 0, length);
        return Arrays.copyOf(mac.doFinal(), MAC_BYTES);
    }
}
