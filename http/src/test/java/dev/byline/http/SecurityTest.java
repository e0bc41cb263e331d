package dev.byline.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.byline.http.admission.ClientAddress;
import dev.byline.model.Cidr;
import dev.byline.model.Principal;
import dev.byline.model.Role;
import dev.byline.model.UserChange;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Logins, rate limits, security headers, CORS. */
class SecurityTest extends ServerTest {
    private static final String JSON = "application/json";
    private static final String BYTES_POLICY = """
            "bytes";q=1048576;w=3600""";

    @Override
    protected HttpConfig config() {
        var limits = new HttpConfig.RateLimits(40, 200, 3, 5, 1024 * 1024);
        var proxies = java.util.List.of(Cidr.parse("127.0.0.0/8"), Cidr.parse("10.0.0.0/8"));
        return new HttpConfig(
                "127.0.0.1",
                0,
                "",
                "test",
                true,
                limits,
                proxies,
                Set.of("https://app.example"),
                false,
                true,
                true,
                true,
                64);
    }

    /** Sends a request through a trusted proxy, from a client address of its own: tests don't share rate limits. */
    private Answer from(String address, String method, String path, String body, String... headers) {
        var request = HttpRequest.newBuilder(uri(path))
                .header("X-Forwarded-For", address)
                .header("Content-Type", JSON)
                .method(method, HttpRequest.BodyPublishers.ofString(body));
        if (headers.length > 0) {
            request.headers(headers);
        } else {
            request.header("X-Anonymous", "true");
        }
        return send(request);
    }

    private Answer signup(String address, String email) {
        return from(address, "POST", "/users", """
                {"email":"%s","name":"N","password":"correct horse battery"}""".formatted(email));
    }

    private Answer login(String address, String email, String password) {
        return from(address, "POST", "/tokens", """
                {"email":"%s","password":"%s"}""".formatted(email, password));
    }

    @Nested
    class LoggingIn {
        @Test
        void aTokenWorksUntilItIsRevoked() {
            var user = signup("192.0.2.1", "life@example.com");
            assertThat(user.body()).doesNotContain("horse").doesNotContain("password");

            var issued = login("192.0.2.1", "LIFE@example.com", "correct horse battery");
            assertThat(issued.status()).isEqualTo(201);
            assertThat(issued.header("Cache-Control")).isEqualTo("no-store");
            var bearer = "Bearer " + issued.json().get("token").textValue();

            var list = from("192.0.2.1", "GET", "/tokens", "", "Authorization", bearer);
            assertThat(list.json().get("tokens").get(0).get("id").longValue()).isEqualTo(issued.id());
            assertThat(list.body()).doesNotContain("byl_");
            assertThat(from("192.0.2.1", "DELETE", "/tokens/current", "", "Authorization", bearer)
                            .status())
                    .isEqualTo(204);
            assertProblem(from("192.0.2.1", "GET", "/tokens", "", "Authorization", bearer), 401, "unauthenticated");
        }

        @Test
        void failedLoginsReturnTheSameBytes() {
            signup("192.0.2.2", "known@example.com");
            from("192.0.2.2", "POST", "/users", """
                    {"email":"without@example.com","name":"N"}""");

            var wrong = login("192.0.2.2", "known@example.com", "wrong horse battery");
            assertProblem(wrong, 401, "unauthenticated");
            for (var email : new String[] {"unknown@example.com", "without@example.com", "nonsense"}) {
                var answer = login("192.0.2.2", email, "wrong horse battery");
                assertThat(answer.status()).isEqualTo(401);
                assertThat(Contract.normalised(answer.body())).isEqualTo(Contract.normalised(wrong.body()));
                assertThat(answer.response().headers().map().keySet())
                        .isEqualTo(wrong.response().headers().map().keySet());
            }
        }

        @Test
        void weakPasswordsAreRefusedWithoutBeingRepeated() {
            for (var password : new String[] {"short", "1qaz2wsx3edc", "canary-user says hello"}) {
                var answer = from("192.0.2.3", "POST", "/users", """
                        {"email":"canary-user@example.com","name":"N","password":"%s"}""".formatted(password));
                assertProblem(answer, 422, "invalid");
                assertThat(answer.body()).contains("""
                        "field":"password",""").doesNotContain(password);
            }
        }

        @Test
        void anAuthorizationThatIsNotOneBearerTokenIs401() {
            for (var authorization : new String[] {"Basic YTpi", "Bearer", "Bearer a b", "byl_x", ""}) {
                assertThat(from("192.0.2.4", "GET", "/users", "", "Authorization", authorization)
                                .status())
                        .as(authorization)
                        .isEqualTo(401);
            }
        }

        /** The user loses its rights while the server waits for the rest of the body. */
        @Test
        void rightsAreCheckedWhenTheBodyIsComplete() throws Exception {
            var admin = signup("192.0.2.47", "fired@example.com");
            byline.users()
                    .change(new Principal.Operator(), admin.id(), new UserChange(null, null, null, null, Role.ADMIN));
            var body = """
                    {"role":"admin","is_active":true}""";
            try (var socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
                var out = socket.getOutputStream();
                out.write(("PATCH /users/" + admin.id() + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "
                                + tokenOf(admin.id()) + "\r\nContent-Type: application/json\r\nConnection: close\r\n"
                                + "Content-Length: " + body.length() + "\r\n\r\n" + body.substring(0, 5))
                        .getBytes(StandardCharsets.US_ASCII));
                out.flush();
                awaitInFlight(1);
                byline.users()
                        .change(
                                new Principal.Operator(),
                                admin.id(),
                                new UserChange(null, null, null, false, Role.USER));
                out.write(body.substring(5).getBytes(StandardCharsets.US_ASCII));
                out.flush();
                assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                        .startsWith("HTTP/1.1 401 ");
            }
            assertThat(byline.users().get(new Principal.Operator(), admin.id()).role())
                    .isEqualTo(Role.USER);
        }

        @Test
        void hugeCredentialsAreRefused() {
            var marks = "a" + "\u0315".repeat(60_000) + "\u0316".repeat(60_000);
            assertThat(login("192.0.2.49", "someone@example.com", marks).status())
                    .isEqualTo(401);
            assertThat(login("192.0.2.49", "x".repeat(900_000) + "@example.com", "wrong")
                            .status())
                    .isEqualTo(401);
            assertProblem(from("192.0.2.50", "POST", "/users", """
                    {"email":"%s@x","name":"N","password":"%s"}""".formatted(marks, marks)), 422, "invalid");
        }

        /** An impossible email gets the same bytes and the same limits as an unknown one, but costs no work. */
        @Test
        void impossibleEmailsFailLikeUnknownOnes() {
            var wrong = login("192.0.2.60", "unknown@example.com", "wrong horse battery");
            assertProblem(wrong, 401, "unauthenticated");
            var sigmas = login("192.0.2.60", "\u03a3".repeat(400_000), "wrong horse battery");
            assertThat(sigmas.status()).isEqualTo(401);
            assertThat(Contract.normalised(sigmas.body())).isEqualTo(Contract.normalised(wrong.body()));
            assertThat(sigmas.response().headers().map().keySet())
                    .isEqualTo(wrong.response().headers().map().keySet());
            var status = 401;
            for (int i = 0; i < 4 && status == 401; i++) {
                status = login("192.0.2.60", "\u03a3".repeat(300 + i), "wrong horse battery")
                        .status();
            }
            assertThat(status).isEqualTo(429);
            assertThat(login("192.0.2.61", "\ud83d\ude00".repeat(254), "wrong horse battery")
                            .status())
                    .as("254 code points are allowed")
                    .isEqualTo(401);
        }
    }

    @Nested
    class Limits {
        @Test
        void anonymousRequestsAreLimitedByAddress() {
            Answer last = from("192.0.2.10", "GET", "/users?limit=1", "");
            assertThat(last.header("RateLimit-Policy")).isEqualTo("""
                    "anonymous";q=200;w=60""");
            assertThat(last.header("RateLimit")).matches("""
                    "anonymous";r=[0-9]+;t=[0-9]+""");
            for (int i = 0; i < 250 && last.status() == 200; i++) {
                last = from("192.0.2.10", "GET", "/users?limit=1", "");
            }
            assertProblem(last, 429, "too-many-requests");
            assertThat(Integer.parseInt(last.header("Retry-After"))).isBetween(1, 60);
            assertThat(from("192.0.2.11", "GET", "/users?limit=1", "").status()).isEqualTo(200);
            assertThat(from("192.0.2.10", "GET", "/livez", "").status()).isEqualTo(200);
        }

        @Test
        void ipv6AddressesAreLimitedByTheirFirst64Bits() {
            var status = 200;
            for (int i = 0; i < 250 && status == 200; i++) {
                status = from("2001:db8:0:1::" + Integer.toHexString(i), "GET", "/users?limit=1", "")
                        .status();
            }
            assertThat(status).isEqualTo(429);
            assertThat(from("2001:db8:0:2::1", "GET", "/users?limit=1", "").status())
                    .isEqualTo(200);
        }

        @Test
        void requestsWithATokenAreLimitedByToken() {
            var user = signup("192.0.2.12", "busy@example.com");
            var bearer = "Bearer " + tokenOf(user.id());
            var status = 200;
            for (int i = 0; i < 60 && status == 200; i++) {
                status = from("192.0.2." + (100 + i), "GET", "/users?limit=1", "", "Authorization", bearer)
                        .status();
            }
            assertThat(status).isEqualTo(429);
        }

        @Test
        void unknownTokensAreLimitedByAddress() {
            var status = 401;
            for (int i = 0; i < 250 && status == 401; i++) {
                var bearer = "Bearer byl_" + "a".repeat(40) + String.format("%03d", i);
                status = from("192.0.2.13", "GET", "/users", "", "Authorization", bearer)
                        .status();
            }
            assertThat(status).isEqualTo(429);
        }

        @Test
        void loginsAndSignUpsAreLimited() {
            signup("192.0.2.14", "target@example.com");
            for (int i = 0; i < 3; i++) {
                assertThat(login("192.0.2.14", "target@example.com", "wrong").status())
                        .isEqualTo(401);
            }
            assertProblem(login("192.0.2.14", "TARGET@example.com", "correct horse battery"), 429, "too-many-requests");
            assertThat(login("192.0.2.15", "target@example.com", "correct horse battery")
                            .status())
                    .as("another address can still log in")
                    .isEqualTo(201);
            var status = 201;
            for (int i = 0; i < 6 && status == 201; i++) {
                status = signup("192.0.2.16", "s" + i + "@example.com").status();
            }
            assertThat(status).isEqualTo(429);
        }

        /** Logins that the limit of an address refuses do not count for the account. */
        @Test
        void failedLoginsOfOneAddressDoNotLockTheAccount() {
            signup("192.0.2.40", "victim@example.com");
            for (int i = 0; i < 60; i++) {
                assertThat(login("192.0.2.41", "victim@example.com", "wrong").status())
                        .isIn(401, 429);
            }
            assertThat(login("192.0.2.42", "victim@example.com", "correct horse battery")
                            .status())
                    .isEqualTo(201);
        }

        @Test
        void signUpsWithATokenAreLimitedByAddress() {
            var bearer = "Bearer "
                    + tokenOf(signup("192.0.2.43", "spawner@example.com").id());
            var status = 201;
            for (int i = 0; i < 8 && status == 201; i++) {
                status = from("192.0.2.44", "POST", "/users", """
                        {"email":"spawn%d@example.com","name":"S"}""".formatted(i), "Authorization", bearer)
                        .status();
            }
            assertThat(status).isEqualTo(429);
        }

        @Test
        void changesOfTheEmailAreLimited() {
            var user = signup("192.0.2.45", "changer@example.com");
            var bearer = "Bearer " + tokenOf(user.id());
            var status = 200;
            for (int i = 0; i < 6 && status == 200; i++) {
                status = from("192.0.2.45", "PATCH", "/users/" + user.id(), """
                        {"email":"changer%d@example.com"}""".formatted(i), "Authorization", bearer)
                        .status();
            }
            assertThat(status).isEqualTo(429);
        }

        /** Authorization comes before the rate limit of the account. */
        @Test
        void refusedChangesSpendNothingOfTheAccountsLimit() {
            var victim = signup("192.0.2.51", "spared@example.com").id();
            var own = "Bearer " + tokenOf(victim);
            var others = "Bearer "
                    + tokenOf(signup("192.0.2.52", "stranger@example.com").id());
            for (int i = 0; i < 10; i++) {
                var change = i % 2 == 0 ? """
                        {"password":"another horse battery"}""" : """
                        {"email":"taken-over@example.com"}""";
                assertProblem(change(others, victim, change), 403, "forbidden");
                assertProblem(change(others, 999_999_999, change), 404, "not-found");
            }
            assertThat(change(own, victim, """
                    {"email":"spared2@example.com"}""").status()).isEqualTo(200);
        }

        private Answer change(String bearer, long user, String change) {
            return from("192.0.2.53", "PATCH", "/users/" + user, change, "Authorization", bearer);
        }

        /** An exhausted limit costs no query for an unknown token. */
        @Test
        void unknownTokensOverTheLimitCauseNoQuery() {
            var known = "Bearer "
                    + tokenOf(signup("192.0.2.54", "known-here@example.com").id());
            assertThat(withToken("192.0.2.55", known)).isEqualTo(200);
            var status = 401;
            for (int i = 0; i < 250 && status == 401; i++) {
                status = withToken("192.0.2.55", unknownToken(i));
            }
            assertThat(status).isEqualTo(429);

            var asked = metrics.holds().count();
            var lookedUp = 0; // the limit refills meanwhile
            for (int i = 0; i < 50; i++) {
                lookedUp += withToken("192.0.2.55", unknownToken(1000 + i)) == 429 ? 0 : 1;
            }
            assertThat(lookedUp).isLessThan(25);
            assertThat(metrics.holds().count() - asked)
                    .as("acquired connections")
                    .isLessThanOrEqualTo(lookedUp);
            assertThat(withToken("192.0.2.55", known))
                    .as("a token that was used before")
                    .isEqualTo(200);
            assertThat(withToken("192.0.2.56", unknownToken(2000)))
                    .as("another address")
                    .isEqualTo(401);
        }

        private int withToken(String address, String bearer) {
            return from(address, "GET", "/users/1", "", "Authorization", bearer).status();
        }

        private String unknownToken(int number) {
            return "Bearer byl_" + "b".repeat(39) + String.format("%04d", number);
        }

        @Test
        void writtenBytesAreLimitedByUser() {
            var writer = "Bearer "
                    + tokenOf(signup("192.0.2.57", "prolific@example.com").id());
            var large = """
                    {"title":"T","body":"%s"}""".formatted("x".repeat(199_000));
            var first = from("192.0.2.57", "POST", "/posts", large, "Authorization", writer);
            assertThat(first.status()).isEqualTo(201);
            assertThat(first.response().headers().allValues("RateLimit-Policy")).containsExactly("""
                    "token";q=40;w=60""", BYTES_POLICY);
            assertThat(first.response().headers().allValues("RateLimit").getLast())
                    .matches("""
                            "bytes";r=84[0-9]{4};t=6[0-9]{2}""");
            for (int i = 0; i < 4; i++) {
                assertThat(from("192.0.2.57", "POST", "/posts", large, "Authorization", writer)
                                .status())
                        .isEqualTo(201);
            }
            for (var path : new String[] {"/posts", "/posts/batch"}) {
                var refused = from("192.0.2.57", "POST", path, large, "Authorization", writer);
                assertProblem(refused, 429, "too-many-requests");
                assertThat(refused.header("RateLimit-Policy")).isEqualTo(BYTES_POLICY);
                assertThat(Integer.parseInt(refused.header("Retry-After"))).isBetween(400, 700);
            }
            for (var path : new String[] {"/posts/" + first.id(), "/users/" + idOf("prolific@example.com")}) {
                assertProblem(
                        from("192.0.2.57", "PATCH", path, large, "Authorization", writer), 429, "too-many-requests");
            }
            assertThat(from("192.0.2.57", "POST", "/posts", """
                    {"title":"T","body":""}""", "Authorization", writer)
                            .status())
                    .as("a small post still fits")
                    .isEqualTo(201);
            var other = "Bearer "
                    + tokenOf(signup("192.0.2.58", "prolific2@example.com").id());
            assertThat(from("192.0.2.57", "POST", "/posts", large, "Authorization", other)
                            .status())
                    .isEqualTo(201);
        }

        private long idOf(String email) {
            return byline.users().byEmail(new Principal.Operator(), email).id();
        }

        @Test
        void anonymousRequestsDoNotLimitATokenOfTheSameAddress() {
            var bearer = "Bearer "
                    + tokenOf(signup("192.0.2.46", "neighbour@example.com").id());
            for (int i = 0; i < 210; i++) {
                from("192.0.2.46", "GET", "/users?limit=1", "");
            }
            assertThat(from("192.0.2.46", "GET", "/users?limit=1", "", "Authorization", bearer)
                            .status())
                    .isEqualTo(200);
        }

        @Test
        void forgedForwardedForEntriesAreIgnored() {
            // The proxy at 10.1.1.1 appended 192.0.2.20; the client forged what stands before.
            var status = 200;
            for (int i = 0; i < 250 && status == 200; i++) {
                status = from("203.0.113." + i % 250 + ", 192.0.2.20, 10.1.1.1", "GET", "/users?limit=1", "")
                        .status();
            }
            assertThat(status).isEqualTo(429);
        }

        @Test
        void rateLimitsKeepOnlyDigestsOfTokens() {
            var token = "byl_" + "c".repeat(43);
            assertThat(Authentication.digest(token)).hasSize(32).doesNotContain("byl_", "ccc");
        }
    }

    @Nested
    class Headers {
        @Test
        void everyResponseHasSecurityHeaders() {
            for (var path : new String[] {"/users", "/nothing"}) {
                var answer = from("192.0.2.30", "GET", path, "");
                assertThat(answer.header("X-Content-Type-Options")).isEqualTo("nosniff");
                assertThat(answer.header("Content-Security-Policy")).startsWith("default-src 'none'");
                assertThat(answer.header("Referrer-Policy")).isEqualTo("no-referrer");
                assertThat(answer.header("Server")).isEmpty();
            }
        }

        @Test
        void corsAllowsListedOriginsOnly() {
            var listed =
                    from("192.0.2.31", "GET", "/users", "", "Origin", "https://app.example", "X-Anonymous", "true");
            assertThat(listed.header("Access-Control-Allow-Origin")).isEqualTo("https://app.example");
            assertThat(listed.header("Access-Control-Expose-Headers")).contains("Link", "RateLimit", "X-Request-Id");
            var other =
                    from("192.0.2.31", "GET", "/users", "", "Origin", "https://evil.example", "X-Anonymous", "true");
            assertThat(other.header("Access-Control-Allow-Origin")).isEmpty();
            assertThat(other.header("Vary")).contains("Origin");
            var preflight = from(
                    "192.0.2.31",
                    "OPTIONS",
                    "/posts",
                    "",
                    "Origin",
                    "https://app.example",
                    "Access-Control-Request-Method",
                    "POST",
                    "X-Anonymous",
                    "true");
            assertThat(preflight.status()).isEqualTo(204);
            assertThat(preflight.header("Access-Control-Allow-Methods")).contains("POST");
            assertThat(preflight.header("Access-Control-Allow-Headers")).contains("Authorization");
        }

        @Test
        void clientAddressesMayHavePortsButNoNames() {
            assertThat(ClientAddress.parse("192.0.2.1:5678").orElseThrow().getHostAddress())
                    .isEqualTo("192.0.2.1");
            assertThat(ClientAddress.parse("[2001:db8::1]:443").orElseThrow().getHostAddress())
                    .isEqualTo("2001:db8:0:0:0:0:0:1");
            for (var text : new String[] {"", "localhost", "999.1.1.1", "1.2.3", "unknown", "_hidden"}) {
                assertThat(ClientAddress.parse(text)).as(text).isEmpty();
            }
        }
    }
}
