package dev.byline.bench.comparison;

import com.sun.management.ThreadMXBean;
import com.sun.tools.attach.VirtualMachine;
import dev.byline.bench.harness.HttpConnection;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;

/**
 * A running target.
 *
 * @param port 0 for pgbench, which is no server
 * @param processes without those that they start
 */
record TargetServer(Target target, int port, List<Process> processes) {
    private static final int TIMEOUT_SECONDS = 60;

    List<Long> pids() {
        return processes.stream().map(Process::pid).toList();
    }

    /** Blocks until the server responds. */
    void awaitReady() throws InterruptedException {
        var end = System.nanoTime() + TimeUnit.SECONDS.toNanos(TIMEOUT_SECONDS);
        while (!isReady()) {
            if (System.nanoTime() > end || processes.stream().anyMatch(process -> !process.isAlive())) {
                throw new IllegalStateException(target + " does not respond to GET /users/1: see its log");
            }
            TimeUnit.MILLISECONDS.sleep(50);
        }
    }

    private boolean isReady() {
        try {
            return send(Dialect.Request.get("/users/1")).status() == 200;
        } catch (IOException e) {
            return false;
        }
    }

    HttpConnection.Response send(Dialect.Request request) throws IOException {
        var headers =
                request.token().isEmpty() ? new String[0] : new String[] {"Authorization: Bearer " + request.token()};
        try (var http = new HttpConnection(port)) {
            var unused = http.send(request.method(), request.path(), request.json(), headers);
            return http.last();
        }
    }

    /** Bytes that a JVM has allocated so far in all threads. The first call loads an agent into it. */
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

    /** Ends the server by SIGTERM. */
    void stop() {
        processes.forEach(Process::destroy);
    }
}
