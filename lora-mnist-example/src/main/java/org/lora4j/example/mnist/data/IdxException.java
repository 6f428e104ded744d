package org.lora4j.example.mnist.data;

import java.io.IOException;

/** Image or label data that is missing or damaged. The message names the file, the rule and what was found. */
final class IdxException extends IOException {
    private static final long serialVersionUID = 1L;

    IdxException(String file, String problem) {
        super(file + ": " + problem);
    }

    IdxException(String file, String problem, Throwable cause) {
        super(file + ": " + problem, cause);
    }
}
