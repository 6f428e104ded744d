package org.lora4j.nn.transformer;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.lora4j.internal.MessageText;
import org.lora4j.internal.StrictJson;
import org.lora4j.nn.layer.Pooling;

/**
 * A pooling of sentence-transformers.
 *
 * @param methods how one vector is made of those of the tokens; the vectors of several methods stand one after the other
 * @param includesPrompt whether the tokens of a prompt count
 */
record SentencePooling(List<Pooling.Method> methods, boolean includesPrompt) {
    /** What sentence-transformers does if no file says how. */
    static final SentencePooling MEAN = new SentencePooling(List.of(Pooling.Method.MEAN), true);

    private static final String MODE = "pooling_mode";
    private static final String INCLUDES_PROMPT = "include_prompt";

    /** A mode by its name, and by the name of its field in older files. They are in the order of the vectors of older files. */
    private record Mode(String name, String field, Pooling.Method method) {}

    private static final List<Mode> MODES = List.of(
            new Mode("cls", MODE + "_cls_token", Pooling.Method.CLS),
            new Mode("max", MODE + "_max_tokens", Pooling.Method.MAX),
            new Mode("mean", MODE + "_mean_tokens", Pooling.Method.MEAN),
            new Mode("mean_sqrt_len_tokens", MODE + "_mean_sqrt_len_tokens", Pooling.Method.MEAN_SQRT_LENGTH),
            new Mode("weightedmean", MODE + "_weightedmean_tokens", Pooling.Method.WEIGHTED_MEAN),
            new Mode("lasttoken", MODE + "_lasttoken", Pooling.Method.LAST));

    /**
     * Parses the file of a pooling.
     *
     * @param file the name of the file, for messages
     * @throws IllegalArgumentException if it names no mode, or one that this library does not compute
     */
    static SentencePooling parse(String file, String text) {
        JsonNode json = StrictJson.parse(file, text);
        JsonNode includesPrompt = json.path(INCLUDES_PROMPT);
        if (!includesPrompt.isMissingNode() && !includesPrompt.isBoolean()) {
            throw refuse(file, INCLUDES_PROMPT, "must be true or false", includesPrompt);
        }
        // The newer field decides alone.
        List<Pooling.Method> methods =
                json.path(MODE).isMissingNode() ? ofFields(file, json) : ofNames(file, json.path(MODE));
        if (methods.isEmpty()) {
            throw new IllegalArgumentException(file + ": must name at least one pooling mode, one of "
                    + MODES.stream().map(Mode::name).toList() + ", found none");
        }
        if (methods.size() != Set.copyOf(methods).size()) {
            throw refuse(file, MODE, "must name each mode once", json.path(MODE));
        }
        return new SentencePooling(methods, includesPrompt.asBoolean(true));
    }

    private static List<Pooling.Method> ofNames(String file, JsonNode names) {
        List<Pooling.Method> methods = new ArrayList<>();
        for (JsonNode name : names.isArray() ? names : List.of(names)) {
            Optional<Mode> mode = MODES.stream()
                    .filter(known -> name.isTextual() && known.name().equals(name.textValue()))
                    .findFirst();
            methods.add(mode.orElseThrow(() -> refuse(
                            file,
                            MODE,
                            "must be one or a list of "
                                    + MODES.stream().map(Mode::name).toList(),
                            name))
                    .method());
        }
        return methods;
    }

    private static List<Pooling.Method> ofFields(String file, JsonNode json) {
        List<String> unknown = new ArrayList<>();
        for (Map.Entry<String, JsonNode> field : json.properties()) {
            String key = field.getKey();
            if (!key.startsWith(MODE)) {
                continue;
            }
            if (!field.getValue().isBoolean()) {
                throw refuse(file, key, "must be true or false", field.getValue());
            }
            if (field.getValue().booleanValue()
                    && MODES.stream().noneMatch(mode -> mode.field().equals(key))) {
                unknown.add(key);
            }
        }
        if (!unknown.isEmpty()) {
            throw new IllegalArgumentException(file + ": the pooling modes must be of "
                    + MODES.stream().map(Mode::field).toList() + ", found " + MessageText.list(unknown)
                    + "; this library computes no other");
        }
        return MODES.stream()
                .filter(mode -> json.path(mode.field()).asBoolean(false))
                .map(Mode::method)
                .toList();
    }

    private static IllegalArgumentException refuse(String file, String field, String rule, JsonNode found) {
        return new IllegalArgumentException(
                file + ": " + field + " " + rule + ", found " + MessageText.quote(found.toString()));
    }
}
