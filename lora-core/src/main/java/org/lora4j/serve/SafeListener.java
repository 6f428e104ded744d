package org.lora4j.serve;

import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A listener of the program. What it throws is logged, and does not reach what informs it.
 *
 * @param <L> the type of the listener
 */
final class SafeListener<L> {
    private static final Logger log = LoggerFactory.getLogger(SafeListener.class);

    private final L listener;
    private final String source;

    /**
     * Wraps a listener.
     *
     * @param source what informs it, for the log
     */
    SafeListener(L listener, String source) {
        this.listener = listener;
        this.source = source;
    }

    /** Informs the listener of an event. */
    void inform(Consumer<? super L> event) {
        try {
            event.accept(listener);
        } catch (Throwable e) {
            // A listener in another language can throw anything.
            log.warn("a listener of the {} failed", source, e);
        }
    }
}
