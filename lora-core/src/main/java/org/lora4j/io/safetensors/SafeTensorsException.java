package org.lora4j.io.safetensors;

import java.io.IOException;
import java.util.Objects;

/**
 * Thrown if a safetensors file breaks a rule of its format, or if a tensor cannot be converted to the requested type. The
 * message names the file, the place in it (a byte or a tensor), the rule with what was expected, and what was found.
 */
public final class SafeTensorsException extends IOException {
    private static final long serialVersionUID = 1;

    /**
     * Creates an exception with the message {@code file: where: rule, found found}.
     *
     * @param file the name of the file, or of the stream or what else it was read from
     * @param where the byte or the tensor
     * @param rule the rule, with what was expected
     * @param found what was found instead
     */
    public SafeTensorsException(String file, String where, String rule, Object found) {
        super(Objects.requireNonNull(file, "file must not be null") + ": "
                + Objects.requireNonNull(where, "where must not be null") + ": "
                + Objects.requireNonNull(rule, "rule must not be null") + ", found " + found);
    }

    SafeTensorsException(String file, String where, String rule, Object found, Throwable cause) {
        this(file, where, rule, found);
        initCause(cause);
    }
}
