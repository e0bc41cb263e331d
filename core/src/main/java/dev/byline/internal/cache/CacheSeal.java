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
 * Signs values for Redis and verifies what Redis returns. An attacker who can write to Redis can remove values, but
 * can't forge one, move one to another key or bring back an expired one. The HMAC covers the key id, the load time, the
 * cache key (which contains the format version) and the bytes. Safe for use by several threads; may block while signing
 * keys are read from the database.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc2104">RFC 2104: HMAC</a>, of which the first 16 bytes are kept (its
 *     section 5)
 */
public final class CacheSeal {
    /** The bytes of a secret. */
    static final int SECRET_BYTES = 32;

    /** How far ahead the clock of the process that loaded a value may be. */
    static final Duration MAX_SKEW = Duration.ofSeconds(1);

    /** The longest time until a key that was added in the database is used. */
    private static final Duration KEYS_TTL = Duration.ofSeconds(60);

    /** The shortest time between two reads of the keys, whatever Redis returns. */
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
    private volatile @Nullable Long readAt; // System.nanoTime, null before the first read
    private boolean failing; // guarded by reading

    /**
     * Reads no keys yet.
     *
     * @param source reads the secrets by id; may block and throw
     * @param clock for load times and expiry
     */
    public CacheSeal(Supplier<Map<Long, byte[]>> source, InstantSource clock) {
        this(source, clock, System::nanoTime);
    }

    /** Uses another clock for the intervals between reads of the keys. */
    CacheSeal(Supplier<Map<Long, byte[]>> source, InstantSource clock, LongSupplier nanoTime) {
        this.source = source;
        this.clock = clock;
        this.nanoTime = nanoTime;
    }

    /**
     * A signing key; never logged.
     *
     * @param mac initialised with the secret, to be copied
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

        /** Returns a MAC for this thread: a copy if the security provider supports that, because it is cheaper. */
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
     * The known keys.
     *
     * @param all by id
     * @param newest the key that signs; null while none is known
     */
    private record Keys(Map<Long, Key> all, @Nullable Key newest) {}

    /**
     * A verified value.
     *
     * @param loadedAt when its load started, by the clock of the process that loaded it
     * @param bytes as they were given to {@link #seal}
     */
    record Opened(Instant loadedAt, ByteBuffer bytes) {}

    Instant now() {
        return clock.instant();
    }

    /** Returns whether values can be signed and verified; until then, Redis is bypassed. */
    boolean isReady() {
        return keys(KEYS_TTL).newest != null;
    }

    /** Returns whether a key is known. Reads none. */
    boolean hasKey() {
        return keys.newest != null;
    }

    /**
     * Signs a value.
     *
     * @throws IllegalStateException before {@link #isReady}
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

    /** Verifies a value; null when it wasn't signed under this name with a known key. */
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
     * Returns the remaining time to live by this process's clock, whatever Redis says.
     *
     * @param loadedAt as signed
     * @param ttl from then on
     * @return zero or negative if it is expired, or if its load time is in the future by more than {@link #MAX_SKEW}
     */
    Duration left(Instant loadedAt, Duration ttl) {
        var age = Duration.between(loadedAt, clock.instant());
        return age.compareTo(MAX_SKEW.negated()) > 0 ? ttl.minus(age) : Duration.ZERO;
    }

    private @Nullable Key key(long id) {
        var known = keys.all.get(id);
        return known == null ? keys(RETRY).all.get(id) : known;
    }

    /**
     * Returns the keys. If they are older than {@code maxAge}, one thread reads them again; the others use the known
     * ones.
     */
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
            return; // another thread reads the keys
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
            // The database is unavailable, or the table or the privilege is missing: keep the known keys.
            if (keys.newest == null && !failing) {
                LOG.warn(
                        "cannot read the keys for Redis; Redis is bypassed until they can be read: {}", e.getMessage());
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
