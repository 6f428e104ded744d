package org.lora4j.cli.serve;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.lora4j.generate.TokenConstraint;
import org.lora4j.text.Conversation;
import org.lora4j.text.tools.ForcedCall;
import org.lora4j.text.tools.ToolFormat;
import org.lora4j.text.tools.ToolReader;

/**
 * How calls of tools are read from an answer.
 *
 * @param format how the model writes calls
 * @param forced the calls that the answer must be; null if the model chooses
 * @param strict the calls that the answer may have, whose arguments must then fit their schemas; null if they need not
 * @param isParallel whether an answer may have several calls
 */
record ExpectedCalls(
        ToolFormat format,
        @Nullable ForcedCall forced,
        @Nullable ForcedCall strict,
        boolean isParallel) {
    /**
     * Returns which tokens the answer may have: forced calls, or else calls or JSON.
     *
     * @param schema what the JSON fits, or null for any text
     * @return null for any text and calls
     */
    @Nullable
    TokenConstraint constraint(@Nullable String schema, Conversation conversation, ServedDecoder decoder) {
        if (forced != null) {
            return decoder.constraint("tools", forced);
        }
        if (schema == null) {
            return strict == null ? null : decoder.constraintFrom("tools", strict);
        }
        ForcedCall call = conversation.forcedCall(format, Optional.empty());
        return decoder.constraint("tools", (isParallel ? call.repeated() : call).orJson(schema));
    }

    ToolReader reader() {
        return format.reader();
    }
}
