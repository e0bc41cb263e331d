package dev.byline.server;

import dev.byline.Byline;
import dev.byline.model.BylineException;
import dev.byline.model.Principal;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code byline token}: prints a new token for an existing user. */
record TokenCommand(Console console, String email, @Nullable Duration lifetime) {
    /** @throws UsageException when the arguments are invalid */
    static TokenCommand parse(List<String> arguments, Console console) {
        var email = option(arguments, "--email");
        var days = option(arguments, "--days");
        var known = arguments.size() == (email == null ? 0 : 2) + (days == null ? 0 : 2);
        if (email == null || !known || (days != null && !days.matches("[0-9]{1,4}"))) {
            throw new UsageException("usage: byline token --email EMAIL [--days N]");
        }
        return new TokenCommand(console, email, days == null ? null : Duration.ofDays(Integer.parseInt(days)));
    }

    private static @Nullable String option(List<String> arguments, String name) {
        var at = arguments.indexOf(name);
        return at < 0 || at % 2 != 0 || at + 1 == arguments.size() ? null : arguments.get(at + 1);
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
