package org.lora4j.text.grammar.internal;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.lora4j.internal.MessageText;

/** JSON values by their texts, so that many are compared quickly, whatever the hash codes of their characters are. */
final class SchemaValues {
    private SchemaValues() {}

    /** The keys of values, in a new set. */
    static Set<String> keys(List<JsonNode> values) {
        return values.stream().map(SchemaValues::key).collect(Collectors.toCollection(HashSet::new));
    }

    /** Whether its texts have no halves of surrogate pairs. */
    static boolean isUnicode(JsonNode value) {
        return MessageText.isUnicode(value.toString());
    }

    /** A text that equal values share, and different ones do not: numbers by their value, objects in any order of their names. */
    static String key(JsonNode value) {
        if (value.isNumber()) {
            return value.decimalValue().stripTrailingZeros().toString();
        }
        if (value.isArray()) {
            return value.valueStream().map(SchemaValues::key).collect(Collectors.joining(",", "[", "]"));
        }
        if (value.isObject()) {
            Map<String, String> sorted = new TreeMap<>();
            value.properties()
                    .forEach(entry -> sorted.put(key(TextNode.valueOf(entry.getKey())), key(entry.getValue())));
            return sorted.toString();
        }
        return value.toString();
    }
}
