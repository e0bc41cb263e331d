package dev.byline.http;

import dev.byline.BylineException;
import dev.byline.Digests;
import dev.byline.user.Principal;
import io.javalin.http.Context;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.HexFormat;
import java.util.Locale;
import java.util.regex.Pattern;

/** Who calls, and how often they may. */
final class Authentication {
    private static final Pattern BEARER = Pattern.compile("[Bb][Ee][Aa][Rr][Ee][Rr] +([A-Za-z0-9._~+/=-]+) *");

    private final Authenticator authenticator;
    private final ClientAddress address;
    private final RateLimiter perToken;
    private final RateLimiter perAddress;
    private final RateLimiter logins;
    private final RateLimiter loginsPerAccount;
    private final RateLimiter loginsPerAddress;
    private final RateLimiter signups;
    private final RateLimiter credentialChanges;

    Authentication(HttpConfig config, Authenticator authenticator, PrometheusMetrics metrics) {
        this.authenticator = authenticator;
        this.address = new ClientAddress(config.trustedProxies());
        var limits = config.limits();
        this.perToken = new RateLimiter("token", limits.token(), metrics);
        this.perAddress = new RateLimiter("anonymous", limits.anonymous(), metrics);
        this.logins = new RateLimiter("login", limits.login(), metrics);
        this.loginsPerAccount = new RateLimiter("login-account", limits.login() * 10, metrics);
        this.loginsPerAddress = new RateLimiter("login-address", limits.login() * 5, metrics);
        this.credentialChanges = new RateLimiter("credentials", limits.login(), metrics);
        this.signups = new RateLimiter("signup", limits.signup(), metrics);
    }

    /** Decides once for each request; a token that is no good is refused on public addresses too. */
    void identify(Context ctx) {
        if (Route.isProbe(ctx.path())) {
            return;
        }
        if (ctx.req().getHeader("Authorization") == null) {
            perAddress.spend(ctx, address.key(ctx));
            return;
        }
        var headers = Collections.list(ctx.req().getHeaders("Authorization"));
        var bearer = BEARER.matcher(String.join(", ", headers));
        try {
            if (!bearer.matches()) {
                throw new BylineException.Unauthenticated("Authorization must be one bearer token");
            }
            var principal = authenticator.authenticate(bearer.group(1));
            var exchange = Exchange.of(ctx);
            exchange.principal(principal);
            perToken.spend(ctx, bearer.group(1));
            exchange.whenRefunded(() -> perToken.refund(ctx, bearer.group(1)));
        } catch (BylineException.Unauthenticated e) {
            perAddress.spend(ctx, address.key(ctx)); // guessing costs
            throw e;
        }
    }

    /** Who calls. */
    static Principal principal(Context ctx) {
        return Exchange.of(ctx).principal();
    }

    /** What tells anonymous callers apart. */
    String origin(Context ctx) {
        return address.key(ctx);
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
        var from = address.key(ctx);
        var account = digest(email.toLowerCase(Locale.ROOT));
        loginsPerAddress.spend(ctx, from);
        logins.spend(ctx, from + account);
        loginsPerAccount.spend(ctx, account);
    }

    /** Signing up with somebody's token is signing up all the same. */
    void beforeSignup(Context ctx) {
        if (!principal(ctx).isAdmin()) {
            signups.spend(ctx, address.key(ctx));
        }
    }

    /** Changing an address asks whether it is taken, changing a password costs its hash. */
    void beforeCredentialChange(Context ctx, long userId) {
        if (!principal(ctx).isAdmin()) {
            credentialChanges.spend(ctx, Long.toString(userId));
        }
    }

    /** A key of fixed size, whatever somebody sends. */
    private static String digest(String text) {
        return HexFormat.of().formatHex(Digests.sha256(text.getBytes(StandardCharsets.UTF_8)), 0, 16);
    }
}
