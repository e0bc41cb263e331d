package dev.byline.bench.gatling;

import static io.gatling.javaapi.core.CoreDsl.StringBody;
import static io.gatling.javaapi.core.CoreDsl.doIf;
import static io.gatling.javaapi.core.CoreDsl.exec;
import static io.gatling.javaapi.core.CoreDsl.global;
import static io.gatling.javaapi.core.CoreDsl.jsonPath;
import static io.gatling.javaapi.core.CoreDsl.percent;
import static io.gatling.javaapi.core.CoreDsl.rampUsers;
import static io.gatling.javaapi.core.CoreDsl.randomSwitch;
import static io.gatling.javaapi.core.CoreDsl.scenario;
import static io.gatling.javaapi.http.HttpDsl.header;
import static io.gatling.javaapi.http.HttpDsl.http;
import static io.gatling.javaapi.http.HttpDsl.status;

import io.gatling.javaapi.core.ChainBuilder;
import io.gatling.javaapi.core.ScenarioBuilder;
import io.gatling.javaapi.core.Session;
import io.gatling.javaapi.core.Simulation;
import io.gatling.javaapi.http.HttpRequestActionBuilder;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Two kinds of users who pause 1 to 3 s before each request. Half of them list users and read single ones, 1 : 3, the
 * load test of the article that Byline started from. The others page through the feed by cursor, search, revalidate
 * with an ETag, and create posts with an Idempotency-Key, one request in ten.
 *
 * <p>System properties: {@code byline.url}; {@code byline.token} of a user, without which nothing is created; {@code
 * byline.users}, who arrive within 10 s; {@code byline.seconds}, for which each stays.
 */
public final class BylineSimulation extends Simulation {
    private static final String URL = System.getProperty("byline.url", "http://127.0.0.1:8000");
    private static final String TOKEN = System.getProperty("byline.token", "");
    private static final int USERS = Integer.getInteger("byline.users", 100);
    private static final Duration TIME = Duration.ofSeconds(Integer.getInteger("byline.seconds", 60));
    private static final Duration ARRIVAL = Duration.ofSeconds(10);
    private static final Duration MIN_PAUSE = Duration.ofSeconds(1);
    private static final Duration MAX_PAUSE = Duration.ofSeconds(3);

    /** Sessions in which a step failed, such as a reference to a missing value, which Gatling only logs. */
    private static final AtomicInteger FAILED_SESSIONS = new AtomicInteger();

    /** Declares the load. */
    public BylineSimulation() {
        setUp(
                        readers().injectOpen(rampUsers(USERS - USERS / 2).during(ARRIVAL)),
                        clients().injectOpen(rampUsers(USERS / 2).during(ARRIVAL)))
                .protocols(http.baseUrl(URL)
                        .acceptHeader("application/json")
                        .userAgentHeader("byline-load-test")
                        .disableCaching()) // Gatling would add conditional requests
                .assertions(global().failedRequests().count().is(0L));
    }

    @Override
    public void after() {
        if (FAILED_SESSIONS.get() > 0) {
            throw new IllegalStateException(FAILED_SESSIONS + " sessions failed: see the log above");
        }
    }

    private static ChainBuilder countFailure() {
        return exec(session -> {
            if (session.isFailed()) {
                FAILED_SESSIONS.incrementAndGet();
            }
            return session;
        });
    }

    private static ScenarioBuilder readers() {
        return scenario("readers")
                .exec(listUsers())
                .during(TIME)
                .on(exec(randomSwitch()
                                .on(percent(25).then(listUsers()), percent(75).then(oneUser())))
                        .pause(MIN_PAUSE, MAX_PAUSE))
                .exec(countFailure());
    }

    private static ScenarioBuilder clients() {
        return scenario("clients")
                .exec(firstPage())
                .during(TIME)
                .on(exec(randomSwitch()
                                .on(
                                        percent(20).then(firstPage()),
                                        percent(20).then(nextPage()),
                                        percent(15).then(search()),
                                        percent(20).then(onePost()),
                                        percent(15).then(samePost()),
                                        percent(10).then(TOKEN.isEmpty() ? onePost() : write())))
                        .pause(MIN_PAUSE, MAX_PAUSE))
                .exec(countFailure());
    }

    private static ChainBuilder listUsers() {
        return exec(http("list users")
                .get("/users?limit=20")
                .check(
                        status().is(200),
                        jsonPath("$.users[*].id").findAll().optional().saveAs("users")));
    }

    private static ChainBuilder oneUser() {
        return doIf(session -> session.contains("users"))
                .then(exec(http("one user").get("/users/#{users.random()}").check(status().is(200))));
    }

    private static ChainBuilder firstPage() {
        return exec(page("first page", "/posts?limit=20"));
    }

    private static ChainBuilder nextPage() {
        return doIf(session -> session.contains("cursor") && session.get("cursor") != null) // null on the last page
                .then(exec(page("next page", "/posts?limit=20&cursor=#{cursor}")));
    }

    private static HttpRequestActionBuilder page(String name, String path) {
        return http(name)
                .get(path)
                .check(
                        status().is(200),
                        jsonPath("$.posts[*].id").findAll().optional().saveAs("posts"),
                        jsonPath("$.next_cursor").ofString().optional().saveAs("cursor"));
    }

    private static ChainBuilder search() {
        return exec(http("search").get("/posts?q=post+-draft&limit=10").check(status().is(200)));
    }

    /** 404 is fine: the post may have been deleted since. */
    private static ChainBuilder onePost() {
        return doIf(session -> session.contains("posts"))
                .then(exec(http("one post")
                        .get("/posts/#{posts.random()}")
                        .check(
                                status().in(200, 404),
                                header("ETag").optional().saveAs("etag"),
                                jsonPath("$.id").optional().saveAs("seen"))));
    }

    private static ChainBuilder samePost() {
        return doIf(session -> session.contains("seen") && session.contains("etag"))
                .then(exec(http("same post, If-None-Match")
                        .get("/posts/#{seen}")
                        .header("If-None-Match", "#{etag}")
                        .check(status().in(200, 304, 404))));
    }

    private static ChainBuilder write() {
        return exec(session -> session.set("key", UUID.randomUUID().toString()))
                .exec(http("write, Idempotency-Key")
                        .post("/posts")
                        .header("Authorization", "Bearer " + TOKEN)
                        .header("Idempotency-Key", "#{key}")
                        .header("Content-Type", "application/json")
                        .body(StringBody(BylineSimulation::post))
                        .check(status().is(201)));
    }

    private static String post(Session session) {
        return """
                {"title": "Load test", "body": "Post %s, by user %d of the load test."}
                """.formatted(session.getString("key"), session.userId());
    }
}
