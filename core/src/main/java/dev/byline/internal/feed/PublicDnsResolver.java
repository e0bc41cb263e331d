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
 * Resolves host names to public addresses. The system's resolver has no timeout, can't be interrupted and pins a
 * virtual thread to its carrier, so lookups run on platform threads and callers stop waiting at their deadline.
 */
final class PublicDnsResolver implements AutoCloseable {
    /** More than concurrent fetches: abandoned lookups may still wait for a name server. */
    private static final int MAX_LOOKUPS = 32;

    /** The maximum number of addresses to connect to. */
    private static final int MAX_ADDRESSES = 3;

    private final Resolver resolver;
    private final boolean allowPrivate;
    private final ThreadPoolExecutor threads = new ThreadPoolExecutor(
            0,
            MAX_LOOKUPS,
            10,
            TimeUnit.SECONDS,
            new SynchronousQueue<>(),
            Thread.ofPlatform().daemon().name("byline-names-", 0).factory());

    /** Resolves names: the system or a test. */
    interface Resolver {
        InetAddress[] resolve(String host) throws UnknownHostException;
    }

    PublicDnsResolver(Resolver resolver, boolean allowPrivate) {
        this.resolver = resolver;
        this.allowPrivate = allowPrivate;
    }

    /**
     * Returns one to three addresses to connect to. Blocks until the deadline.
     *
     * @throws FeedException when the name has no address, any of its addresses is not public, or the deadline passes
     */
    List<InetAddress> find(String host, Deadline deadline) throws FeedException, InterruptedException {
        var addresses = lookup(host, deadline);
        if (addresses.length == 0) {
            throw unknown(null);
        }
        if (!allowPrivate && !Arrays.stream(addresses).allMatch(PublicAddresses::isPublic)) {
            throw new FeedException(ImportFailure.FORBIDDEN_ADDRESS, "the host has an address that is not public");
        }
        return List.of(addresses).subList(0, Math.min(MAX_ADDRESSES, addresses.length));
    }

    private InetAddress[] lookup(String host, Deadline deadline) throws FeedException, InterruptedException {
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
            throw new FeedException(ImportFailure.TIMEOUT, "resolving the host name timed out", e);
        }
    }

    private static FeedException unknown(@Nullable Throwable cause) {
        return new FeedException(ImportFailure.UNKNOWN_HOST, "the host name can't be resolved", cause);
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
