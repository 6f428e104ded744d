package org.lora4j.generate;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.Objects;
import org.lora4j.LoRAModel;
import org.lora4j.io.FingerprintCheck;
import org.lora4j.io.ReadOptions;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.nn.transformer.PretrainedModel;

/** A case that PyTorch and PEFT generated: a model, an adapter, prompts and tokens. */
record GenerateCase(Path folder, SafeTensors io) {
    static final int PROMPTS = 3;

    static GenerateCase of(String name) throws Exception {
        Path folder = Path.of(Objects.requireNonNull(GenerateCase.class.getResource("/golden/" + name))
                .toURI());
        return new GenerateCase(folder, SafeTensors.read(folder.resolve("io.safetensors")));
    }

    /** The base with the adapter "peft". */
    LoRAModel model() throws Exception {
        LoRAModel model = LoRAModel.of(PretrainedModel.load(folder).causal());
        model.load("peft", folder.resolve("adapter"), ReadOptions.of(FingerprintCheck.IGNORE));
        return model;
    }

    JsonNode settings() throws Exception {
        return new ObjectMapper().readTree(folder.resolve("case.json").toFile()).path("settings");
    }

    int newTokens() throws Exception {
        return settings().path("new_tokens").asInt();
    }

    int[] ids(String tensor) throws Exception {
        return io.tensor(tensor).dup().toIntVector();
    }

    int[] prompt(int i) throws Exception {
        return ids("prompt_" + i);
    }
}
