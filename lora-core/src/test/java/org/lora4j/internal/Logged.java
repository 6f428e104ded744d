package org.lora4j.internal;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.util.List;
import org.slf4j.LoggerFactory;

/** What a class logs while this is open; it is not printed meanwhile. */
public final class Logged implements AutoCloseable {
    private final Logger logger;
    private final Level before;
    private final ListAppender<ILoggingEvent> appender = new ListAppender<>();

    private Logged(Class<?> type, Level level) {
        logger = (Logger) LoggerFactory.getLogger(type);
        before = logger.getLevel();
        appender.start();
        logger.setLevel(level);
        logger.setAdditive(false);
        logger.addAppender(appender);
    }

    /** What is logged at the level INFO and above. */
    public static Logged by(Class<?> type) {
        return by(type, Level.INFO);
    }

    /** What is logged at a level and above. */
    public static Logged by(Class<?> type, Level level) {
        return new Logged(type, level);
    }

    /** The messages, each after its level. */
    public List<String> messages() {
        return appender.list.stream()
                .map(event -> event.getLevel() + " " + event.getFormattedMessage())
                .toList();
    }

    @Override
    public void close() {
        logger.detachAppender(appender);
        logger.setLevel(before);
        logger.setAdditive(true);
    }
}
