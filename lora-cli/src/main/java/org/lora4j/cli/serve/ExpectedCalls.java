package org.lora4j.cli.serve;

import org.jspecify.annotations.Nullable;
import org.lora4j.text.tools.ForcedCall;
import org.lora4j.text.tools.ToolFormat;
import org.lora4j.text.tools.ToolReader;

/**
 * How calls of tools are read from an answer.
 *
 * @param format how the model writes calls
 * @param forced the call that the answer must be; null if the model chooses
 */
record ExpectedCalls(ToolFormat format, @Nullable ForcedCall forced) {
    /** The beginning of the answer. */
    String before() {
        return forced == null ? "" : forced.before();
    }

    ToolReader reader() {
        return forced == null ? format.reader() : forced.reader();
    }
}
