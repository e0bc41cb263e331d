package dev.byline.server;

import dev.byline.Byline;
import dev.byline.Imports;
import dev.byline.model.BylineException;
import dev.byline.model.ImportOutcome;
import dev.byline.model.Principal;
import dev.byline.model.Role;
import java.util.List;

/** Imports feeds as posts of a user's, and says of each what came of it. */
final class ImportFeeds {
    private final Byline byline;
    private final Terminal terminal;
    private int done;

    ImportFeeds(Byline byline, Terminal terminal) {
        this.byline = byline;
        this.terminal = terminal;
    }

    /**
     * Imports feeds, as many at a time as {@link Imports} takes.
     *
     * @param email whose posts
     * @param urls different addresses
     * @return whether none failed, and no item did
     */
    boolean run(String email, List<String> urls) {
        try {
            var user = byline.users().byEmail(new Principal.Operator(), email);
            var author = new Principal.Member(user.id(), Role.USER); // the operator vouches for it
            var complete = true;
            for (int from = 0; from < urls.size(); from += Imports.MAX_URLS) {
                progress(urls.size());
                var part = urls.subList(from, Math.min(from + Imports.MAX_URLS, urls.size()));
                for (var outcome : byline.imports().run(author, part, each -> show(each, urls.size()))) {
                    complete &= isComplete(outcome);
                }
            }
            return complete;
        } catch (BylineException.NotFound | BylineException.Invalid e) {
            terminal.err().println("byline: " + e.getMessage());
            return false;
        }
    }

    private static boolean isComplete(ImportOutcome outcome) {
        return switch (outcome) {
            case ImportOutcome.Imported imported -> imported.failed() == 0;
            case ImportOutcome.Unchanged ignored -> true;
            case ImportOutcome.Failed ignored -> false;
        };
    }

    private void show(ImportOutcome outcome, int total) {
        done++;
        var start = terminal.interactive() ? "\r\033[K" : "";
        switch (outcome) {
            case ImportOutcome.Imported imported -> {
                terminal.out()
                        .printf(
                                "%s%s: %d new, %d updated, %d failed%s%s%n",
                                start,
                                imported.url(),
                                imported.imported(),
                                imported.updated(),
                                imported.failed(),
                                imported.duplicates() == 0 ? "" : ", " + imported.duplicates() + " there twice",
                                imported.left() == 0 ? "" : ", " + imported.left() + " left: import it again");
                imported.failedItems()
                        .forEach(item -> terminal.err().println("  " + item.item() + ": " + item.reason()));
            }
            case ImportOutcome.Unchanged unchanged -> terminal.out().println(start + unchanged.url() + ": unchanged");
            case ImportOutcome.Failed failed ->
                terminal.err()
                        .println(start + failed.url() + ": failed, "
                                + failed.reason().text() + ": " + failed.detail());
        }
        progress(total);
    }

    private void progress(int total) {
        if (terminal.interactive() && done < total) {
            terminal.err().printf("\r%d of %d feeds", done, total);
            terminal.err().flush();
        }
    }
}
