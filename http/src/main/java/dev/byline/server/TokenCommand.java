package dev.byline.server;

import dev.byline.Byline;
import dev.byline.Tokens;
import dev.byline.model.BylineException;
import dev.byline.model.Principal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code byline token}: prints a new token for an existing user. */
record TokenCommand(Console console, String email, @Nullable Duration lifetime) {
    /** @throws UsageException when the arguments are invalid */
    static TokenCommand parse(List<String> arguments, Console console) {
        var rest = new ArrayList<>(arguments);
        var email = Usage.TOKEN.takeOption(rest, "--email");
        var days = Usage.TOKEN.takeOption(rest, "--days");
        if (email == null) {
            throw Usage.TOKEN.fault("--email EMAIL is missing");
        }
        if (!rest.isEmpty()) {
            throw Usage.TOKEN.fault("unknown argument " + rest.getFirst());
        }
        return new TokenCommand(console, email, days == null ? null : lifetime(days));
    }

    private static Duration lifetime(String days) {
        var lifetime = Duration.ofDays(days.matches("[0-9]{1,9}") ? Integer.parseInt(days) : 0);
        if (!lifetime.isPositive() || lifetime.compareTo(Tokens.MAX_TTL) > 0) {
            throw Usage.TOKEN.fault("--days must be a whole number from 1 to " + Tokens.MAX_TTL.toDays());
        }
        return lifetime;
    }

    int run(ServerConfig config) {
        return Command.onDatabase(config.database(), (url, stop) -> {
            try (var byline = Byline.open(config.core(url))) {
                var operator = new Principal.Operator();
                var user = byline.users().byEmail(operator, email);
                console.out()
                        .println(byline.tokens()
                                .issue(operator, user.id(), lifetime)
                                .secret());
                return Command.DONE;
            } catch (BylineException.NotFound | BylineException.Invalid e) {
                console.err().println("byline: " + e.getMessage());
                return Command.FAILED;
            }
        });
    }
}
