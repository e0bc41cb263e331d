package dev.byline.http.message;

import java.util.Locale;

/** Why a request is rejected before any work. */
public enum RejectionReason {
    /** All permits are taken and the queue of waiters is full. */
    BUSY("server overloaded: too many requests are waiting"),
    /** The wait for a permit timed out: see {@code AdmissionControl.TIMEOUT}. */
    WAITED("server overloaded: not admitted within 100 ms"),
    /** The request bodies in flight use too much memory. */
    BODIES("request bodies in flight use too much memory"),
    /** The responses in flight use too much memory, in total or to one client address. */
    RESPONSES("responses in flight use too much memory");

    private final String detail;

    RejectionReason(String detail) {
        this.detail = detail;
    }

    /** Returns the label in metrics. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Returns the detail of the problem. */
    public String detail() {
        return detail;
    }
}
