package dev.byline.http;

import java.time.Duration;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.Invocable;
import org.jspecify.annotations.Nullable;

/**
 * Reads bodies before anybody works on their requests. However slowly one comes, it takes no thread and no place in {@link
 * Admission}, only the memory of what is there, of which all together have a bounded amount. And whoever holds a body back
 * must not act with rights that they have lost meanwhile: who calls is asked when it is whole.
 */
final class Bodies extends Handler.Wrapper {
    /** The most bytes of a body. */
    static final int MAX_BODY = 1024 * 1024;

    /** How much of an oversized body is read and thrown away, so that a client in mid-send gets to read the answer. */
    private static final int MAX_DRAIN = 16 * 1024 * 1024;

    private static final Duration MAX_DRAIN_TIME = Duration.ofSeconds(3);

    /** How long a body may take that keeps coming; one that doesn't is given up after the connection's idle time. */
    private static final Duration MAX_TIME = Duration.ofSeconds(20);

    private final long maxMemory;
    private final AtomicLong memory = new AtomicLong();

    /**
     * Sets the bound.
     *
     * @param maxMemory bytes of all bodies together
     */
    Bodies(long maxMemory) {
        this.maxMemory = maxMemory;
    }

    /** Bytes that bodies take now. */
    long memory() {
        return memory.get();
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) throws Exception {
        if (!isAnnounced(request)) {
            return super.handle(request, response, callback);
        }
        var exchange = Objects.requireNonNull(Exchange.of(request));
        if (hasUnknownCoding(request)) {
            exchange.bodyProblem(new HttpProblem(Problem.NOT_IMPLEMENTED, "the only transfer coding is chunked"));
            return super.handle(request, response, new Drain(request, callback));
        }
        if (request.getLength() > MAX_BODY) {
            exchange.bodyProblem(tooLarge());
            return super.handle(request, response, new Drain(request, callback));
        }
        new Body(exchange, request, response, callback).run();
        return true;
    }

    /** Whether a request says that there is a body. */
    private static boolean isAnnounced(Request request) {
        return request.getLength() > 0 || request.getHeaders().contains(HttpHeader.TRANSFER_ENCODING);
    }

    /** Jetty makes sure that chunked is the last one, and ignores all others. */
    private static boolean hasUnknownCoding(Request request) {
        var codings = request.getHeaders().getValuesList(HttpHeader.TRANSFER_ENCODING);
        return !codings.isEmpty() && !(codings.size() == 1 && codings.getFirst().equalsIgnoreCase("chunked"));
    }

    private static HttpProblem tooLarge() {
        return new HttpProblem(Problem.TOO_LARGE, "a body may have at most " + MAX_BODY + " bytes");
    }

    /** What has come of a body; called again whenever there is more. */
    private final class Body implements Invocable.Task {
        private final Exchange exchange;
        private final Request request;
        private final Response response;
        private final Callback callback;
        private final long end = System.nanoTime() + MAX_TIME.toNanos();
        private byte[] bytes = new byte[0];
        private int size;

        Body(Exchange exchange, Request request, Response response, Callback callback) {
            this.exchange = exchange;
            this.request = request;
            this.response = response;
            this.callback = callback;
            Request.addCompletionListener(request, failure -> memory.addAndGet(-bytes.length));
        }

        @Override
        public InvocationType getInvocationType() {
            return InvocationType.NON_BLOCKING;
        }

        @Override
        public void run() {
            while (true) {
                var chunk = request.read();
                if (chunk == null) {
                    request.demand(this);
                    return;
                }
                var problem = take(chunk);
                chunk.release();
                if (problem != null) {
                    exchange.bodyProblem(problem);
                    pass(new Drain(request, callback));
                    return;
                }
                if (chunk.isLast()) {
                    exchange.body(size == bytes.length ? bytes : Arrays.copyOf(bytes, size));
                    pass(callback);
                    return;
                }
            }
        }

        private @Nullable HttpProblem take(Content.Chunk chunk) {
            if (Content.Chunk.isFailure(chunk)) {
                return chunk.getFailure() instanceof TimeoutException
                        ? new HttpProblem(Problem.TIMEOUT, "the body stopped coming")
                        : new HttpProblem(Problem.MALFORMED, "the body ended early");
            }
            var more = chunk.remaining();
            if (size + more > MAX_BODY) {
                return tooLarge();
            }
            if (System.nanoTime() > end) {
                return new HttpProblem(Problem.TIMEOUT, "the body came too slowly");
            }
            if (size + more > bytes.length && !grow(size + more)) {
                exchange.rejected(AdmissionControl.Reason.BODIES.label);
                return Problems.unavailable(AdmissionControl.Reason.BODIES.detail);
            }
            chunk.get(bytes, size, more);
            size += more;
            return null;
        }

        private boolean grow(int needed) {
            var length = (int) Math.min(MAX_BODY, Math.max(needed, 2L * bytes.length));
            if (size == 0 && request.getLength() == needed) {
                length = needed;
            }
            if (memory.addAndGet(length - bytes.length) > maxMemory) {
                memory.addAndGet(bytes.length - length);
                return false;
            }
            bytes = Arrays.copyOf(bytes, length);
            return true;
        }

        private void pass(Callback whenAnswered) {
            try {
                if (!Bodies.super.handle(request, response, whenAnswered)) {
                    Response.writeError(request, response, whenAnswered, 404);
                }
            } catch (Exception | Error e) {
                Response.writeError(request, response, whenAnswered, e);
            }
        }
    }

    /**
     * Reads on for a while, after the answer was sent. A connection that is closed with bytes unread is reset, and a reset
     * may overtake the answer of a client that is still sending.
     */
    private static final class Drain implements Callback, Invocable.Task {
        private final Request request;
        private final Callback callback;
        private long end;
        private long drained;

        Drain(Request request, Callback callback) {
            this.request = request;
            this.callback = callback;
        }

        @Override
        public InvocationType getInvocationType() {
            return InvocationType.NON_BLOCKING;
        }

        @Override
        public void succeeded() {
            if (request.getHeaders().contains(HttpHeader.EXPECT)) {
                callback.succeeded(); // it waited for our word, which was no
                return;
            }
            end = System.nanoTime() + MAX_DRAIN_TIME.toNanos();
            run();
        }

        @Override
        public void failed(Throwable x) {
            callback.failed(x);
        }

        @Override
        public void run() {
            while (true) {
                var chunk = request.read();
                if (chunk == null) {
                    request.demand(this);
                    return;
                }
                drained += chunk.remaining();
                var over = chunk.isLast()
                        || Content.Chunk.isFailure(chunk)
                        || drained > MAX_DRAIN
                        || System.nanoTime() > end;
                chunk.release();
                if (over) {
                    callback.succeeded();
                    return;
                }
            }
        }
    }
}
