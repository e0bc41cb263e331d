package dev.byline.bench.fuzz;

import java.util.List;
import java.util.Locale;

/** Changes of method, path, query and headers. */
final class Mutations {
    private final FuzzRequest request;
    private final SeededRandom random;
    private final KnownValues known;

    Mutations(FuzzRequest request, SeededRandom random, KnownValues known) {
        this.request = request;
        this.random = random;
        this.known = known;
    }

    void method() {
        var method = random.oneIn(40) ? "X".repeat(random.of(100, 8000, 20_000)) : random.from("methods");
        request.method = method;
        request.documented &=
                method.equals("HEAD") && request.operation.method().equals("GET");
        request.malformed |= method.equals("CONNECT") || method.contains("\t") || method.contains("(");
        request.changed("method", method);
    }

    void methodOverride() {
        var header = random.of("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override");
        request.set(header, random.of("DELETE", "PATCH", "GET", "x"));
        request.changed("header " + header, "");
    }

    /** Replaces the id. */
    void id() {
        var id = random.oneIn(10) ? "1".repeat(random.of(19, 20, 300, 7000)) : random.from("ids");
        if (request.operation.path().contains("{")) {
            request.path = request.operation
                    .path()
                    .replaceAll("\\{[a-z]+}", Encoding.utf8(id).replace("\\", "\\\\"));
            request.documented = false;
            request.changed("path", id);
        }
    }

    /** Inserts something into the path. */
    void path() {
        var part = random.oneIn(20)
                ? RepeatedText.random(random).fill(random.of(300, 7000, 15_000, 17_000), Encoding::percent)
                : random.from("path parts");
        var at = random.oneIn(2) ? request.path.length() : random.below(request.path.length() + 1);
        request.path = request.path.substring(0, at) + part + request.path.substring(at);
        request.documented = false;
        request.malformed |= part.contains(" ") || !request.path.startsWith("/");
        request.changed("path", request.path);
    }

    /** Replaces the request target by an absolute URL, an authority, an asterisk, nothing. */
    void target() {
        var prefix =
                random.of("http://x", "HTTP://x:80", "https://other", "http://", "//x", "http://[::1", "http://x@y:z");
        var other = random.of("*", "", "x:80", "ftp://x/", "javascript:x");
        request.path = random.below(12) < 7 ? prefix + request.path : other;
        request.documented = false;
        request.malformed = true;
        request.changed("target", request.path);
    }

    void query() {
        var parameters = request.operation.in("query");
        if (parameters.isEmpty() || random.oneIn(3)) {
            var query = random.from("queries");
            request.query.add(query);
            request.changed("query", query);
            return;
        }
        var text = RepeatedText.random(random);
        var value = switch (random.below(4)) {
            case 0 -> text.fill(random.of(3, 200, 600, 3000, 15_000), Encoding::percent);
            case 1 -> Encoding.percent(text.codePoints(random.of(1, 100, 199, 200, 201)));
            case 2 -> {
                var start = random.of("{\"a\":", "{\"a\":\"", "[", "");
                yield Encoding.percent(start + text.codePoints(random.of(5, 100)) + random.of("}", "\"}", ""));
            }
            default -> random.from("query values");
        };
        setQuery(random.of(parameters).name(), value);
    }

    private void setQuery(String name, String value) {
        request.query.removeIf(each -> each.startsWith(name + "="));
        request.query.add(name + "=" + value);
        request.changed("query " + name, value);
    }

    /** Adds a cursor of another list, forged or damaged. */
    void cursor() {
        var cursor = new StringBuilder(known.pick(KnownValues.Kind.CURSOR, random));
        var at = random.below(cursor.length());
        switch (random.below(6)) {
            case 0 -> cursor.setCharAt(at, (char) (cursor.charAt(at) ^ (1 << random.below(7))));
            case 1 -> cursor.setLength(at);
            case 2 -> cursor.append(random.of("A", "==", "%00", ".", "AAAA"));
            case 3 -> cursor.replace(0, cursor.length(), "A".repeat(random.of(1, 16, 64, 5000)));
            case 4 -> cursor.insert(at, random.of("-", "_", "/", "%2B"));
            default -> {
                // unchanged: mostly the cursor of another list
            }
        }
        setQuery("cursor", cursor.toString().replaceAll("[^!-~]|[&#]", "%01"));
    }

    /** Sets or adds a header. */
    void header() {
        var name = random.of(List.copyOf(Corpus.HEADERS.keySet()));
        var usual = random.of(Corpus.HEADERS.getOrDefault(name, List.of("")));
        var text = RepeatedText.random(random);
        var value = switch (random.below(4)) {
            case 0 -> text.fill(random.of(5, 50, 500, 5000), Encoding::header);
            case 1 -> usual + text.fill(random.of(1, 10, 100), Encoding::header);
            default -> usual;
        };
        switch (random.below(6)) {
            case 0 -> request.add(name, value, 1); // perhaps a second one
            case 1 -> request.add(name, value, random.of(2, 3, 100));
            default -> request.set(name, value);
        }
        request.changed("header " + name, value);
    }

    /** Sends the token of another user, or a damaged one. */
    void authorization() {
        var token = new StringBuilder(known.pick(KnownValues.Kind.TOKEN, random));
        switch (random.below(4)) {
            case 0 -> token.setCharAt(random.below(token.length()), 'x');
            case 1 -> token.append('x');
            case 2 -> token.setLength(random.below(token.length()));
            default -> {
                // unchanged
            }
        }
        request.set("Authorization", random.of("Bearer ", "bearer ", "Bearer  ", "Token ", "") + token);
        request.changed("header Authorization", "");
    }

    /** Sends a list of ETags that may contain the right one. */
    void entityTags() {
        var tag = known.tag(request.path);
        var value = random.of(
                tag,
                "W/" + tag,
                "\"x\", " + tag,
                tag + ",",
                ",,," + tag,
                tag + " x",
                tag.repeat(2),
                tag + ", *",
                tag.toUpperCase(Locale.ROOT),
                "\"x\",".repeat(1000) + tag);
        var header = random.of("If-Match", "If-None-Match");
        request.set(header, value);
        request.changed("header " + header, value);
    }

    /** Adds an invalid header line. */
    void headerLine() {
        var line = random.from("header lines");
        request.headers.add(line);
        request.malformed = true;
        request.changed("header line", line);
    }

    void version() {
        request.version = random.from("versions");
        request.host = random.from("hosts");
        request.malformed = true;
        request.changed("version", request.version);
    }
}
