package dev.byline.server;

import dev.byline.Byline;
import dev.byline.Imports;
import dev.byline.model.BylineException;
import dev.byline.model.ImportOutcome;
import dev.byline.model.Principal;
import dev.byline.model.Role;
import java.util.List;

/** Imports feeds as posts of a user, and prints the outcome of each feed. */
final class ImportFeeds {
    private final Byline byline;
    private final Console console;
    private int done;

    ImportFeeds(Byline byline, Console console) {
        this.byline = byline;
        this.console = console;
    }

    /**
     * Imports feeds in batches of {@link Imports#MAX_URLS}.
     *
     * @param email the author's
     * @param urls distinct
     * @return whether every item of every feed was imported or unchanged, apart from items left for the next import
     */
    boolean run(String email, List<String> urls) {
        try {
            var user = byline.users().byEmail(new Principal.Operator(), email);
            var author = new Principal.Member(user.id(), Role.USER); // the operator acts for the user
            var complete = true;
            for (int from = 0; from < urls.size(); from += Imports.MAX_URLS) {
                printProgress(urls.size());
                var batch = urls.subList(from, Math.min(from + Imports.MAX_URLS, urls.size()));
                for (var outcome : byline.imports().run(author, batch, each -> print(each, urls.size()))) {
                    complete &= isComplete(outcome);
                }
            }
            return complete;
        } catch (BylineException.NotFound | BylineException.Invalid e) {
            console.err().println("byline: " + e.getMessage());
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

    private void print(ImportOutcome outcome, int total) {
        done++;
        var start = console.interactive() ? "\r\033[K" : "";
        switch (outcome) {
            case ImportOutcome.Imported imported -> {
                console.out()
                        .printf(
                                "%s%s: %d new, %d updated, %d failed%s%s%n",
                                start,
                                imported.url(),
                                imported.imported(),
                                imported.updated(),
                                imported.failed(),
                                imported.duplicates() == 0 ? "" : ", " + imported.duplicates() + " duplicates",
                                imported.left() == 0
                                        ? ""
                                        : ", " + imported.left() + " left for the next import: run it again");
                imported.failedItems()
                        .forEach(item -> console.err().println("  " + item.item() + ": " + item.reason()));
            }
            case ImportOutcome.Unchanged unchanged -> console.out().println(start + unchanged.url() + ": unchanged");
            case ImportOutcome.Failed failed ->
                console.err()
                        .println(start + failed.url() + ": failed, "
                                + failed.reason().text() + ": " + failed.detail());
        }
        printProgress(total);
    }

    private void printProgress(int total) {
        if (console.interactive() && done < total) {
            console.err().printf("\r%d of %d feeds", done, total);
            console.err().flush();
        }
    }
}
