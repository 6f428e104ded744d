package org.lora4j.console.command;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.spi.ContextAwareBase;
import ch.qos.logback.core.status.NopStatusListener;

/**
 * The log of a program: warnings on standard error. {@code org.lora4j} goes to DEBUG with the option {@code --verbose}. Logback
 * finds this class as a service. To read a file would take longer than a short command, so one is read only if a user names it
 * with {@code -Dlogback.configurationFile}.
 */
public final class ConsoleLogging extends ContextAwareBase implements Configurator {
    private static final String FILE = "logback.configurationFile";

    private static volatile boolean isProgram;

    /** Creates a configuration; for Logback. */
    public ConsoleLogging() {}

    /** Says that this process is a program. Elsewhere, such as in tests, the class path says what is logged. */
    static void ofProgram() {
        isProgram = true;
    }

    @Override
    public ExecutionStatus configure(LoggerContext loggers) {
        if (!isProgram || System.getProperty(FILE) != null) {
            return ExecutionStatus.INVOKE_NEXT_IF_ANY;
        }
        loggers.getStatusManager().add(new NopStatusListener());
        PatternLayoutEncoder encoder = new PatternLayoutEncoder();
        encoder.setContext(loggers);
        encoder.setPattern("%-5level %logger{0}: %msg%n");
        encoder.start();
        ConsoleAppender<ILoggingEvent> errors = new ConsoleAppender<>();
        errors.setContext(loggers);
        errors.setTarget("System.err");
        errors.setEncoder(encoder);
        errors.start();
        Logger root = loggers.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        root.setLevel(Level.WARN);
        root.addAppender(errors);
        // The tokenizer warns of a GPU that it cannot use, and needs none.
        loggers.getLogger("ai.djl").setLevel(Level.ERROR);
        // The server warns of what clients send, and they get an answer that says what is wrong.
        loggers.getLogger("org.eclipse.jetty").setLevel(Level.ERROR);
        return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
    }
}
