package org.lora4j.text.tools;

import org.jspecify.annotations.Nullable;

/** Reads one call, character by character, and makes JSON of its arguments. Nothing is added after it is done or broken. */
interface CallBody {
    /** What is known after a character. */
    enum State {
        MORE,
        DONE,
        BROKEN
    }

    /** Adds a character. */
    State add(char c);

    /** The id that the model wrote; null for none. */
    @Nullable
    String id();

    /** The function; null as long as it has not come. */
    @Nullable
    String name();

    /** The arguments that have come, as the beginning of a JSON object; empty before they begin. They only grow. */
    StringBuilder arguments();
}
