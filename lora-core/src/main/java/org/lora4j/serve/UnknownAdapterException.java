package org.lora4j.serve;

/** There is no adapter of a name, or it can be none. */
final class UnknownAdapterException extends IllegalArgumentException {
    private static final long serialVersionUID = 1;

    UnknownAdapterException(String message, Throwable cause) {
        super(message, cause);
    }
}
