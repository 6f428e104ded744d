package org.lora4j.text.task;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.lora4j.text.data.Labels;
import org.lora4j.text.tokens.Prompts;

/** The fields of tasks in JSON files, as {@link Prompts#parse} and {@link Labels#parse} read them. */
final class TaskJson {
    private TaskJson() {}

    /** Writes prompts; nothing if there are none. */
    static void write(Prompts prompts, ObjectNode json) {
        if (!prompts.texts().isEmpty()) {
            ObjectNode written = json.putObject("prompts");
            prompts.texts().forEach(written::put);
        }
        if (prompts.defaultName() != null) {
            json.put("default_prompt_name", prompts.defaultName());
        }
    }

    /** Writes {@code id2label} and {@code label2id}. */
    static void write(Labels labels, ObjectNode json) {
        ObjectNode byId = json.putObject("id2label");
        ObjectNode byName = json.putObject("label2id");
        for (int id = 0; id < labels.count(); id++) {
            byId.put(String.valueOf(id), labels.name(id));
            byName.put(labels.name(id), id);
        }
    }
}
