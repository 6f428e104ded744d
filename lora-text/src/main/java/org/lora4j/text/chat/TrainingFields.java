package org.lora4j.text.chat;

import java.util.List;
import java.util.Map;
import org.lora4j.text.internal.TextCheck;

/** Fields of conversations that would change what a training learns or what a template writes, and that nobody reads here. */
final class TrainingFields {
    private static final String WEIGHT = "write \"weight\": 0 in messages of the assistant that are not to be learned";
    private static final String MEDIA = "leave out such lines: a model of texts cannot learn them";

    /** Those of a message, and what to do instead. */
    private static final Map<String, String> OF_MESSAGE = Map.ofEntries(
            Map.entry("train", WEIGHT),
            Map.entry("training", WEIGHT),
            Map.entry("train_detail", WEIGHT),
            Map.entry("training_detail", WEIGHT),
            Map.entry("train_on_turn", WEIGHT),
            Map.entry("loss", WEIGHT),
            Map.entry("loss_scale", WEIGHT),
            Map.entry("loss_weight", WEIGHT),
            Map.entry("mask", WEIGHT),
            Map.entry("masked", WEIGHT),
            Map.entry("function_call", "write tool_calls, a list of {\"type\": \"function\", \"function\": ...}"),
            Map.entry("refusal", "write what the assistant says in content"),
            Map.entry("audio", MEDIA),
            Map.entry("images", MEDIA),
            Map.entry("videos", MEDIA));

    /** Those that stand beside the messages. */
    private static final Map<String, String> OF_ROW = Map.of(
            "functions", "write tools, a list of {\"type\": \"function\", \"function\": ...}",
            "chat_template_kwargs", "leave it out");

    private TrainingFields() {}

    /**
     * Checks the values of a message.
     *
     * @throws IllegalArgumentException if one of them would have to change the training
     */
    static void requireOfMessage(Map<String, ?> values) {
        require(values, OF_MESSAGE);
    }

    /**
     * Checks the values of a row, or of what has messages in it.
     *
     * @throws IllegalArgumentException if one of them would have to change the training
     */
    static void requireOfRow(Map<String, ?> values) {
        require(values, OF_ROW);
    }

    private static void require(Map<String, ?> values, Map<String, String> unsupported) {
        values.forEach((name, value) -> {
            if (unsupported.containsKey(name) && !saysNothing(value)) {
                throw new IllegalArgumentException(name + " must be left out, because it is not supported, found "
                        + TextCheck.line(String.valueOf(value)) + "; " + unsupported.get(name));
            }
        });
    }

    /** The files of many data sets have all fields everywhere. */
    private static boolean saysNothing(Object value) {
        return value == null
                || (value instanceof List<?> list && list.isEmpty())
                || (value instanceof Map<?, ?> map && map.isEmpty())
                || (value instanceof String text && text.isBlank());
    }
}
