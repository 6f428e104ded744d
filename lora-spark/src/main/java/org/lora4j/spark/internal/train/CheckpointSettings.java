package org.lora4j.spark.internal.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.lora4j.internal.StrictJson;

/** The settings of a training by name, and a hash of its rows, as a checkpoint stores them. */
final class CheckpointSettings {
    private final ObjectNode values;

    private CheckpointSettings(ObjectNode values) {
        this.values = values;
    }

    CheckpointSettings() {
        this(StrictJson.MAPPER.createObjectNode());
    }

    /** Reads settings. A text that is damaged has none. */
    static CheckpointSettings parse(String text) {
        try {
            return StrictJson.MAPPER.readTree(text) instanceof ObjectNode object
                    ? new CheckpointSettings(object)
                    : new CheckpointSettings();
        } catch (JsonProcessingException e) {
            return new CheckpointSettings();
        }
    }

    CheckpointSettings put(String name, Object value) {
        values.put(name, String.valueOf(value));
        return this;
    }

    String text() {
        return values.toString();
    }

    /** Describes each setting that another training has not, or not with this value. */
    List<String> differences(CheckpointSettings found) {
        TreeSet<String> names = new TreeSet<>();
        values.fieldNames().forEachRemaining(names::add);
        found.values.fieldNames().forEachRemaining(names::add);
        List<String> differences = new ArrayList<>();
        for (String name : names) {
            JsonNode own = values.path(name);
            JsonNode other = found.values.path(name);
            if (!own.equals(other)) {
                differences.add(name + " is " + describe(own) + " now, and was " + describe(other));
            }
        }
        return differences;
    }

    private static String describe(JsonNode value) {
        return value.isMissingNode() ? "not set" : value.asText();
    }
}
