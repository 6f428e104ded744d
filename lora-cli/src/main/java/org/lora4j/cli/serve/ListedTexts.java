package org.lora4j.cli.serve;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.UUID;

/** What answers with an entry for each text have in common, in the form of vLLM's classifiers. */
final class ListedTexts {
    private ListedTexts() {}

    /** Begins an answer. */
    static ObjectNode begin(String kind, String model) {
        return JsonBody.MAPPER
                .createObjectNode()
                .put("id", kind + "-" + UUID.randomUUID())
                .put("object", "list")
                .put("created", System.currentTimeMillis() / 1000)
                .put("model", model);
    }

    /** Adds the tokens that were read, and ends the answer. */
    static ObjectNode end(ObjectNode answer, int tokens) {
        answer.putObject("usage")
                .put("prompt_tokens", tokens)
                .put("total_tokens", tokens)
                .put("completion_tokens", 0);
        return answer;
    }
}
