package org.lora4j.text.internal.vocabulary;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/** Settings of a tokenizer, of which some contain others: a {@code Sequence} has a list, whose name differs. */
final class JsonNodes {
    private JsonNodes() {}

    /** Returns the value and all objects within it that say their type. */
    static List<JsonNode> withType(JsonNode settings) {
        List<JsonNode> found = new ArrayList<>();
        collect(settings, found);
        return found;
    }

    private static void collect(JsonNode node, List<JsonNode> found) {
        if (node.isObject() && node.path("type").isTextual()) {
            found.add(node);
        }
        node.forEach(child -> collect(child, found));
    }
}
