package org.lora4j.io.peft;

import java.io.IOException;
import java.util.List;
import java.util.stream.Collectors;

/**
 * An adapter is not in PEFT's form, uses features that are not supported, or does not fit the base it is loaded for. The
 * message names the file and lists what is wrong, the first ten problems and the number of the others: the rule, what was expected, and what was found.
 */
public final class PeftFormatException extends IOException {
    private static final int MOST = 10;

    private static final long serialVersionUID = 1;

    /**
     * Creates an exception with the message {@code place: problem; problem}.
     *
     * @param place the folder or file
     * @param problems everything that is wrong; the message has the first ten
     */
    PeftFormatException(String place, List<String> problems) {
        super(place + ": " + problems.stream().limit(MOST).collect(Collectors.joining("; "))
                + (problems.size() > MOST ? "; and " + (problems.size() - MOST) + " more problems" : ""));
    }

    PeftFormatException(String place, String problem, Throwable cause) {
        this(place, List.of(problem));
        initCause(cause);
    }
}
