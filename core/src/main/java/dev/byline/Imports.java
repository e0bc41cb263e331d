package dev.byline;

import dev.byline.internal.feed.FeedImporter;
import dev.byline.model.BylineConfig;
import dev.byline.model.BylineException;
import dev.byline.model.FieldError;
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
 * Brings in what users wrote, or write, elsewhere: the items of feeds become their posts, and importing again brings what is
 * new or changed since. Safe for use by several threads. Needs Apache HttpClient 5 and jsoup on the class path.
 *
 * <p>In a process, 8 feeds are fetched at a time, shared fairly among users; two of these are read and written at a time, on
 * threads of their own, so that processors and connections are left for everybody else. No connection is held while anything is
 * waited for.
 */
public final class Imports {
    /** The most feeds of one call. */
    public static final int MAX_URLS = 20;

    /** The most characters of an address. */
    public static final int MAX_URL = FeedImporter.MAX_URL;

    /** The most items of a feed that become or change posts in one call; the next one brings the next. */
    public static final int MAX_ITEMS = FeedImporter.MAX_ITEMS;

    /** How many of the items that could not become posts are named. */
    public static final int MAX_SHOWN = FeedImporter.MAX_SHOWN;

    private final FeedImporter importer;
    private final Semaphore permits;
    private final Set<Long> importing = ConcurrentHashMap.newKeySet();

    Imports(FeedImporter importer, BylineConfig.Imports config) {
        this.importer = importer;
        this.permits = new Semaphore(config.maxConcurrent());
    }

    /**
     * Imports feeds, without looking on: {@link #run(Principal, List, Consumer)}.
     *
     * @param principal as there
     * @param urls as there
     */
    public List<ImportOutcome> run(Principal principal, List<String> urls) {
        return run(principal, urls, outcome -> {});
    }

    /**
     * Imports feeds as the principal's posts. Blocks, at most for 30 seconds; what is not done by then has failed as {@link
     * ImportFailure#BUSY}. Whatever happens to one feed, the others don't notice.
     *
     * @param principal a user
     * @param urls 1 to {@value #MAX_URLS} different addresses of feeds, each at most 2000 characters
     * @param progress is told of each feed as soon as it is done, on the caller's thread
     * @return what came of each, in the same order
     * @throws BylineException.Forbidden when the principal is nobody's user
     * @throws BylineException.Invalid when there are none or too many, or the user was deleted meanwhile
     * @throws BylineException.TooMany when another import of the same user is under way in this process
     * @throws BylineException.Unavailable when as many imports as may be are under way in this process, when the database is
     *     away at the beginning, or when the thread is interrupted; what was imported until then stays
     */
    public List<ImportOutcome> run(Principal principal, List<String> urls, Consumer<ImportOutcome> progress) {
        if (!(principal instanceof Principal.Member member)) {
            throw new BylineException.Forbidden("only users import feeds");
        }
        check(urls);
        if (!importing.add(member.userId())) {
            throw new BylineException.TooMany("an import of yours is under way");
        }
        try {
            if (!permits.tryAcquire()) {
                throw new BylineException.Unavailable("as many imports as may be are under way");
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
                errors.add(new FieldError("/urls/" + i, "is there already"));
            }
        }
        if (!errors.isEmpty()) {
            throw new BylineException.Invalid(errors);
        }
    }

    /** Cancels what is in flight. What is written stays. */
    void close() {
        importer.close();
    }
}
