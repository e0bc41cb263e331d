package dev.byline.cache;

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

    /** How far the clocks of two processes may be apart; beyond that they don't use each other's values. */
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
    private volatile Keys keys = new Keys(Map.of(), null);
    private volatile @Nullable Long readAt; // as System.nanoTime; null before the first time

    /**
     * Reads no keys yet.
     *
     * @param source reads secrets by their ids; may block, and throw
     * @param clock dates values
     */
    CacheSeal(Supplier<Map<Long, byte[]>> source, InstantSource clock) {
        this.source = source;
        this.clock = clock;
    }

    /** Never shown. */
    private record Key(long id, SecretKeySpec secret) {
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

    /** Whether a value that may live so long is still alive. */
    boolean isAlive(Instant loadedAt, Duration ttl) {
        var age = Duration.between(loadedAt, clock.instant());
        return age.compareTo(ttl.plus(MAX_SKEW)) < 0 && age.compareTo(MAX_SKEW.negated()) > 0;
    }

    private @Nullable Key key(long id) {
        var known = keys.all.get(id);
        return known == null ? keys(RETRY).all.get(id) : known;
    }

    /** The keys, read again if that was longer ago, by one thread while the others use those that are known. */
    private Keys keys(Duration maxAge) {
        var at = readAt;
        var age = keys.newest == null && maxAge.compareTo(RETRY) > 0 ? RETRY : maxAge;
        if (at == null || System.nanoTime() - at > age.toNanos()) {
            readOnce();
        }
        return keys;
    }

    private void readOnce() {
        if (!reading.tryLock()) {
            return; // another thread is at it
        }
        try {
            readAt = System.nanoTime();
            var all = new HashMap<Long, Key>();
            source.get().forEach((id, secret) -> all.put(id, new Key(id, new SecretKeySpec(secret, ALGORITHM))));
            keys = new Keys(
                    Map.copyOf(all),
                    all.values().stream().max(Comparator.comparingLong(Key::id)).orElse(null));
        } catch (RuntimeException e) {
            // The database is away, has no such table or doesn't grant it: the keys that are known go on, and without
            // any Redis
            // isn't used.
            LOG.debug("keys", e);
        } finally {
            reading.unlock();
        }
    }

    private static byte[] mac(Key key, String name, byte[] bytes, int length) {
        try {
            var mac = Mac.getInstance(ALGORITHM);
            mac.init(key.secret);
            var utf8 = name.getBytes(StandardCharsets.UTF_8);
            mac.update(ByteBuffer.allocate(Integer.BYTES).putInt(utf8.length).flip());
            mac.update(utf8);
            mac.update(bytes, 0, length);
            return Arrays.copyOf(mac.doFinal(), MAC_BYTES);
        } catch (NoSuchAlgorithmException | InvalidKeyException e) {
            throw new IllegalStateException("every JDK has " + ALGORITHM, e);
        }
    }
}
