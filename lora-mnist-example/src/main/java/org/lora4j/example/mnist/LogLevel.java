package org.lora4j.example.mnist;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import org.slf4j.LoggerFactory;

/** How much the library and the example log; the rest of the levels are in {@code logback.xml}. */
final class LogLevel {
    private LogLevel() {}

    static void set(boolean verbose) {
        if (LoggerFactory.getLogger("org.lora4j") instanceof Logger logger) {
            logger.setLevel(verbose ? Level.DEBUG : Level.WARN);
        }
    }
}
