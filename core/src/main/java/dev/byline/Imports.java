package dev.byline;

import dev.byline.internal.feed.FeedImporter;
import dev.byline.model.BylineConfig;
import dev.byline.model.BylineException;
import dev.byline.model.FieldError;
import dev.byline.model.ImportFailure;
import dev.byline.model.ImportOutcome;
import dev.byline.model.Principal;
import dev.byline.model.Validation;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;

/**
 * Imports feeds: their items become posts of the importing user. A repeated import adds new items and updates changed
 * ones. Safe for use by several threads. Needs Apache HttpClient 5 and jsoup on the class path.
 *
 * <p>A process fetches 8 feeds at a time, shared fairly among users, and parses and stores two of them at a time on its
 * own threads, which leaves processors and connections for other requests. No connection is held during a wait.
 */
public final class Imports {
    /** The most feeds of one call. */
    public static final int MAX_URLS = 20;

    /** The most characters of a feed's URL. */
    public static final int MAX_URL = FeedImporter.MAX_URL;

    /** The most items of one feed that become or change posts in one call; the next call imports the next items. */
    public static final int MAX_ITEMS = FeedImporter.MAX_ITEMS;

    /** The most failed items that an outcome lists. */
    public static final int MAX_SHOWN = FeedImporter.MAX_SHOWN;

    private final FeedImporter importer;
    private final Semaphore permits;
    private final Set<Long> importing = ConcurrentHashMap.newKeySet();

    Imports(FeedImporter importer, BylineConfig.Imports config) {
        this.importer = importer;
        this.permits = new Semaphore(config.maxConcurrent());
    }

    /**
     * Imports feeds without progress reports: {@link #run(Principal, List, Consumer)}.
     *
     * @param principal as in the linked method
     * @param urls as in the linked method
     */
    public List<ImportOutcome> run(Principal principal, List<String> urls) {
        return run(principal, urls, outcome -> {});
    }

    /**
     * Imports feeds as the principal's posts. Blocks for at most 30 seconds; feeds that aren't finished by then fail
     * with {@link ImportFailure#BUSY}. The failure of one feed doesn't affect the others.
     *
     * @param principal a user
     * @param urls 1 to {@value #MAX_URLS} different URLs of feeds, each at most 2000 characters
     * @param progress receives each outcome as soon as that feed is done, on the caller's thread
     * @return one outcome for each URL, in the same order
     * @throws IllegalStateException when Apache HttpClient 5 or jsoup is missing
     * @throws BylineException.Forbidden when the principal isn't a user
     * @throws BylineException.Invalid when there are no or too many URLs, or the user was deleted during the import
     * @throws BylineException.TooMany when another import of the same user is in progress in this process
     * @throws BylineException.Unavailable when this process already runs its maximum of imports, when the database is
     *     unavailable at the start, or when the thread is interrupted; posts that were imported until then stay
     */
    public List<ImportOutcome> run(Principal principal, List<String> urls, Consumer<ImportOutcome> progress) {
        if (!(principal instanceof Principal.Member member)) {
            throw new BylineException.Forbidden("only users import feeds");
        }
        check(urls);
        if (!importing.add(member.userId())) {
            throw new BylineException.TooMany("another import of yours is in progress; retry when it has finished");
        }
        try {
            if (!permits.tryAcquire()) {
                throw new BylineException.Unavailable("too many imports are in progress; retry later");
            }
            try {
                return importer.run(member.userId(), urls, progress);
            } finally {
                permits.release();
            }
        } finally {
            importing.remove(member.userId());
        }
    }

    private static void check(List<String> urls) {
        if (urls.isEmpty() || urls.size() > MAX_URLS) {
            throw new BylineException.Invalid("urls", "must hold 1 to " + MAX_URLS + " addresses");
        }
        var errors = new ArrayList<FieldError>();
        var seen = new HashSet<String>();
        for (int i = 0; i < urls.size(); i++) {
            var url = urls.get(i);
            if (url.length() > MAX_URL || !Validation.isText(url)) {
                errors.add(new FieldError("/urls/" + i, "must be text of at most " + MAX_URL + " characters"));
            } else if (!seen.add(url)) {
                errors.add(new FieldError("/urls/" + i, "is a duplicate"));
            }
        }
        if (!errors.isEmpty()) {
            throw new BylineException.Invalid(errors);
        }
    }

    /** Cancels imports in flight. Posts that are already written stay. */
    void close() {
        importer.close();
    }
}
