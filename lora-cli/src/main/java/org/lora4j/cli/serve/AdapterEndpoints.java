package org.lora4j.cli.serve;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import org.lora4j.internal.MessageText;
import org.lora4j.serve.ServingException;

/**
 * Loads and unloads adapters, in the form of vLLM. They lie in the folder of the adapters, and clients say only their names: each is loaded
 * when a request needs it, so this only says when.
 */
final class AdapterEndpoints {
    private static final FieldRules LOAD = FieldRules.only(Set.of("lora_name", "lora_path", "load_inplace"));
    private static final FieldRules UNLOAD = FieldRules.only(Set.of("lora_name", "lora_int_id"));
    private static final String TEXT = "text/plain; charset=utf-8";

    private final ServedModel model;
    private final ServedNames names;

    AdapterEndpoints(ServedModel model, ServedNames names) {
        this.model = model;
        this.names = names;
    }

    void addTo(Router router) {
        router.add("POST", "/v1/load_lora_adapter", new Action.OfJson(this::load));
        router.add("POST", "/v1/unload_lora_adapter", new Action.OfJson(this::unload));
    }

    private void load(Call call, TextBody text) throws IOException {
        JsonBody body = text.json(LOAD);
        String adapter = adapter(call, body);
        String name = body.text("lora_name");
        if (!body.text("lora_path").equals(name)) {
            throw ApiException.field(
                    "lora_path",
                    "the same name as lora_name, a sub-folder of the folder of adapters",
                    MessageText.quote(body.text("lora_path")));
        }
        if (model.isLoaded(adapter)) {
            if (!body.flag("load_inplace")) {
                throw ApiException.field(
                        "lora_name", "one that is not loaded, or load_inplace true", MessageText.quote(name));
            }
            model.refresh(adapter);
        }
        try {
            model.load(adapter);
        } catch (ServingException e) {
            throw ApiException.field("lora_name", "the name of an adapter that can be loaded", MessageText.quote(name));
        }
        answer(call, "Success: LoRA adapter '" + name + "' added successfully.");
    }

    private void unload(Call call, TextBody text) throws IOException {
        JsonBody body = text.json(UNLOAD);
        JsonNode id = body.get("lora_int_id");
        if (id != null && !id.isIntegralNumber()) {
            throw JsonBody.wrong("lora_int_id", "a whole number", id);
        }
        String adapter = adapter(call, body);
        model.refresh(adapter);
        answer(call, "Success: LoRA adapter '" + body.text("lora_name") + "' removed successfully.");
    }

    private String adapter(Call call, JsonBody body) {
        call.client().requireTrains();
        String name = body.text("lora_name");
        if (name.equals(model.name())) {
            throw ApiException.unknownModel(name);
        }
        names.require(call.client(), name);
        return FineTunedName.adapter(name);
    }

    private static void answer(Call call, String text) {
        call.answer().send(200, TEXT, text.getBytes(StandardCharsets.UTF_8));
    }
}
