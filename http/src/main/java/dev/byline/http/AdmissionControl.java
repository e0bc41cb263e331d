package dev.byline.http;

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
 * Admission before work: so many requests are worked on at a time, so many others wait a moment in their order, all others
 * are refused at once. A server that takes on more than it can do answers everybody too late; this one goes on at its best
 * rate. Probes pass: whether the process lives must not depend on how busy it is.
 */
final class AdmissionControl extends Handler.Wrapper {
    /** Why requests are refused. */
    enum Reason {
        /** As many inside and waiting as there may be. */
        BUSY("busy", "more requests than this server can work on"),
        /** Waited long enough. */
        WAITED("waited", "no place within " + TIMEOUT.toMillis() + " ms"),
        /** All bodies on their way together take too much memory. */
        BODIES("bodies", "too many bodies at a time"),
        /** All answers on their way together take too much memory, or those to one address. */
        RESPONSES("responses", "too many large answers at a time");

        final String label;
        final String detail;

        Reason(String label, String detail) {
            this.label = label;
            this.detail = detail;
        }
    }

    /** How long a request may wait for its turn. */
    static final Duration TIMEOUT = Duration.ofMillis(100);

    private final Semaphore places;
    private final int maxWaiting;
    private final AtomicInteger waiting = new AtomicInteger();

    private final RequestThreads threads;

    /**
     * Sets the bounds.
     *
     * @param inside how many requests are worked on at a time
     * @param threads run them
     */
    AdmissionControl(int inside, RequestThreads threads) {
        this.threads = threads;
        this.places = new Semaphore(inside, true);
        this.maxWaiting = 2 * inside;
    }

    /** How many wait now. */
    int waiting() {
        return waiting.get();
    }

    /**
     * Runs on the virtual thread that read the headers; whoever may come in goes on there. A body that came later arrives
     * on a thread that must not wait, so its request gets a virtual thread here.
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
            visit.refuse(Reason.BUSY);
        }
        return true;
    }

    /** Unlike {@code tryAcquire()}, not before those that wait. */
    private boolean mayEnterAtOnce() {
        try {
            return places.tryAcquire(0, TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** One request's way through. */
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

        /** On whatever thread has read the headers: a platform thread has when no virtual thread gets to run. */
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
                refuse(Reason.WAITED);
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

        /** Log lines that are written meanwhile say for which request. */
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

        void refuse(Reason reason) {
            exchange.rejected(reason.label);
            var problem = new HttpProblem(Problem.UNAVAILABLE, reason.detail);
            JettyProblems.send(problem, problem.problem.status, response, exchange.requestId(), callback);
        }
    }
}
