package dev.byline.http;

import dev.byline.BylineException;
import dev.byline.user.Principal;
import io.javalin.http.Context;
import java.util.Collections;
import java.util.Locale;
import java.util.regex.Pattern;

/** Who calls, and how often they may. */
final class Authentication {
    private static final String PRINCIPAL = "byline.principal";
    private static final Pattern BEARER = Pattern.compile("[Bb][Ee][Aa][Rr][Ee][Rr] +([A-Za-z0-9._~+/=-]+) *");

    private final Authenticator authenticator;
    private final ClientAddress address;
    private final RateLimiter perToken;
    private final RateLimiter perAddress;
    private final RateLimiter logins;
    private final RateLimiter loginsPerAccount;
    private final RateLimiter signups;

    Authentication(HttpConfig config, Authenticator authenticator) {
        this.authenticator = authenticator;
        this.address = new ClientAddress(config.trustedProxies());
        var limits = config.limits();
        this.perToken = new RateLimiter("token", limits.token());
        this.perAddress = new RateLimiter("anonymous", limits.anonymous());
        this.logins = new RateLimiter("login", limits.login());
        this.loginsPerAccount = new RateLimiter("login-account", limits.login() * 10);
        this.signups = new RateLimiter("signup", limits.signup());
    }

    /** Decides once for each request; a token that is no good is refused on public addresses too. */
    void identify(Context ctx) {
        if (isProbe(ctx)) {
            return;
        }
        var headers = Collections.list(ctx.req().getHeaders("Authorization"));
        if (headers.isEmpty()) {
            perAddress.spend(ctx, address.key(ctx));
            ctx.attribute(PRINCIPAL, new Principal.Anonymous());
            return;
        }
        perAddress.requireAny(address.key(ctx));
        var bearer = BEARER.matcher(String.join(", ", headers));
        try {
            if (!bearer.matches()) {
                throw new BylineException.Unauthenticated("Authorization must be one bearer token");
            }
            var principal = authenticator.authenticate(bearer.group(1));
            ctx.attribute(PRINCIPAL, principal);
            perToken.spend(ctx, bearer.group(1));
        } catch (BylineException.Unauthenticated e) {
            perAddress.spend(ctx, address.key(ctx)); // guessing costs
            throw e;
        }
    }

    private static boolean isProbe(Context ctx) {
        return ctx.path().equals("/livez") || ctx.path().equals("/readyz");
    }

    /** Who calls. */
    static Principal principal(Context ctx) {
        Principal principal = ctx.attribute(PRINCIPAL);
        return principal == null ? new Principal.Anonymous() : principal;
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

    /** Guessing a password is slow from one address, and not much faster from many; nobody can lock another out alone. */
    void beforeLogin(Context ctx, String email) {
        var account = email.toLowerCase(Locale.ROOT);
        loginsPerAccount.spend(ctx, account);
        logins.spend(ctx, address.key(ctx) + " " + account);
    }

    void beforeSignup(Context ctx) {
        if (principal(ctx) instanceof Principal.Anonymous) {
            signups.spend(ctx, address.key(ctx));
        }
    }
}
