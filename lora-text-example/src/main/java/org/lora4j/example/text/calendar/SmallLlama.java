package org.lora4j.example.text.calendar;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Objects;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.text.DecoderFolder;
import org.nd4j.linalg.api.buffer.DataType;

/** A Llama from random weights, with a tokenizer and a chat template that writes calls as Qwen does. */
final class SmallLlama {
    private SmallLlama() {}

    static InputStream resource(String name) {
        return Objects.requireNonNull(SmallLlama.class.getResourceAsStream(name), name);
    }

    /**
     * Writes the model into a folder, and opens it as any other model.
     *
     * @param folder the folder, created if it does not exist
     * @param seed the seed of the weights
     */
    static DecoderFolder create(Path folder, long seed) throws IOException {
        Files.createDirectories(folder);
        for (String name : new String[] {"tokenizer.json", "tokenizer_config.json", "chat_template.jinja"}) {
            try (InputStream file = resource(name)) {
                Files.copy(file, folder.resolve(name), StandardCopyOption.REPLACE_EXISTING);
            }
        }
        try (InputStream config = resource("config.json")) {
            String json = new String(config.readAllBytes(), StandardCharsets.UTF_8);
            PretrainedModel model = PretrainedModel.initialize(ModelConfig.parse(json), DataType.FLOAT, seed);
            model.save(model.causal(), folder);
        }
        return DecoderFolder.open(folder, DataType.FLOAT);
    }
}
