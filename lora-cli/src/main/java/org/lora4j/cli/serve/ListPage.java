package org.lora4j.cli.serve;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A part of a list, in the form of OpenAI: {@code after} is the id of the last element of the page before. */
final class ListPage {
    private final List<ObjectNode> elements;
    private final boolean hasMore;

    private ListPage(List<ObjectNode> elements, boolean hasMore) {
        this.elements = elements;
        this.hasMore = hasMore;
    }

    /**
     * Takes a page.
     *
     * @param all what the list has behind {@code after}
     * @param limit how many elements a page has at most
     * @param json writes an element, with its id
     */
    static <T> ListPage of(List<T> all, int limit, Function<T, ObjectNode> json) {
        return new ListPage(all.stream().limit(limit).map(json).toList(), all.size() > limit);
    }

    /** Writes the page. */
    ObjectNode json() {
        ObjectNode node = JsonBody.MAPPER.createObjectNode().put("object", "list");
        ArrayNode data = node.putArray("data");
        elements.forEach(data::add);
        return node.put("has_more", hasMore);
    }

    /** Writes the page with the ids of its first and last element, which are null for an empty one. */
    ObjectNode jsonWithIds() {
        return json().put("first_id", id(0)).put("last_id", id(elements.size() - 1));
    }

    private @Nullable String id(int index) {
        return elements.isEmpty() ? null : elements.get(index).path("id").textValue();
    }
}
