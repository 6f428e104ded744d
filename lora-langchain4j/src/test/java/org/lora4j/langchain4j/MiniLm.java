package org.lora4j.langchain4j;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.text.data.OnnxWeights;

/** all-MiniLM-L6-v2 as a folder of Hugging Face's hub, made from the resources of LangChain4j's artifact. */
final class MiniLm {
    private static final String CONFIG = """
            {"model_type": "bert", "architectures": ["BertModel"], "hidden_act": "gelu", "hidden_size": 384,
             "num_hidden_layers": 6, "num_attention_heads": 12, "intermediate_size": 1536, "vocab_size": 30522,
             "max_position_embeddings": 512, "type_vocab_size": 2, "layer_norm_eps": 1e-12, "pad_token_id": 0,
             "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1}
            """;

    private static final Path FOLDER = write(Path.of("target", "all-MiniLM-L6-v2"));

    private MiniLm() {}

    static Path folder() {
        return FOLDER;
    }

    /** The files of the folder, without what a test replaces. */
    static Path copy(Path folder, String... files) throws IOException {
        for (String file : files.length == 0 ? filesOfTheFolder() : List.of(files)) {
            Files.copy(FOLDER.resolve(file), folder.resolve(file), StandardCopyOption.REPLACE_EXISTING);
        }
        return folder;
    }

    private static List<String> filesOfTheFolder() {
        return List.of("config.json", "model.safetensors", "tokenizer.json");
    }

    private static InputStream resource(String name) {
        return Objects.requireNonNull(MiniLm.class.getResourceAsStream(name), name);
    }

    private static Path write(Path folder) {
        try (InputStream onnx = resource("/all-minilm-l6-v2.onnx");
                InputStream tokenizer = resource("/all-minilm-l6-v2-tokenizer.json")) {
            Files.createDirectories(folder);
            Files.writeString(folder.resolve("config.json"), CONFIG);
            Files.copy(tokenizer, folder.resolve("tokenizer.json"), StandardCopyOption.REPLACE_EXISTING);
            SafeTensors.of(OnnxWeights.read(onnx), Map.of()).write(folder.resolve("model.safetensors"));
            return folder;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
