package dev.byline;

import dev.byline.internal.cache.CacheKeys;
import dev.byline.internal.cache.TieredCache;
import dev.byline.internal.security.Digests;
import dev.byline.internal.security.Passwords;
import dev.byline.internal.sql.TokenSql;
import dev.byline.internal.store.Store;
import dev.byline.internal.store.TokenUses;
import dev.byline.model.BylineException;
import dev.byline.model.IssuedToken;
import dev.byline.model.Metrics;
import dev.byline.model.NewUser;
import dev.byline.model.Password;
import dev.byline.model.Principal;
import dev.byline.model.Token;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Login and opaque bearer tokens: {@code byl_} and 32 random bytes in base64url. The database stores only their
 * SHA-256: 256 random bits can't be guessed, so the hash needs neither a salt nor a work factor. Safe for use by
 * several threads; every method blocks for the database.
 *
 * <p>A token is rejected once it is expired or revoked, and while its user is deactivated or deleted. Tokens are cached
 * by their hash, in this process only. A cached token is valid only while its user in the cache has the version that
 * the user had when the token was read; any change of the user makes the next request read the token again.
 *
 * <p>All methods throw {@link BylineException.Unavailable} when the database is unavailable, overloaded or too slow.
 */
public final class Tokens {
    /** The most tokens of one user; issuing another revokes the oldest. */
    public static final int MAX_PER_USER = 100;

    /** The longest lifetime of a token. */
    public static final Duration MAX_TTL = Duration.ofDays(3650);

    private static final Pattern FORM = Pattern.compile("byl_[A-Za-z0-9_-]{43}");

    private final Store store;
    private final TieredCache cache;
    private final Passwords passwords;
    private final InstantSource clock;
    private final Duration ttl;
    private final Users users;
    private final Metrics metrics;
    private final SecureRandom random = new SecureRandom();
    private final @Nullable TokenUses uses;

    /** @param uses records when tokens are used; null if nothing does */
    Tokens(
            Store store,
            TieredCache cache,
            Passwords passwords,
            InstantSource clock,
            Duration ttl,
            Users users,
            Metrics metrics,
            @Nullable TokenUses uses) {
        this.store = store;
        this.cache = cache;
        this.passwords = passwords;
        this.clock = clock;
        this.ttl = ttl;
        this.users = users;
        this.metrics = metrics;
        this.uses = uses;
    }

    /**
     * Issues a token for an e-mail address and its password. An unknown address, a user without a password, a
     * deactivated user and a wrong password can't be distinguished by the error or by the response time. An address
     * that is too long for any user fails at once with the same error. No connection is held while the password is
     * hashed.
     *
     * @param email in any case
     * @param password as typed
     * @throws BylineException.Unauthenticated when the address or the password is wrong
     */
    public IssuedToken login(String email, Password password) {
        if (!NewUser.isPossibleEmail(email)) {
            metrics.loggedIn(false);
            throw wrong();
        }
        var login = store.read(dsl -> TokenSql.login(dsl, email)).orElse(null);
        var hash = login == null ? null : login.passwordHash();
        var matches = passwords.matches(password, hash);
        if (!matches || login == null || hash == null || !login.active()) {
            metrics.loggedIn(false);
            throw wrong();
        }
        var better = passwords.isOutdated(hash) ? passwords.hash(password) : null;
        var issued = issue(new Principal.Anonymous(), login.userId(), ttl, new Verified(hash, better));
        metrics.loggedIn(issued.isPresent());
        return issued.orElseThrow(Tokens::wrong);
    }

    /** The hash that a password matched, which must still be the user's, and a stronger one to replace it. */
    private record Verified(String hash, @Nullable String better) {}

    private static BylineException.Unauthenticated wrong() {
        return new BylineException.Unauthenticated("e-mail address or password is wrong");
    }

    /**
     * Issues a token for a user.
     *
     * @param principal an admin
     * @param userId the user's id
     * @param lifetime null for the default; at most {@link #MAX_TTL}
     * @throws BylineException.Forbidden when the principal isn't an admin
     * @throws BylineException.NotFound when the user doesn't exist or is deactivated
     * @throws BylineException.Invalid when the lifetime is not positive or too long
     */
    public IssuedToken issue(Principal principal, long userId, @Nullable Duration lifetime) {
        if (!principal.isAdmin()) {
            throw new BylineException.Forbidden("only admins may issue tokens for others");
        }
        var wanted = lifetime == null ? ttl : lifetime;
        if (!wanted.isPositive() || wanted.compareTo(MAX_TTL) > 0) {
            throw new BylineException.Invalid("days", "must be 1 to " + MAX_TTL.toDays());
        }
        return issue(principal, userId, wanted, null).orElseThrow(() -> new BylineException.NotFound("active user"));
    }

    private Optional<IssuedToken> issue(Principal caller, long userId, Duration lifetime, @Nullable Verified verified) {
        var bytes = new byte[32];
        random.nextBytes(bytes);
        var secret = "byl_" + Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
        var token = store.write(caller, tx -> {
            var dsl = tx.dsl();
            tx.concerns(Set.of(userId));
            var issued =
                    TokenSql.insert(dsl, userId, verified == null ? null : verified.hash(), sha256(secret), lifetime);
            TokenSql.trim(dsl, userId, MAX_PER_USER).forEach(hash -> tx.invalidate(CacheKeys.tokenRevoked(hash)));
            if (issued.isPresent() && verified != null && verified.better() != null) {
                TokenSql.replaceHash(dsl, userId, verified.hash(), verified.better());
            }
            return issued;
        });
        return token.map(issued -> new IssuedToken(secret, issued));
    }

    /**
     * Returns the owner of a token.
     *
     * @param secret the bearer token
     * @throws BylineException.Unauthenticated when it is unknown, expired or revoked, or its user is deactivated
     */
    public Principal authenticate(String secret) {
        if (!FORM.matcher(secret).matches()) {
            throw refused();
        }
        var hash = sha256(secret);
        var holder = holder(hash).orElseThrow(Tokens::refused);
        if (uses != null && uses.record(holder.tokenId(), holder.lastUsedAt())) {
            cache.forget(CacheKeys.token(hash)); // the cached value holds the time of the last use
        }
        return holder.principal();
    }

    private Optional<TokenSql.Holder> holder(byte[] hash) {
        var key = CacheKeys.token(hash);
        var known = cache.get(key, () -> store.read(dsl -> TokenSql.holder(dsl, hash)));
        if (!cache.isEnabled() || known.isEmpty()) {
            return known;
        }
        var holder = known.get();
        var user = users.owner(holder.userId());
        if (user.isEmpty() || !holder.expiresAt().isAfter(clock.instant())) {
            return Optional.empty();
        }
        if (user.get().version() == holder.userVersion()) {
            return known;
        }
        cache.forget(key); // token or user is stale: read the database
        cache.suspect(CacheKeys.user(holder.userId()));
        return store.read(dsl -> TokenSql.holder(dsl, hash));
    }

    /**
     * Lists the principal's tokens, newest first.
     *
     * @param principal a user
     * @throws BylineException.Forbidden when the principal isn't a user
     */
    public List<Token> list(Principal principal) {
        var userId = userOf(principal);
        return store.read(dsl -> TokenSql.ofUser(dsl, userId));
    }

    /**
     * Revokes one of the principal's tokens at once; admins may revoke any token.
     *
     * @param principal a user
     * @param id the token's id
     * @throws BylineException.NotFound when the token doesn't exist or isn't the principal's
     * @throws BylineException.Forbidden when the principal isn't a user
     */
    public void revoke(Principal principal, long id) {
        var owner = principal.isAdmin() ? null : Long.valueOf(userOf(principal));
        var unused = store.write(principal, tx -> {
            var hash = TokenSql.delete(tx.dsl(), owner, id).orElseThrow(() -> new BylineException.NotFound("token"));
            tx.invalidate(CacheKeys.tokenRevoked(hash));
            return id;
        });
    }

    /**
     * Revokes the token that the principal presented.
     *
     * @param principal a user who presented a token
     * @throws BylineException.NotFound when the principal presented none, or it no longer exists
     * @throws BylineException.Forbidden when the principal isn't a user
     */
    public void revokeCurrent(Principal principal) {
        userOf(principal);
        if (!(principal instanceof Principal.Member member) || member.tokenId() == null) {
            throw new BylineException.NotFound("token");
        }
        revoke(principal, member.tokenId());
    }

    private static long userOf(Principal principal) {
        return switch (principal) {
            case Principal.Member member -> member.userId();
            case Principal.Anonymous ignored -> throw new BylineException.Forbidden("only users have tokens");
            case Principal.Operator ignored -> throw new BylineException.Forbidden("only users have tokens");
        };
    }

    private static BylineException.Unauthenticated refused() {
        return new BylineException.Unauthenticated("the token is unknown, expired or revoked");
    }

    private static byte[] sha256(String secret) {
        return Digests.sha256(secret.getBytes(StandardCharsets.US_ASCII));
    }
}
