package org.lora4j.cli.serve;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import org.lora4j.text.job.Job;

/** The names that requests can give as their model. */
final class ModelList {
    private final ServedModel model;
    private final ServedNames names;

    ModelList(ServedModel model, ServedNames names) {
        this.model = model;
        this.names = names;
    }

    void addTo(Router router) {
        router.add("GET", "/v1/models", (Action.AtOnce) this::list);
        router.add("GET", "/v1/models/{name}", (Action.AtOnce) this::one);
        if (names.hasJobs()) {
            router.add("DELETE", "/v1/models/{name}", new Action.OfPath((call, body) -> delete(call)));
        }
    }

    private void list(Call call) throws IOException {
        ObjectNode node = JsonBody.MAPPER.createObjectNode().put("object", "list");
        ArrayNode data = node.putArray("data");
        names.list(call.client()).forEach((id, seconds) -> data.add(described(id, seconds)));
        call.answer().json(200, node);
    }

    private void one(Call call) throws IOException {
        String id = call.path("name");
        call.answer().json(200, described(id, names.seconds(call.client(), id)));
    }

    /** Deletes what a job of the client has trained. */
    private void delete(Call call) throws IOException {
        String id = call.path("name");
        names.require(call.client(), id);
        Job job = names.job(call.client(), id)
                .orElseThrow(() -> ApiException.of(
                        403,
                        "not_allowed",
                        "the model must be one that a job of this key has trained, found another one"));
        OnDisk.run(() -> job.withdraw(FineTunedName.adapter(id)));
        ObjectNode node = JsonBody.MAPPER
                .createObjectNode()
                .put("id", id)
                .put("object", "model")
                .put("deleted", true);
        call.answer().json(200, node);
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
