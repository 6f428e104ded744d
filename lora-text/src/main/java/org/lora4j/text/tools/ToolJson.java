package org.lora4j.text.tools;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import org.lora4j.internal.MessageText;
import org.lora4j.internal.StrictJson;

/** JSON of tools and of their calls. Jackson's limits hold for how deep and how long values are. */
final class ToolJson {
    /** Where an object began, which is before a text that is not shown. */
    private static final Pattern START = Pattern.compile(" \\(start marker at .*", Pattern.DOTALL);

    private ToolJson() {}

    /**
     * Parses an object.
     *
     * @param what what it is, for the message
     * @throws IllegalArgumentException if it is not one
     */
    static ObjectNode object(String what, String json) {
        String found;
        try {
            if (StrictJson.MAPPER.readTree(json) instanceof ObjectNode object) {
                return object;
            }
            found = MessageText.quote(json);
        } catch (JsonProcessingException e) {
            found = MessageText.quote(json) + ": "
                    + MessageText.shorten(START.matcher(e.getOriginalMessage()).replaceFirst(""));
        }
        throw new IllegalArgumentException(what + " must be a JSON object, found " + found);
    }

    /** Whether a text is an object and nothing else. */
    static boolean isObject(String json) {
        try {
            return StrictJson.MAPPER.readTree(json) instanceof ObjectNode;
        } catch (JsonProcessingException e) {
            return false;
        }
    }

    /** Parses an object, as {@link #object} does. */
    @SuppressWarnings("unchecked") // what Jackson makes of an object
    static Map<String, Object> map(String what, String json) {
        return StrictJson.MAPPER.convertValue(object(what, json), LinkedHashMap.class);
    }

    /**
     * Writes a value.
     *
     * @param what what it is, for the message
     * @throws IllegalArgumentException if it is something else than a text, a number, a boolean, a list or a map of such values
     */
    static String write(String what, Object value) {
        try {
            return StrictJson.MAPPER.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(
                    what + " must have texts, numbers, booleans, lists and maps, found " + e.getOriginalMessage(), e);
        }
    }

    /** Whether two values are the same if numbers count by their value. */
    static boolean areSame(JsonNode one, JsonNode other) {
        return one.equals(ToolJson::compare, other);
    }

    private static int compare(JsonNode one, JsonNode other) {
        boolean isSame = one.equals(other)
                || (isFinite(one) && isFinite(other) && one.decimalValue().compareTo(other.decimalValue()) == 0);
        return isSame ? 0 : 1;
    }

    /** A number such as 1e999 is read as one that is not finite. */
    private static boolean isFinite(JsonNode value) {
        return value.isNumber() && Double.isFinite(value.doubleValue());
    }
}
