package dev.byline.internal.security;

import dev.byline.model.BylineException;
import dev.byline.model.Metrics;
import dev.byline.model.Password;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Base64;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;
import org.bouncycastle.crypto.generators.Argon2BytesGenerator;
import org.bouncycastle.crypto.params.Argon2Parameters;
import org.jspecify.annotations.Nullable;

/**
 * Hashes passwords by argon2id with OWASP's minimum (19 MiB, 2 passes, 1 lane), kept as PHC strings with their
 * parameters. Each hash takes its 19 MiB and some tens of milliseconds of a core, so few run at a time, on threads of
 * their own, which leave the processors to others in turn: a few callers wait, the rest are told to come back. Never call it
 * while a connection is held. Safe for use by several threads.
 *
 * @see <a href="https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html">OWASP</a>
 * @see <a href="https://www.rfc-editor.org/rfc/rfc9106">RFC 9106</a>
 */
public final class Passwords implements AutoCloseable {
    private static final int MEMORY_KIB = 19 * 1024;
    private static final int PASSES = 2;
    private static final int LANES = 1;
    private static final int SALT_BYTES = 16;
    private static final int HASH_BYTES = 32;
    private static final int AT_A_TIME = 2;
    private static final int MAX_WAITING = 16;

    /** The longest that a caller waits, for a turn and for the work. */
    private static final Duration TIMEOUT = Duration.ofSeconds(2);

    private static final Pattern PHC =
            Pattern.compile("\\$argon2id\\$v=19\\$m=([0-9]{1,7}),t=([0-9]{1,3}),p=([0-9]{1,2})\\$([^$]+)\\$([^$]+)");

    private final SecureRandom random = new SecureRandom();
    private final ThreadPoolExecutor executor = new ThreadPoolExecutor(
            AT_A_TIME, AT_A_TIME, 10, TimeUnit.SECONDS, new ArrayBlockingQueue<>(MAX_WAITING), work -> {
                var thread = new Thread(work, "byline-passwords");
                thread.setDaemon(true);
                return thread;
            });
    private final Metrics metrics;
    private final String nobodys = "$argon2id$v=19$m=" + MEMORY_KIB + ",t=" + PASSES + ",p=" + LANES + "$"
            + base64(randomBytes(SALT_BYTES)) + "$" + base64(randomBytes(HASH_BYTES));

    /**
     * Hashes on two threads, which live while there is something to do.
     *
     * @param metrics is told when too many wait
     */
    public Passwords(Metrics metrics) {
        this.metrics = metrics;
        executor.allowCoreThreadTimeOut(true);
    }

    /**
     * Hashes a new password. Blocks for a turn and for the work, up to 2 seconds.
     *
     * @param password a password that was checked
     * @return a PHC string
     * @throws BylineException.Unavailable when too many are being hashed
     */
    public String hash(Password password) {
        var salt = randomBytes(SALT_BYTES);
        var hash = inTurn(() -> argon2id(password, salt, MEMORY_KIB, PASSES, LANES, HASH_BYTES));
        return "$argon2id$v=19$m=" + MEMORY_KIB + ",t=" + PASSES + ",p=" + LANES + "$" + base64(salt) + "$"
                + base64(hash);
    }

    /**
     * Compares a password with a hash; takes the same time when there is none to compare with. Blocks like {@link #hash}.
     *
     * @param password what somebody typed
     * @param phc a PHC string, null when the user has no password or doesn't exist
     * @throws BylineException.Unavailable when too many are being hashed
     */
    public boolean matches(Password password, @Nullable String phc) {
        var parsed = PHC.matcher(phc == null ? nobodys : phc);
        if (!parsed.matches()) {
            throw new IllegalStateException("a password hash that is no argon2id in PHC form");
        }
        var expected = Base64.getDecoder().decode(parsed.group(5));
        var actual = inTurn(() -> argon2id(
                password,
                Base64.getDecoder().decode(parsed.group(4)),
                Integer.parseInt(parsed.group(1)),
                Integer.parseInt(parsed.group(2)),
                Integer.parseInt(parsed.group(3)),
                expected.length));
        return MessageDigest.isEqual(expected, actual) && phc != null && password.isBounded();
    }

    /**
     * Whether a hash was made with other parameters than today's, and should be replaced at the next login.
     *
     * @param phc a PHC string
     */
    public boolean isOutdated(String phc) {
        return !phc.startsWith("$argon2id$v=19$m=" + MEMORY_KIB + ",t=" + PASSES + ",p=" + LANES + "$");
    }

    private byte[] inTurn(Callable<byte[]> work) {
        var hash = new FutureTask<>(work);
        try {
            executor.execute(hash);
            return hash.get(TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException | TimeoutException e) {
            hash.cancel(false);
            metrics.hashingRefused();
            throw new BylineException.Unavailable("too many passwords are being checked right now");
        } catch (ExecutionException e) {
            throw new IllegalStateException("a password can not be hashed", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BylineException.Unavailable(e);
        }
    }

    /** Lets its threads end; nothing is hashed from then on. */
    @Override
    public void close() {
        executor.shutdownNow();
    }

    private static byte[] argon2id(Password password, byte[] salt, int kib, int passes, int lanes, int length) {
        var generator = new Argon2BytesGenerator();
        generator.init(new Argon2Parameters.Builder(Argon2Parameters.ARGON2_id)
                .withVersion(Argon2Parameters.ARGON2_VERSION_13)
                .withMemoryAsKB(kib)
                .withIterations(passes)
                .withParallelism(lanes)
                .withSalt(salt)
                .build());
        var hash = new byte[length];
        // One that is far too long is not worth its work, but must take as long as any other.
        generator.generateBytes(password.isBounded() ? password.bytes() : new byte[Password.MAX], hash);
        return hash;
    }

    private byte[] randomBytes(int length) {
        var bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    private static String base64(byte[] bytes) {
        return Base64.getEncoder().withoutPadding().encodeToString(bytes);
    }
}
