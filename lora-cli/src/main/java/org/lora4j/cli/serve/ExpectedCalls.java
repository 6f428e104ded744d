package org.lora4j.cli.serve;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.lora4j.text.chat.Conversation;
import org.lora4j.text.tools.AnswerForm;
import org.lora4j.text.tools.ForcedCall;
import org.lora4j.text.tools.ToolFormat;

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
    private static final String FIELD = "tools";

    /**
     * Returns the grammar of the answer: forced calls, or else calls or JSON.
     *
     * @param schema what the JSON fits, or null for any text
     * @return null for any text and calls
     */
    @Nullable
    AskedGrammar grammar(@Nullable String schema, Conversation conversation, ServedDecoder decoder) {
        if (forced != null) {
            return grammar(forced);
        }
        if (schema == null) {
            return strict == null ? null : decoder.begunBy(FIELD, strict);
        }
        ForcedCall call = conversation.forcedCall(format, Optional.empty());
        return grammar((isParallel ? call.repeated() : call).orJson(schema));
    }

    private static AskedGrammar grammar(ForcedCall calls) {
        return new AskedGrammar(FIELD, calls, calls::grammar, null);
    }

    /** Adds the calls to what is read from an answer. */
    AnswerForm in(AnswerForm form, Conversation conversation) {
        return form.withCalls(format, conversation.describedTools());
    }
}
