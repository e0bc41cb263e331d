package dev.byline.internal.pool;

import java.time.Duration;
import java.util.regex.Pattern;
import org.jooq.ExecuteContext;
import org.jooq.ExecuteListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Logs slow statements by the name of the method that contains them; never their text or values. */
public final class SlowStatements implements ExecuteListener {
    /** Classes of statements, one method each; nested classes and lambdas count. */
    private static final Pattern STATEMENT_CLASS =
            Pattern.compile("dev\\.byline\\.internal\\.(sql|feed)\\.[A-Za-z]+Sql(\\$.*)?");

    private static final long serialVersionUID = 1;
    private static final Logger LOG = LoggerFactory.getLogger(SlowStatements.class);

    private final Duration threshold;
    private long start;

    /** Listens to one execution. */
    public SlowStatements(Duration threshold) {
        this.threshold = threshold;
    }

    @Override
    public void executeStart(ExecuteContext ctx) {
        start = System.nanoTime();
    }

    /** Logs the statement if it was slow. jOOQ calls this after failures, too. */
    @Override
    public void end(ExecuteContext ctx) {
        var nanos = start == 0 ? 0 : System.nanoTime() - start;
        if (nanos >= threshold.toNanos()) {
            LOG.atWarn()
                    .addKeyValue("statement", name())
                    .addKeyValue("duration_ms", nanos / 1_000_000)
                    .log("slow statement");
        }
    }

    /** Returns a name such as PostSql.feed: the nearest stack frame in a class of statements. */
    private static String name() {
        return StackWalker.getInstance()
                .walk(frames -> frames.filter(frame -> isStatement(frame.getClassName()))
                        .findFirst()
                        .map(SlowStatements::name)
                        .orElse("unknown"));
    }

    private static boolean isStatement(String className) {
        return STATEMENT_CLASS.matcher(className).matches();
    }

    private static String name(StackWalker.StackFrame frame) {
        var className = frame.getClassName().replaceFirst("\\$.*", "");
        var method = frame.getMethodName().replaceFirst("lambda\\$([^$]+)\\$.*", "$1");
        return className.substring(className.lastIndexOf('.') + 1) + "." + method;
    }
}
