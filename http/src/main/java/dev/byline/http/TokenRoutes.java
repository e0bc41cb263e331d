package dev.byline.http;

import static dev.byline.http.Authentication.principal;

import dev.byline.Tokens;
import dev.byline.http.exchange.Requests;
import dev.byline.http.exchange.Responses;
import dev.byline.http.message.Json;
import dev.byline.model.IssuedToken;
import dev.byline.model.Password;
import io.javalin.http.Context;
import io.javalin.http.HttpStatus;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** {@code /tokens}. */
final class TokenRoutes {
    private final Tokens tokens;
    private final Authentication authentication;

    TokenRoutes(Tokens tokens, Authentication authentication) {
        this.tokens = tokens;
        this.authentication = authentication;
    }

    private record Login(String email, Password password) {}

    void login(Context ctx) {
        var body = Requests.body(ctx);
        var email = body.text("email");
        var password = body.text("password");
        var login = body.build(() -> new Login(email, new Password(password)));
        authentication.beforeLogin(ctx, login.email());
        created(ctx, tokens.login(login.email(), login.password()));
    }

    void issue(Context ctx) {
        var id = Requests.pathId(ctx);
        var body = Requests.optionalBody(ctx);
        var days = body.optionalId("days");
        @Nullable
        Duration lifetime = body.build(() -> days == null ? Duration.ZERO : Duration.ofDays(Math.min(days, 1_000_000)));
        created(ctx, tokens.issue(principal(ctx), id, days == null ? null : lifetime));
    }

    private static void created(Context ctx, IssuedToken issued) {
        Responses.json(ctx, HttpStatus.CREATED, json -> Json.issuedToken(json, issued));
    }

    void list(Context ctx) {
        var list = tokens.list(principal(ctx));
        Responses.json(ctx, HttpStatus.OK, json -> Json.tokens(json, list));
    }

    void revoke(Context ctx) {
        tokens.revoke(principal(ctx), Requests.pathId(ctx));
        Responses.noContent(ctx);
    }

    void revokeCurrent(Context ctx) {
        tokens.revokeCurrent(principal(ctx));
        Responses.noContent(ctx);
    }
}
