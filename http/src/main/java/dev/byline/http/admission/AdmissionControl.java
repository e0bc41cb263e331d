package dev.byline.http.admission;

import dev.byline.http.exchange.Exchange;
import dev.byline.http.exchange.JettyProblems;
import dev.byline.http.message.HttpProblem;
import dev.byline.http.message.Problem;
import dev.byline.http.message.ProblemReason;
import dev.byline.http.message.RejectionReason;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.slf4j.MDC;

/**
 * Admission control (load shedding). A fixed number of requests are processed at a time, twice as many wait in FIFO
 * order for at most {@link #TIMEOUT}, all others are rejected at once with 503. Without it an overloaded server would
 * respond to all clients too late; with it throughput stays at its maximum. Probes bypass it: liveness must not depend
 * on load.
 */
public final class AdmissionControl extends Handler.Wrapper {
    /** The timeout of a waiter. */
    public static final Duration TIMEOUT = Duration.ofMillis(100);

    private final Semaphore places;
    private final int maxWaiting;
    private final AtomicInteger waiting = new AtomicInteger();

    private final RequestThreads threads;

    /**
     * Creates the permits.
     *
     * @param inside the number of permits: requests that are processed at a time
     * @param threads the threads that process them
     */
    public AdmissionControl(int inside, RequestThreads threads) {
        this.threads = threads;
        this.places = new Semaphore(inside, true);
        this.maxWaiting = 2 * inside;
    }

    /** Returns the number of waiters. */
    public int waiting() {
        return waiting.get();
    }

    /**
     * Admits, queues or rejects a request. A request without a body arrives on the virtual thread that read the headers
     * and stays there. If the body came later, this runs on a Jetty thread that must not block: the request then moves
     * to a new virtual thread.
     */
    @Override
    public boolean handle(Request request, Response response, Callback callback) {
        var visit = new Visit(Objects.requireNonNull(Exchange.of(request)), request, response, callback);
        if (visit.exchange.isProbe()) {
            visit.startProbe();
        } else if (mayEnterAtOnce()) {
            visit.start(visit::enter);
        } else if (waiting.getAndIncrement() < maxWaiting) {
            visit.start(visit::await);
        } else {
            waiting.decrementAndGet();
            visit.refuse(RejectionReason.BUSY);
        }
        return true;
    }

    /** Acquires a permit without waiting. Unlike {@code tryAcquire()} it is fair: it never overtakes waiters. */
    private boolean mayEnterAtOnce() {
        try {
            return places.tryAcquire(0, TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** The passage of one request through admission control. */
    private final class Visit {
        private final Exchange exchange;
        private final Request request;
        private final Response response;
        private final Callback callback;

        Visit(Exchange exchange, Request request, Response response, Callback callback) {
            this.exchange = exchange;
            this.request = request;
            this.response = response;
            this.callback = callback;
        }

        void start(Runnable step) {
            if (Thread.currentThread().isVirtual()) {
                step.run();
            } else {
                threads.execute(step);
            }
        }

        /** Stays on the thread that read the headers: a platform thread when no carrier thread is free. */
        void startProbe() {
            if (Thread.currentThread().isVirtual() || threads.isRescuer(Thread.currentThread())) {
                work();
            } else {
                threads.rescue(this::work);
            }
        }

        void await() {
            boolean admitted;
            try {
                admitted = places.tryAcquire(TIMEOUT.toNanos(), TimeUnit.NANOSECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                admitted = false;
            } finally {
                waiting.decrementAndGet();
            }
            if (admitted) {
                enter();
            } else {
                refuse(RejectionReason.WAITED);
            }
        }

        void enter() {
            var left = new AtomicBoolean();
            Runnable leave = () -> {
                if (left.compareAndSet(false, true)) {
                    places.release();
                }
            };
            exchange.whenWorked(leave);
            try {
                work();
            } finally {
                leave.run();
            }
        }

        /** Processes the request. Log lines written meanwhile carry its id. */
        void work() {
            exchange.worker(Thread.currentThread());
            MDC.put("request_id", exchange.requestId());
            if (exchange.traceId() != null) {
                MDC.put("trace_id", exchange.traceId());
            }
            try {
                if (!AdmissionControl.super.handle(request, response, callback)) {
                    Response.writeError(request, response, callback, HttpStatus.NOT_FOUND_404);
                }
            } catch (Exception | Error e) {
                Response.writeError(request, response, callback, e);
            } finally {
                exchange.worker(null);
                MDC.clear();
            }
        }

        void refuse(RejectionReason reason) {
            exchange.rejected(reason.label());
            var problem = new HttpProblem(Problem.UNAVAILABLE, reason.detail()).because(ProblemReason.BUSY);
            JettyProblems.send(problem, problem.problem.status, response, exchange.requestId(), callback);
        }
    }
}
