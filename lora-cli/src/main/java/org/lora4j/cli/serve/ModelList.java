package org.lora4j.cli.serve;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;

/** The names that requests can give as their model. */
final class ModelList {
    private final ServedModel model;

    ModelList(ServedModel model) {
        this.model = model;
    }

    void addTo(Router router) {
        router.add("GET", "/v1/models", (Action.AtOnce) this::list);
        router.add("GET", "/v1/models/{name}", (Action.AtOnce) this::one);
    }

    private void list(Call call) throws IOException {
        ObjectNode node = JsonBody.MAPPER.createObjectNode().put("object", "list");
        ArrayNode data = node.putArray("data");
        model.names().forEach((id, seconds) -> {
            if (call.client().access().may(id)) {
                data.add(described(id, seconds));
            }
        });
        call.answer().json(200, node);
    }

    private void one(Call call) throws IOException {
        String id = call.path("name");
        call.client().access().require(id);
        Long seconds = model.names().get(id);
        if (seconds == null) {
            throw ApiException.unknownModel(id);
        }
        call.answer().json(200, described(id, seconds));
    }

    private ObjectNode described(String id, long seconds) {
        ObjectNode entry = JsonBody.MAPPER
                .createObjectNode()
                .put("id", id)
                .put("object", "model")
                .put("created", seconds)
                .put("owned_by", "lora4j");
        TaskFacts facts = model.facts(id);
        if (facts != null) {
            facts.addTo(entry);
        }
        return entry;
    }
}
