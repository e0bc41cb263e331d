package dev.byline.internal.feed;

import dev.byline.model.ImportFailure;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Looks names up, and refuses those that lead inside. The system's look-up can be neither bounded nor interrupted, and would
 * take a carrier from all virtual threads for as long: so it runs on platform threads, which are waited for as long as there
 * is time.
 */
final class PublicDnsResolver implements AutoCloseable {
    /** More than fetches at a time: some may be left behind, waiting for a name server that never answers. */
    private static final int MAX_LOOKUPS = 32;

    /** Of many addresses, how many are tried. */
    private static final int MAX_TRIED = 3;

    private final Resolver resolver;
    private final boolean allowPrivate;
    private final ThreadPoolExecutor threads = new ThreadPoolExecutor(
            0,
            MAX_LOOKUPS,
            10,
            TimeUnit.SECONDS,
            new SynchronousQueue<>(),
            Thread.ofPlatform().daemon().name("byline-names-", 0).factory());

    /** What knows names: the system, or a test. */
    interface Resolver {
        InetAddress[] resolve(String host) throws UnknownHostException;
    }

    PublicDnsResolver(Resolver resolver, boolean allowPrivate) {
        this.resolver = resolver;
        this.allowPrivate = allowPrivate;
    }

    /**
     * Finds the addresses to connect to, at least one.
     *
     * @throws FeedException when there are none in time, or when any of them, tried or not, is not public
     */
    List<InetAddress> find(String host, Deadline deadline) throws FeedException, InterruptedException {
        var found = lookUp(host, deadline);
        if (found.length == 0) {
            throw unknown(null);
        }
        if (!allowPrivate && !Arrays.stream(found).allMatch(PublicAddresses::isPublic)) {
            throw new FeedException(ImportFailure.FORBIDDEN_ADDRESS, "leads to an address that is not public");
        }
        return List.of(found).subList(0, Math.min(MAX_TRIED, found.length));
    }

    private InetAddress[] lookUp(String host, Deadline deadline) throws FeedException, InterruptedException {
        try {
            var lookup = threads.submit(() -> resolver.resolve(host));
            try {
                return lookup.get(deadline.left(), TimeUnit.NANOSECONDS);
            } finally {
                lookup.cancel(true);
            }
        } catch (ExecutionException e) {
            throw unknown(e);
        } catch (TimeoutException | RejectedExecutionException e) {
            throw new FeedException(ImportFailure.TIMEOUT, "the name was not found in time", e);
        }
    }

    private static FeedException unknown(@Nullable Throwable cause) {
        return new FeedException(ImportFailure.UNKNOWN_HOST, "the name is not known", cause);
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
