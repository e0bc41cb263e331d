package dev.byline.bench.failover;

import java.util.Collection;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What the clients saw. */
public final class Journal {
    private static final int MAX_BODY = 300;

    /**
     * A response, or a broken connection.
     *
     * @param start when the request was sent, as {@link System#nanoTime}
     * @param end when the response was read
     * @param status 0 when the connection broke
     * @param marked whether it had the header {@code Age}: it is from a standby, while there is no primary
     */
    public record Exchange(long start, long end, int status, boolean marked) {
        boolean failed() {
            return status == 0 || status >= 500;
        }

        /**
         * Whether this is neither a success nor an error that tells the client to repeat the request. Each post that is
         * read exists, but a standby may not have it yet.
         */
        boolean unexpected() {
            return status >= 400 && status != 409 && status != 503 && !(status == 404 && marked);
        }

        boolean within(Period period) {
            return end >= period.start && start < period.end;
        }
    }

    /**
     * An acknowledged write.
     *
     * @param firstStart when its first attempt was sent
     * @param end when the acknowledgement was read
     */
    public record Acknowledgement(String title, long id, int node, long firstStart, long end) {}

    /** A period in {@link System#nanoTime}. */
    public record Period(long start, long end) {
        long length() {
            return end - start;
        }

        double seconds() {
            return length() / 1e9;
        }
    }

    private final Queue<Exchange> reads = new ConcurrentLinkedQueue<>();
    private final Queue<Exchange> writes = new ConcurrentLinkedQueue<>();
    private final Map<String, Acknowledgement> acknowledged = new ConcurrentHashMap<>();
    private final Queue<String> wrong = new ConcurrentLinkedQueue<>();
    private final AtomicInteger ownReads = new AtomicInteger();

    void read(Exchange read) {
        reads.add(read);
    }

    void write(Exchange attempt) {
        writes.add(attempt);
    }

    void acknowledge(Acknowledgement write) {
        acknowledged.put(write.title(), write);
    }

    void ownRead() {
        ownReads.incrementAndGet();
    }

    void wrong(String what, String request, Exchange exchange, String body) {
        wrong.add(what + " in the response to " + request + ": " + exchange + " "
                + body.substring(0, Math.min(body.length(), MAX_BODY)));
    }

    Stream<Exchange> reads(Period period) {
        return reads.stream().filter(read -> read.within(period));
    }

    Stream<Exchange> writes(Period period) {
        return writes.stream().filter(write -> write.within(period));
    }

    /** All acknowledged writes. */
    public Collection<Acknowledgement> acknowledged() {
        return acknowledged.values();
    }

    /** Reads that were compared with an own write. */
    int ownReadCount() {
        return ownReads.get();
    }

    /** Responses that lack an acknowledged write, and errors. */
    Collection<String> wrong() {
        return wrong;
    }

    /** The statuses of reads or writes, with their numbers. */
    public String statuses() {
        return "reads " + statuses(reads) + ", writes " + statuses(writes);
    }

    private static Map<Integer, Long> statuses(Collection<Exchange> exchanges) {
        return exchanges.stream().collect(Collectors.groupingBy(Exchange::status, TreeMap::new, Collectors.counting()));
    }

    /** Whether a request failed within a period. */
    boolean failed(Period period) {
        return Stream.concat(reads(period), writes(period)).anyMatch(Exchange::failed);
    }

    /** The longest period within another one in which no write was acknowledged. */
    Period longestWithoutWrites(Period period) {
        var ends = acknowledged.values().stream()
                .mapToLong(Acknowledgement::end)
                .filter(end -> end > period.start && end < period.end)
                .sorted()
                .toArray();
        var longest = new Period(period.start, period.start);
        var last = period.start;
        for (var end : ends) {
            longest = longer(longest, new Period(last, end));
            last = end;
        }
        return longer(longest, new Period(last, period.end));
    }

    static Period longer(Period first, Period second) {
        return second.length() > first.length() ? second : first;
    }
}
