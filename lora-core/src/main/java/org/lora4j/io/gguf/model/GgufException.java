package org.lora4j.io.gguf.model;

import java.io.IOException;
import java.util.Objects;

/**
 * Thrown if a GGUF file breaks a rule of its format, or has what this library does not read. The message names the file, the place
 * in it (a byte, a key or a tensor), the rule with what was expected, and what was found.
 */
public final class GgufException extends IOException {
    private static final long serialVersionUID = 1;

    /**
     * Creates an exception with the message {@code file: where: rule, found found}.
     *
     * @param file the name of the file
     * @param where the byte, the key or the tensor
     * @param rule the rule, with what was expected
     * @param found what was found instead
     */
    public GgufException(String file, String where, String rule, Object found) {
        super(Objects.requireNonNull(file, "file must not be null") + ": "
                + Objects.requireNonNull(where, "where must not be null") + ": "
                + Objects.requireNonNull(rule, "rule must not be null") + ", found " + found);
    }
}
