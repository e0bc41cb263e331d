package dev.byline.http;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.byline.model.BylineException;
import dev.byline.model.NewUser;
import dev.byline.model.Principal;
import io.javalin.http.Context;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collections;
import java.util.HexFormat;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Who calls, and how often they may. */
final class Authentication {
    private static final Pattern BEARER = Pattern.compile("[Bb][Ee][Aa][Rr][Ee][Rr] ++([A-Za-z0-9._~+/=-]++) *+");

    /** The account of addresses that nobody can have. */
    private static final String NO_ACCOUNT = "none";

    private static final int MAX_KNOWN = 100_000;

    private final Authenticator authenticator;
    private final RateLimiter perToken;
    private final RateLimiter perAddress;
    private final RateLimiter unknownTokens;
    private final RateLimiter logins;
    private final RateLimiter loginsPerAccount;
    private final RateLimiter loginsPerAddress;
    private final RateLimiter signups;
    private final RateLimiter credentialChanges;
    private final RateLimiter bytesWritten;

    /** Digests of tokens that were good not long ago, which are looked up even if others guess from the same address. */
    private final Cache<String, Boolean> known = Caffeine.newBuilder()
            .maximumSize(MAX_KNOWN)
            .expireAfterWrite(Duration.ofMinutes(30))
            .build();

    Authentication(HttpConfig config, Authenticator authenticator, PrometheusMetrics metrics) {
        this.authenticator = authenticator;
        var limits = config.limits();
        this.perToken = RateLimiter.perMinute("token", limits.token(), metrics);
        this.perAddress = RateLimiter.perMinute("anonymous", limits.anonymous(), metrics);
        this.unknownTokens = RateLimiter.perMinute("unknown-token", limits.anonymous(), metrics);
        this.logins = RateLimiter.perMinute("login", limits.login(), metrics);
        this.loginsPerAccount = RateLimiter.perMinute("login-account", limits.login() * 10, metrics);
        this.loginsPerAddress = RateLimiter.perMinute("login-address", limits.login() * 5, metrics);
        this.credentialChanges = RateLimiter.perMinute("credentials", limits.login(), metrics);
        this.signups = RateLimiter.perMinute("signup", limits.signup(), metrics);
        this.bytesWritten = RateLimiter.bytesPerHour("bytes", limits.bytes(), metrics);
    }

    /** Decides once for each request; a token that is no good is refused on public addresses too. */
    void identify(Context ctx) {
        if (Exchange.of(ctx).isProbe()) {
            return;
        }
        if (ctx.req().getHeader("Authorization") == null) {
            perAddress.spend(ctx, Exchange.of(ctx).clientAddress());
            return;
        }
        var headers = Collections.list(ctx.req().getHeaders("Authorization"));
        var bearer = bearer(String.join(", ", headers));
        if (bearer == null) {
            perAddress.spend(ctx, Exchange.of(ctx).clientAddress());
            throw new BylineException.Unauthenticated("Authorization must be one bearer token");
        }
        var exchange = Exchange.of(ctx);
        var key = digest(bearer);
        exchange.principal(authenticate(ctx, bearer, key));
        perToken.spend(ctx, key);
        exchange.whenRefunded(() -> perToken.refund(ctx, key));
    }

    static @Nullable String bearer(String authorization) {
        var bearer = BEARER.matcher(authorization);
        return bearer.matches() ? bearer.group(1) : null;
    }

    /** Guessing costs the address; where too many guesses came from, a token is looked up only if it is known to be good. */
    private Principal authenticate(Context ctx, String bearer, String key) {
        if (known.getIfPresent(key) == null) {
            unknownTokens.requireLeft(ctx, Exchange.of(ctx).clientAddress());
        }
        try {
            var principal = authenticator.authenticate(bearer);
            if (known.getIfPresent(key) == null) {
                known.put(key, true);
            }
            return principal;
        } catch (BylineException.Unauthenticated e) {
            known.invalidate(key);
            var from = Exchange.of(ctx).clientAddress();
            unknownTokens.spendQuietly(from);
            perAddress.spend(ctx, from);
            throw e;
        }
    }

    /** Who calls. */
    static Principal principal(Context ctx) {
        return Exchange.of(ctx).principal();
    }

    /** What tells anonymous callers apart. */
    String origin(Context ctx) {
        return Exchange.of(ctx).clientAddress();
    }

    /** Refuses who may not call a route at all. */
    static void require(Context ctx, Route.Access access) {
        var principal = principal(ctx);
        switch (access) {
            case ANYONE -> {}
            case USER -> requireKnown(principal);
            case ADMIN -> {
                requireKnown(principal);
                if (!principal.isAdmin()) {
                    throw new BylineException.Forbidden("only admins may do this");
                }
            }
        }
    }

    private static void requireKnown(Principal principal) {
        if (principal instanceof Principal.Anonymous) {
            throw Problems.unauthenticated("a bearer token is needed here");
        }
    }

    /**
     * Guessing a password is slow from one address, and not much faster from many. The narrow limits come first: what they
     * refuse takes nothing from the account's own, so that nobody locks somebody else out from one address.
     */
    void beforeLogin(Context ctx, String email) {
        var from = Exchange.of(ctx).clientAddress();
        var account = NewUser.isPossibleEmail(email) ? digest(email.toLowerCase(Locale.ROOT)) : NO_ACCOUNT;
        loginsPerAddress.spend(ctx, from);
        logins.spend(ctx, from + account);
        loginsPerAccount.spend(ctx, account);
    }

    /** Signing up with somebody's token is signing up all the same. */
    void beforeSignup(Context ctx) {
        if (!principal(ctx).isAdmin()) {
            signups.spend(ctx, Exchange.of(ctx).clientAddress());
        }
    }

    /**
     * Changing an address asks whether it is taken, changing a password costs its hash. A user's limit is spent by that user
     * only: others are refused by what comes next.
     */
    void beforeCredentialChange(Context ctx, long userId) {
        var principal = principal(ctx);
        if (principal.is(userId) && !principal.isAdmin()) {
            credentialChanges.spend(ctx, Long.toString(userId));
        }
    }

    /** What a user writes is bounded in bytes, whether or not it is accepted. */
    void beforeWriting(Context ctx) {
        var exchange = Exchange.of(ctx);
        var body = exchange.body();
        if (exchange.principal() instanceof Principal.Member member && body != null) {
            bytesWritten.spendBeside(ctx, Long.toString(member.userId()), body.length);
        }
    }

    /** A key of fixed size that shows nothing of what was sent. */
    static String digest(String text) {
        return HexFormat.of().formatHex(Digests.sha256(text.getBytes(StandardCharsets.UTF_8)), 0, 16);
    }
}
