package org.lora4j.io;

import java.io.IOException;

/**
 * A safetensors file breaks a rule of its format, or holds a tensor that cannot be given as asked. The message names
 * the file, the place in it (a byte or a tensor), the rule with what was expected, and what was found.
 */
public final class SafeTensorsException extends IOException {
    private static final long serialVersionUID = 1;

    /**
     * Creates an exception whose message reads {@code file: where: rule, found found}.
     *
     * @param file the file, or what stands for it
     * @param where the byte or the tensor
     * @param rule the rule, with what was expected
     * @param found what was found instead
     */
    public SafeTensorsException(String file, String where, String rule, Object found) {
        super(file + ": " + where + ": " + rule + ", found " + found);
    }

    SafeTensorsException(String file, String where, String rule, Object found, Throwable cause) {
        this(file, where, rule, found);
        initCause(cause);
    }
}
