package org.lora4j.io;

import java.io.IOException;
import java.util.List;

/**
 * An adapter is not in PEFT's form, uses features that are not supported, or does not fit the base it is loaded for. The
 * message names the file and lists everything that is wrong: the rule, what was expected, and what was found.
 */
public final class PeftFormatException extends IOException {
    private static final long serialVersionUID = 1;

    /**
     * Creates an exception with the message {@code place: problem; problem}.
     *
     * @param place the folder or file
     * @param problems everything that is wrong
     */
    PeftFormatException(String place, List<String> problems) {
        super(place + ": " + String.join("; ", problems));
    }

    PeftFormatException(String place, String problem, Throwable cause) {
        this(place, List.of(problem));
        initCause(cause);
    }
}
