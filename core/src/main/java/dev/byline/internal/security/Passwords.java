package dev.byline.internal.security;

import dev.byline.internal.OptionalLibrary;
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
import org.bouncycastle.crypto.generators.OpenBSDBCrypt;
import org.bouncycastle.crypto.params.Argon2Parameters;
import org.jspecify.annotations.Nullable;

/**
 * Hashes passwords with argon2id and OWASP's minimum parameters (19 MiB, 2 passes, 1 lane). A hash is a PHC string,
 * which contains the parameters. To compute one takes 19 MiB and tens of milliseconds of a core. So two platform
 * threads compute all, at most 16 callers wait, and others are rejected. Don't hold a connection during a call. Safe
 * for use by several threads.
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
    private static final int THREADS = 2;
    private static final int MAX_WAITING = 16;

    /** The longest wait of a caller, for a thread and for the hash. */
    private static final Duration TIMEOUT = Duration.ofSeconds(2);

    private static final Pattern PHC =
            Pattern.compile("\\$argon2id\\$v=19\\$m=([0-9]{1,7}),t=([0-9]{1,3}),p=([0-9]{1,2})\\$([^$]+)\\$([^$]+)");

    private final SecureRandom random = new SecureRandom();
    private final ThreadPoolExecutor executor = new ThreadPoolExecutor(
            THREADS, THREADS, 10, TimeUnit.SECONDS, new ArrayBlockingQueue<>(MAX_WAITING), work -> {
                var thread = new Thread(work, "byline-passwords");
                thread.setDaemon(true);
                return thread;
            });
    private final Metrics metrics;
    private final String dummyHash = "$argon2id$v=19$m=" + MEMORY_KIB + ",t=" + PASSES + ",p=" + LANES + "$"
            + base64(randomBytes(SALT_BYTES)) + "$" + base64(randomBytes(HASH_BYTES));

    /**
     * Creates an instance, whose threads end when they are idle.
     *
     * @param metrics counts rejected calls
     */
    public Passwords(Metrics metrics) {
        this.metrics = metrics;
        executor.allowCoreThreadTimeOut(true);
    }

    /**
     * Hashes a new password. Blocks for a free thread and for the hash, up to 2 seconds.
     *
     * @param password a valid password
     * @return a PHC string
     * @throws BylineException.Unavailable when too many callers wait, or after 2 seconds
     */
    public String hash(Password password) {
        var salt = randomBytes(SALT_BYTES);
        var hash = run(() -> argon2id(password, salt, MEMORY_KIB, PASSES, LANES, HASH_BYTES));
        return "$argon2id$v=19$m=" + MEMORY_KIB + ",t=" + PASSES + ",p=" + LANES + "$" + base64(salt) + "$"
                + base64(hash);
    }

    /**
     * Compares a password with a hash. Without a hash it takes the same time, so that the time doesn't tell whether the
     * user exists; only a hash with other parameters, which the next login replaces, takes another time. Blocks like {@link #hash}.
     *
     * @param password the password of a login attempt
     * @param phc a PHC string or a hash of bcrypt, null when the user has no password or doesn't exist
     * @throws BylineException.Unavailable when too many callers wait, or after 2 seconds
     */
    public boolean matches(Password password, @Nullable String phc) {
        var known = phc == null ? dummyHash : phc;
        return run(() -> isHashOf(password, known)) && phc != null && password.isBounded();
    }

    private static boolean isHashOf(Password password, String known) {
        if (known.startsWith("$2")) {
            // As argon2id() does: a password beyond the limit takes as long as any other.
            return OpenBSDBCrypt.checkPassword(known, password.isBounded() ? password.bytes() : new byte[Password.MAX]);
        }
        var parsed = PHC.matcher(known);
        if (!parsed.matches()) {
            throw new IllegalStateException("the stored password hash is neither an argon2id PHC string nor bcrypt");
        }
        var expected = Base64.getDecoder().decode(parsed.group(5));
        var actual = argon2id(
                password,
                Base64.getDecoder().decode(parsed.group(4)),
                Integer.parseInt(parsed.group(1)),
                Integer.parseInt(parsed.group(2)),
                Integer.parseInt(parsed.group(3)),
                expected.length);
        return MessageDigest.isEqual(expected, actual);
    }

    /**
     * Returns whether a hash has another algorithm or other parameters than new hashes: the next login should replace it.
     *
     * @param phc as in {@link #matches}
     */
    public boolean isOutdated(String phc) {
        return !phc.startsWith("$argon2id$v=19$m=" + MEMORY_KIB + ",t=" + PASSES + ",p=" + LANES + "$");
    }

    private <T> T run(Callable<T> work) {
        if (executor.isShutdown()) {
            throw new IllegalStateException("Byline is closed");
        }
        OptionalLibrary.BOUNCY_CASTLE.require("passwords");
        var hash = new FutureTask<>(work);
        try {
            executor.execute(hash);
            return hash.get(TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException | TimeoutException e) {
            hash.cancel(false);
            metrics.hashingRefused();
            throw new BylineException.Unavailable("too many passwords are being hashed");
        } catch (ExecutionException e) {
            throw new IllegalStateException("could not hash a password", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BylineException.Unavailable(e);
        }
    }

    /** Stops the threads; later calls are rejected. */
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
        // A password beyond the limit never matches, but must take as long as any other.
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
