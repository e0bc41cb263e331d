package dev.byline.server;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.encoder.Encoder;
import ch.qos.logback.core.filter.Filter;
import ch.qos.logback.core.spi.FilterReply;
import dev.byline.http.exchange.AccessLogEntry;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Configures Logback: format and levels of the log on standard error. */
final class Logging {
    private Logging() {}

    static void configure(ServerConfig config, Console streams) {
        var context = (LoggerContext) LoggerFactory.getILoggerFactory();
        context.reset();
        OutOfMemory.watchLog(context);
        var console = new ConsoleAppender<ILoggingEvent>();
        console.setContext(context);
        console.setTarget("System.err");
        console.setEncoder(encoder(config, streams, context));
        console.addFilter(new WithoutFailedStart());
        console.start();
        var root = context.getLogger(Logger.ROOT_LOGGER_NAME);
        root.setLevel(Level.WARN);
        root.addAppender(console);
        context.getLogger("dev.byline").setLevel(Level.INFO);
        // These two log a whole invalid or repeated Host header; the access log has the request anyway.
        context.getLogger("org.eclipse.jetty.util.HostPort").setLevel(Level.OFF);
        context.getLogger("org.eclipse.jetty.http.HttpParser").setLevel(Level.OFF);
        // jOOQ warns about every PostgreSQL older than its newest dialect; ServerFacts checks the version.
        context.getLogger("org.jooq.impl.DefaultExecuteContext.logVersionSupport")
                .setLevel(Level.OFF);
        configureAccessLog(context, encoder(config, streams, context), config.logRequests());
    }

    private static Encoder<ILoggingEvent> encoder(ServerConfig config, Console streams, LoggerContext context) {
        return switch (config.log()) {
            case JSON -> json(context);
            case TEXT -> new TextLines(context, streams.colored());
            case AUTO -> streams.interactive() ? new TextLines(context, streams.colored()) : json(context);
        };
    }

    private static void configureAccessLog(LoggerContext context, Encoder<ILoggingEvent> encoder, boolean enabled) {
        var appender = new AccessLogAppender(encoder, System.err);
        appender.setContext(context);
        appender.start();
        var logger = context.getLogger(AccessLogEntry.LOGGER);
        logger.setAdditive(false);
        logger.setLevel(enabled ? Level.INFO : Level.WARN);
        logger.addAppender(appender);
    }

    /** Writes queued lines. */
    static void close() {
        ((LoggerContext) LoggerFactory.getILoggerFactory()).stop();
    }

    /** Drops an error that says nothing: the exception that follows it names the cause, and Command prints it. */
    private static final class WithoutFailedStart extends Filter<ILoggingEvent> {
        @Override
        public FilterReply decide(ILoggingEvent event) {
            return "Failed to start Javalin".equals(event.getMessage()) ? FilterReply.DENY : FilterReply.NEUTRAL;
        }
    }

    private static Encoder<ILoggingEvent> json(LoggerContext context) {
        var encoder = new JsonLines();
        encoder.setContext(context);
        encoder.start();
        return encoder;
    }
}
