package org.lora4j.nn.transformer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.MessageText;
import org.lora4j.internal.StrictJson;

/**
 * Reads the fields of a {@code config.json}, and collects what is wrong and what was read. A field that is null counts as
 * absent.
 */
final class JsonFields {
    static final String MODEL_TYPE = "model_type";

    static final String FILE = "config.json";

    /** A model has at most this many of anything, so that a wrong file cannot ask for more memory than there is. */
    private static final int MOST = 10_000_000;

    private final ObjectNode json;
    private final String prefix;
    private final List<String> problems;
    private final Map<String, Object> values;
    private final Set<String> dropouts = new LinkedHashSet<>();
    private Layers layers = new Layers("num_hidden_layers", 0);

    /**
     * The number of layers.
     *
     * @param field the field that says it
     * @param number the number
     */
    record Layers(String field, int number) {}

    JsonFields(ObjectNode json) {
        this(json, "", new ArrayList<>(), new LinkedHashMap<>());
    }

    private JsonFields(ObjectNode json, String prefix, List<String> problems, Map<String, Object> values) {
        this.json = json;
        this.prefix = prefix;
        this.problems = problems;
        this.values = values;
    }

    /**
     * Parses the text of a configuration.
     *
     * @param place the file, for messages
     */
    static ObjectNode parse(String place, String text) {
        if (StrictJson.parse(place, text) instanceof ObjectNode object) {
            return object;
        }
        throw new IllegalArgumentException(place + ": must be a JSON object, found something else");
    }

    /** Throws if something is wrong. */
    void requireNoProblems() {
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(FILE + ": must be that of a model which this library computes, found "
                    + MessageText.line(String.join("; ", problems)));
        }
    }

    /** What was read, by the names of the fields. */
    Map<String, Object> values() {
        return Collections.unmodifiableMap(values);
    }

    /** The fields that were read as a dropout. */
    Set<String> dropouts() {
        return Collections.unmodifiableSet(dropouts);
    }

    /** The number of layers that was read. */
    Layers layers() {
        return layers;
    }

    private <T> T read(String field, T value) {
        values.put(prefix + field, value);
        return value;
    }

    boolean has(String field) {
        return isThere(json.path(field));
    }

    /** Whether a field is there, even as null. */
    boolean mentions(String field) {
        return json.has(field);
    }

    private static boolean isThere(JsonNode value) {
        return !value.isMissingNode() && !value.isNull();
    }

    void refuse(String problem) {
        problems.add(prefix + problem);
    }

    private void refuse(String field, String expected, JsonNode found) {
        String value = found.isBoolean() ? found.toString() : MessageText.quote(found.toString());
        refuse(field + " must be " + expected + ", found " + (found.isMissingNode() ? "none" : value));
    }

    /** Refuses fields that are neither absent nor false. */
    void requireOff(String... fields) {
        for (String field : fields) {
            JsonNode value = json.path(field);
            if (isThere(value) && !(value.isBoolean() && !value.booleanValue())) {
                refuse(field, "false", value);
            }
        }
    }

    /** Refuses fields that are neither absent nor an empty object. */
    void requireEmpty(String... fields) {
        for (String field : fields) {
            JsonNode value = json.path(field);
            if (isThere(value) && !(value.isObject() && value.isEmpty())) {
                refuse(field, "empty", value);
            }
        }
    }

    /** Refuses mixtures of experts. */
    void requireNoExperts(String... fields) {
        for (String field : fields) {
            int found = integer(field, 0);
            if (found != 0) {
                refuse(field + " must be 0, as mixtures of experts are not supported, found " + found);
            }
        }
    }

    /** Refuses a field that is neither absent nor a text. */
    void requireText(String field, String expected) {
        String found = text(field, expected);
        if (!found.equals(expected)) {
            refuse(field + " must be " + expected + ", found " + MessageText.quote(found));
        }
    }

    /** The type of the model, or that of transformers' first one. */
    String modelType() {
        return text(MODEL_TYPE, "bert");
    }

    /** A text that must be one of some. */
    String oneOf(String field, String otherwise, List<String> allowed) {
        String found = text(field, otherwise);
        requireOneOf(field, allowed, found);
        return found;
    }

    /** The number of layers. */
    int layers(String field) {
        return layers(field, null);
    }

    int layers(String field, @Nullable Integer otherwise) {
        layers = new Layers(field, size(field, otherwise));
        return layers.number();
    }

    /** A number of something that a model has. */
    int size(String field) {
        return size(field, null);
    }

    int size(String field, @Nullable Integer otherwise) {
        int before = problems.size();
        int found = integer(field, otherwise);
        if (problems.size() == before && (found < 1 || found > MOST)) {
            refuse(field + " must be between 1 and " + MOST + ", found " + found);
        }
        return found;
    }

    /** An integer of at least 1, which needs no memory. */
    int positive(String field, @Nullable Integer otherwise) {
        int before = problems.size();
        int found = integer(field, otherwise);
        if (problems.size() == before && found < 1) {
            refuse(field + " must be positive, found " + found);
        }
        return found;
    }

    /** Refuses a number that does not divide another. */
    void requireDivides(String field, int found, String whole, int value) {
        if (found > 0 && value > 0 && value % found != 0) {
            refuse(field + " must divide " + whole + " " + value + ", found " + found);
        }
    }

    /**
     * The size of a head.
     *
     * @param otherwise the size without the field; 0 for the width divided among the heads
     */
    int headSize(String field, int otherwise, int width, int heads) {
        if (has(field) || otherwise != 0) {
            return size(field, otherwise);
        }
        if (heads < 1 || width % heads != 0) {
            refuse("num_attention_heads must divide hidden_size " + width + " if there is no " + field + ", found "
                    + heads);
            return 0;
        }
        return width / heads;
    }

    /** What is added under the root of a normalization. */
    double epsilon(String field, double otherwise) {
        int before = problems.size();
        double found = number(field, otherwise);
        if (problems.size() == before && !(found > 0 && found < 1)) {
            refuse(field + " must be between 0 and 1, found " + found);
        }
        return found;
    }

    /** The probability of a dropout in training. */
    double dropout(String field, double otherwise) {
        dropouts.add(field);
        int before = problems.size();
        double found = number(field, otherwise);
        if (problems.size() == before && !(found >= 0 && found < 1)) {
            refuse(field + " must be at least 0 and below 1, found " + found);
        }
        return found;
    }

    /** A token of the vocabulary. */
    int token(String field, int otherwise, int vocabulary) {
        int before = problems.size();
        int found = integer(field, otherwise);
        if (problems.size() == before && (found < 0 || found >= vocabulary)) {
            refuse(field + " must be a token below " + vocabulary + ", found " + found);
        }
        return found;
    }

    /** Refuses a text that is none of some. */
    void requireOneOf(String field, List<String> allowed, String found) {
        if (!allowed.contains(found)) {
            refuse(field + " must be one of " + allowed + ", found " + MessageText.quote(found));
        }
    }

    /** The fields of an object, or null if there is none. */
    @Nullable
    JsonFields object(String field) {
        JsonNode value = json.path(field);
        if (value instanceof ObjectNode object) {
            return new JsonFields(object, prefix + field + ".", problems, values);
        }
        if (isThere(value)) {
            refuse(field, "an object", value);
        }
        return null;
    }

    /** A list of integers; empty if there is none. */
    List<Integer> integers(String field) {
        List<Integer> integers = new ArrayList<>();
        JsonNode list = json.path(field);
        if (!isThere(list)) {
            return integers;
        }
        for (JsonNode value : list) {
            if (!list.isArray() || !value.isInt()) {
                refuse(field, "a list of integers", list);
                return List.of();
            }
            integers.add(value.intValue());
        }
        if (!list.isArray()) {
            refuse(field, "a list of integers", list);
        }
        return read(field, List.copyOf(integers));
    }

    /** A list of so many positive numbers. */
    double[] numbers(String field, int count) {
        JsonNode list = json.path(field);
        double[] numbers = new double[count];
        if (!list.isArray() || list.size() != count) {
            refuse(field + " must be a list of " + count + " positive numbers, found "
                    + (list.isArray() ? list.size() : "none"));
            return numbers;
        }
        for (int i = 0; i < count; i++) {
            numbers[i] = list.get(i).asDouble();
            if (!list.get(i).isNumber() || !(numbers[i] > 0)) {
                refuse(field, "a list of positive numbers", list.get(i));
            }
        }
        read(field, Arrays.stream(numbers).boxed().toList());
        return numbers;
    }

    /** The words of a text that are separated by {@code |}, or the texts of a list; each once. */
    List<String> words(String field) {
        JsonNode value = json.path(field);
        List<String> words = value.isTextual()
                ? List.of(value.textValue().toLowerCase(Locale.ROOT).split("\\|"))
                : texts(field);
        return read(
                field,
                words.stream()
                        .map(String::strip)
                        .filter(word -> !word.isEmpty())
                        .distinct()
                        .toList());
    }

    /** The texts of a list, or none. */
    List<String> texts(String field) {
        List<String> texts = new ArrayList<>();
        JsonNode list = json.path(field);
        for (JsonNode value : list) {
            if (!list.isArray() || !value.isTextual()) {
                refuse(field, "a list of texts", list);
                return List.of();
            }
            texts.add(value.textValue());
        }
        return texts.isEmpty() ? texts : read(field, List.copyOf(texts));
    }

    String text(String field, String otherwise) {
        JsonNode value = json.path(field);
        if (isThere(value) && !value.isTextual()) {
            refuse(field, "a text", value);
        }
        return read(field, value.isTextual() ? value.textValue() : otherwise);
    }

    boolean truth(String field, boolean otherwise) {
        JsonNode value = json.path(field);
        if (isThere(value) && !value.isBoolean()) {
            refuse(field, "true or false", value);
        }
        return read(field, value.asBoolean(otherwise));
    }

    int integer(String field) {
        return integer(field, null);
    }

    int integer(String field, @Nullable Integer otherwise) {
        JsonNode value = json.path(field);
        if (!isThere(value) && otherwise != null) {
            return read(field, otherwise);
        }
        boolean isInteger = value.isIntegralNumber() && value.canConvertToInt();
        if (!isInteger) {
            refuse(field, "an integer of 32 bits", value);
        }
        return read(field, isInteger ? value.intValue() : 0);
    }

    double number(String field) {
        return number(field, null);
    }

    double number(String field, @Nullable Double otherwise) {
        JsonNode value = json.path(field);
        if (!isThere(value) && otherwise != null) {
            return read(field, otherwise);
        }
        if (!value.isNumber()) {
            refuse(field, "a number", value);
        }
        return read(field, value.isNumber() ? value.doubleValue() : 0);
    }
}
