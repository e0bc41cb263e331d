package dev.byline.http;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.byline.SharedLimits;
import dev.byline.http.admission.RateLimiter;
import dev.byline.http.exchange.Exchange;
import dev.byline.http.exchange.Problems;
import dev.byline.http.message.Digests;
import dev.byline.http.metrics.PrometheusMetrics;
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

/** Authenticates callers and applies their rate limits. */
final class Authentication {
    private static final Pattern BEARER = Pattern.compile("[Bb][Ee][Aa][Rr][Ee][Rr] ++([A-Za-z0-9._~+/=-]++) *+");

    /** The rate limit key shared by all invalid e-mail addresses. */
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

    /**
     * Digests of recently valid tokens. They are looked up even when others guess tokens from the same client address.
     */
    private final Cache<String, Boolean> known = Caffeine.newBuilder()
            .maximumSize(MAX_KNOWN)
            .expireAfterWrite(Duration.ofMinutes(30))
            .build();

    Authentication(HttpConfig config, Authenticator authenticator, SharedLimits shared, PrometheusMetrics metrics) {
        this.authenticator = authenticator;
        var limits = config.limits();
        this.perToken = RateLimiter.perMinuteInBatches("token", limits.token(), shared, metrics);
        this.perAddress = RateLimiter.perMinuteInBatches("anonymous", limits.anonymous(), shared, metrics);
        this.unknownTokens = RateLimiter.perMinuteInBatches("unknown-token", limits.anonymous(), shared, metrics);
        this.logins = RateLimiter.perMinute("login", limits.login(), shared, metrics);
        this.loginsPerAccount = RateLimiter.perMinute("login-account", limits.login() * 10, shared, metrics);
        this.loginsPerAddress = RateLimiter.perMinute("login-address", limits.login() * 5, shared, metrics);
        this.credentialChanges = RateLimiter.perMinute("credentials", limits.login(), shared, metrics);
        this.signups = RateLimiter.perMinute("signup", limits.signup(), shared, metrics);
        this.bytesWritten = RateLimiter.bytesPerHour("bytes", limits.bytes(), shared, metrics);
    }

    /** Authenticates a request and charges its rate limit. Rejects an invalid token even where none is required. */
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
            throw new BylineException.Unauthenticated("Authorization must hold exactly one bearer token");
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

    /** Charges a wrong token to the client address. Over that limit, only recently valid tokens are still looked up. */
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

    /** Returns the caller. */
    static Principal principal(Context ctx) {
        return Exchange.of(ctx).principal();
    }

    /** Returns what separates anonymous callers: the client address. */
    String origin(Context ctx) {
        return Exchange.of(ctx).clientAddress();
    }

    /** Rejects callers that may not call a route. */
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
            throw Problems.unauthenticated("a bearer token is required");
        }
    }

    /**
     * Charges a login to the limits per client address and per account, which slow down password guessing from one
     * address and from many. The limits per address come first: attempts that they reject do not count against the
     * account, so one address cannot lock another user out.
     */
    void beforeLogin(Context ctx, String email) {
        var from = Exchange.of(ctx).clientAddress();
        var account = NewUser.isPossibleEmail(email) ? digest(email.toLowerCase(Locale.ROOT)) : NO_ACCOUNT;
        loginsPerAddress.spend(ctx, from);
        logins.spend(ctx, from + account);
        loginsPerAccount.spend(ctx, account);
    }

    /** Charges a sign-up to the client address. A token exempts only admins. */
    void beforeSignup(Context ctx) {
        if (!principal(ctx).isAdmin()) {
            signups.spend(ctx, Exchange.of(ctx).clientAddress());
        }
    }

    /**
     * Limits changes of e-mail address and password: the first reveals whether an address is taken, the second costs a
     * hash. Only the user's own requests count; core rejects those of others.
     */
    void beforeCredentialChange(Context ctx, long userId) {
        var principal = principal(ctx);
        if (principal.is(userId) && !principal.isAdmin()) {
            credentialChanges.spend(ctx, Long.toString(userId));
        }
    }

    /** Charges the size of the body to the user's limit of bytes, even if the write is rejected later. */
    void beforeWriting(Context ctx) {
        var exchange = Exchange.of(ctx);
        var body = exchange.body();
        if (exchange.principal() instanceof Principal.Member member && body != null) {
            bytesWritten.spendBeside(ctx, Long.toString(member.userId()), body.length);
        }
    }

    /** Returns a key of fixed size that does not reveal the text. */
    static String digest(String text) {
        return HexFormat.of().formatHex(Digests.sha256(text.getBytes(StandardCharsets.UTF_8)), 0, 16);
    }
}
