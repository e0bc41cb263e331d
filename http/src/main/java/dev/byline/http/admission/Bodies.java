package dev.byline.http.admission;

import dev.byline.http.exchange.Exchange;
import dev.byline.http.exchange.Problems;
import dev.byline.http.message.HttpProblem;
import dev.byline.http.message.Problem;
import dev.byline.http.message.ProblemReason;
import dev.byline.http.message.RejectionReason;
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
 * Reads request bodies before the requests are processed. A slow body holds no thread and no permit of {@link
 * AdmissionControl}, only memory for the bytes received, which is bounded for all bodies together. The caller is
 * authenticated after the body is complete: a client that delays its body cannot use a token revoked in the meantime.
 */
public final class Bodies extends Handler.Wrapper {
    /** The maximum size of a body, in bytes. */
    public static final int MAX_BODY = 1024 * 1024;

    /**
     * How much of an oversized body is read and discarded, so that a client that is still sending reads the response.
     */
    private static final int MAX_DRAIN = 16 * 1024 * 1024;

    private static final Duration MAX_DRAIN_TIME = Duration.ofSeconds(3);

    /** The timeout of a whole body. One that stops arriving fails earlier, at the connection's idle timeout. */
    private static final Duration MAX_TIME = Duration.ofSeconds(20);

    private final long maxMemory;
    private final AtomicLong memory = new AtomicLong();

    /**
     * Creates the handler.
     *
     * @param maxMemory the maximum size of all bodies in memory, in bytes
     */
    public Bodies(long maxMemory) {
        this.maxMemory = maxMemory;
    }

    /** Returns the memory that bodies use now, in bytes. */
    public long memory() {
        return memory.get();
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) throws Exception {
        if (!isAnnounced(request)) {
            return super.handle(request, response, callback);
        }
        var exchange = Objects.requireNonNull(Exchange.of(request));
        if (hasUnknownCoding(request)) {
            exchange.bodyProblem(
                    new HttpProblem(Problem.NOT_IMPLEMENTED, "unsupported Transfer-Encoding: use chunked"));
            return super.handle(request, response, new Drain(request, callback));
        }
        if (request.getLength() > MAX_BODY) {
            exchange.bodyProblem(tooLarge());
            return super.handle(request, response, new Drain(request, callback));
        }
        new Body(exchange, request, response, callback).run();
        return true;
    }

    /** Returns whether the headers announce a body. */
    private static boolean isAnnounced(Request request) {
        return request.getLength() > 0 || request.getHeaders().contains(HttpHeader.TRANSFER_ENCODING);
    }

    /**
     * Returns whether there is another coding than chunked. Jetty checks that chunked is last and ignores the others.
     */
    private static boolean hasUnknownCoding(Request request) {
        var codings = request.getHeaders().getValuesList(HttpHeader.TRANSFER_ENCODING);
        return !codings.isEmpty() && !(codings.size() == 1 && codings.getFirst().equalsIgnoreCase("chunked"));
    }

    private static HttpProblem tooLarge() {
        return new HttpProblem(Problem.TOO_LARGE, "the body must have at most " + MAX_BODY + " bytes");
    }

    /** The received part of a body. Jetty runs it again when more data arrives. */
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
                        ? new HttpProblem(Problem.TIMEOUT, "no more of the body arrived before the idle timeout")
                        : new HttpProblem(Problem.MALFORMED, "the body is incomplete");
            }
            var more = chunk.remaining();
            if (size + more > MAX_BODY) {
                return tooLarge();
            }
            if (System.nanoTime() > end) {
                return new HttpProblem(Problem.TIMEOUT, "the body took too long to arrive");
            }
            if (size + more > bytes.length && !grow(size + more)) {
                exchange.rejected(RejectionReason.BODIES.label());
                return Problems.unavailable(RejectionReason.BODIES.detail(), ProblemReason.BUSY);
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
     * Discards the rest of a body after the response was sent, for a limited time. Closing a connection with unread
     * bytes resets it, and a client that is still sending may get the reset before it has read the response.
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
                callback.succeeded(); // the client waits for 100 (Continue), so it sends no body
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
