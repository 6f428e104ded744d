package org.lora4j.example.mnist;

import java.io.IOException;

/** Image or label data that is missing or not as it has to be; the message says which file, the rule and what was found. */
final class IdxException extends IOException {
    private static final long serialVersionUID = 1L;

    IdxException(String file, String problem) {
        super(file + ": " + problem);
    }

    IdxException(String file, String problem, Throwable cause) {
        super(file + ": " + problem, cause);
    }
}
