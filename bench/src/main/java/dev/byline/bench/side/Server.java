package dev.byline.bench.side;

import com.sun.management.ThreadMXBean;
import com.sun.tools.attach.VirtualMachine;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;

/**
 * A target that runs.
 *
 * @param port that it answers on; 0 for pgbench, which is no server
 * @param processes that it consists of, with all that they start
 */
record Server(Target target, int port, List<Process> processes) {
    private static final int TIMEOUT_SECONDS = 60;

    /** An answer. */
    record Answer(int status, String body, String tag) {}

    List<Long> pids() {
        return processes.stream().map(Process::pid).toList();
    }

    /** Blocks until it answers. */
    void awaitReady() throws IOException, InterruptedException {
        for (var end = System.nanoTime() + TimeUnit.SECONDS.toNanos(TIMEOUT_SECONDS); System.nanoTime() < end; ) {
            if (processes.stream().anyMatch(process -> !process.isAlive())) {
                throw new IllegalStateException(target + " ended when it was started: see its log");
            }
            if (listens() && get("/users/1").status() == 200) {
                return;
            }
            TimeUnit.MILLISECONDS.sleep(50);
        }
        throw new IllegalStateException(target + " does not answer GET /users/1: see its log");
    }

    private boolean listens() {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected();
        } catch (IOException e) {
            return false;
        }
    }

    Answer get(String path) throws IOException, InterruptedException {
        return send(Workload.Request.get(path));
    }

    Answer send(Workload.Request request) throws IOException, InterruptedException {
        var builder = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + request.path()));
        if (!request.body().isEmpty()) {
            builder.header("Content-Type", "application/json");
        }
        if (!request.token().isEmpty()) {
            builder.header("Authorization", "Bearer " + request.token());
        }
        builder.method(request.method(), HttpRequest.BodyPublishers.ofString(request.body()));
        try (var client =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
            var answer = client.send(builder.build(), HttpResponse.BodyHandlers.ofString());
            return new Answer(
                    answer.statusCode(),
                    answer.body(),
                    answer.headers().firstValue("ETag").orElse(""));
        }
    }

    /** Bytes allocated by a JVM since it began, all threads together; loads an agent into it the first time. */
    @SuppressWarnings("BanJNDI") // of a process that we started
    long allocatedBytes() throws Exception {
        var jvm = VirtualMachine.attach(Long.toString(processes.getFirst().pid()));
        try (var connector = JMXConnectorFactory.connect(new JMXServiceURL(jvm.startLocalManagementAgent()))) {
            return ManagementFactory.newPlatformMXBeanProxy(
                            connector.getMBeanServerConnection(),
                            ManagementFactory.THREAD_MXBEAN_NAME,
                            ThreadMXBean.class)
                    .getTotalThreadAllocatedBytes();
        } finally {
            jvm.detach();
        }
    }

    /** Ends it by SIGTERM. */
    void stop() {
        processes.forEach(Process::destroy);
    }
}
