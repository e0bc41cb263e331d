package dev.byline.bench.replicas;

import dev.byline.bench.harness.HttpConnection;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.stream.Collectors;

/** Requests of clients. The same number gives the same request. */
final class Requests {
    private static final int CURSORS = 50;
    private static final int IDS = 10;
    private static final int PAGE = 50;
    private static final int ONE_WRITE_IN = 10;

    /** Users up to this one only read, if {@link #read} is used; the others may write. */
    private static final int READERS = 8;

    private static final String POST = "{\"title\":\"Other\",\"body\":\"words\"}";

    private final ReplicatedDatabase database;
    private final List<String> cursors = new ArrayList<>();

    /** Follows the cursors of the feed of a node. */
    Requests(ReplicatedDatabase database, int port) throws IOException {
        this.database = database;
        try (var http = new HttpConnection(port)) {
            for (var path = "/posts"; cursors.size() < CURSORS; path = "/posts?cursor=" + cursors.getLast()) {
                var status = http.get(path);
                if (status != 200) {
                    throw new IOException(path + ": " + http.last());
                }
                cursors.add(http.last().text().replaceFirst("(?s).*\"next_cursor\":\"([^\"]+)\".*", "$1"));
            }
        }
    }

    /** Reads that a replica may serve. */
    enum Kind {
        CURSOR_PAGES,
        AUTHORS_PAGES,
        SEARCHES,
        IDS;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT).replace('_', ' ');
        }
    }

    /** Reads: every second client is anonymous, the others are members who never write. */
    int read(Kind kind, HttpConnection http, long number) throws IOException {
        var random = new SplittableRandom(number);
        var path = path(kind, random);
        return number % 2 == 0 ? http.get(path) : http.get(path, database.authorization(1 + random.nextInt(READERS)));
    }

    /** Reads of all kinds, as {@link #read}. */
    int readAny(HttpConnection http, long number) throws IOException {
        return read(kind(number), http, number);
    }

    /** Reads of all kinds by members, and one write in ten requests. */
    int readOrWrite(HttpConnection http, long number) throws IOException {
        var random = new SplittableRandom(number);
        var user = database.authorization(random.nextInt(READERS + 1, ReplicatedDatabase.USERS + 1));
        return random.nextInt(ONE_WRITE_IN) == 0
                ? http.send("POST", "/posts", POST, user)
                : http.get(path(kind(number), random), user);
    }

    private static Kind kind(long number) {
        var kinds = Kind.values();
        return kinds[(int) (number / 2 % kinds.length)]; // each by anonymous clients and by members
    }

    private String path(Kind kind, SplittableRandom random) {
        return switch (kind) {
            case CURSOR_PAGES -> "/posts?cursor=" + cursors.get(random.nextInt(CURSORS));
            case AUTHORS_PAGES -> "/users/" + random.nextInt(1, ReplicatedDatabase.USERS + 1) + "/posts?limit=" + PAGE;
            case SEARCHES -> "/posts?q=w" + random.nextInt(ReplicatedDatabase.WORDS);
            case IDS ->
                "/posts?ids="
                        + random.ints(IDS, 1, ReplicatedDatabase.POSTS + 1)
                                .mapToObj(Integer::toString)
                                .collect(Collectors.joining(","));
        };
    }
}
