package dev.byline.server;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.PatternLayout;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.encoder.LayoutWrappingEncoder;
import ch.qos.logback.core.pattern.color.ForegroundCompositeConverterBase;

/** Log lines for people: time, level, message, values. On a terminal the level has a colour. */
final class TextLines extends LayoutWrappingEncoder<ILoggingEvent> {
    private static final String PATTERN = "%d{HH:mm:ss.SSS} %-5level %msg %kvp{NONE} %mdc%n";

    /**
     * Creates the encoder and starts it.
     *
     * @param colored whether to write ANSI colours
     */
    TextLines(LoggerContext context, boolean colored) {
        var lines = new PatternLayout();
        lines.setContext(context);
        lines.getInstanceConverterMap().put("severity", Severity::new);
        lines.setPattern(colored ? PATTERN.replace("%-5level", "%severity(%-5level)") : PATTERN);
        lines.start();
        setContext(context);
        setLayout(lines);
        start();
    }

    /** Colours that are readable on dark and on light terminals; Logback's own has blue for INFO, which isn't. */
    private static final class Severity extends ForegroundCompositeConverterBase<ILoggingEvent> {
        @Override
        protected String getForegroundColorCode(ILoggingEvent event) {
            return switch (event.getLevel().toInt()) {
                case Level.ERROR_INT -> "1;31"; // bold red
                case Level.WARN_INT -> "33"; // yellow
                case Level.INFO_INT -> "32"; // green
                default -> "36"; // cyan
            };
        }
    }
}
