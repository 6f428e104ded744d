package org.lora4j.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.lora4j.io.ModelSource;

/** What kind of model a folder of Hugging Face's hub has. */
public enum ModelKind {
    /** An encoder of the BERT family. */
    ENCODER,
    /** A decoder of the Llama family. */
    LLAMA,
    /** A GPT-2. */
    GPT2;

    private static final String CONFIG = "config.json";

    /**
     * Returns whether it predicts the next token.
     *
     * @return false for an encoder
     */
    public boolean isDecoder() {
        return this != ENCODER;
    }

    /**
     * Reads {@code model_type} of {@code config.json}. A folder without one is an encoder.
     *
     * @param folder the folder of a model
     * @return its kind
     * @throws IOException if there is no such folder, it has no configuration, or the model is of another kind
     * @throws IllegalArgumentException if {@code config.json} is no JSON object
     */
    public static ModelKind of(Path folder) throws IOException {
        String type = config(folder).path("model_type").asText("bert");
        return switch (type) {
            case "bert", "roberta", "xlm-roberta" -> ENCODER;
            case "llama", "mistral", "qwen2", "qwen3" -> LLAMA;
            case "gpt2" -> GPT2;
            default ->
                throw new IOException(folder.resolve(CONFIG)
                        + ": model_type must be bert, roberta, xlm-roberta, llama, mistral, qwen2, qwen3 or gpt2, found '"
                        + type + "'");
        };
    }

    /**
     * Returns whether a folder says that its model is a classifier.
     *
     * @param folder the folder of the model
     * @return true if {@code architectures} of {@code config.json} has one
     * @throws IOException as {@link #of}
     */
    public static boolean classifies(Path folder) throws IOException {
        for (JsonNode architecture : config(folder).path("architectures")) {
            if (architecture.asText().endsWith("ForSequenceClassification")) {
                return true;
            }
        }
        return false;
    }

    private static ObjectNode config(Path folder) throws IOException {
        Objects.requireNonNull(folder, "folder must not be null");
        if (!Files.isDirectory(folder)) {
            throw new FileSystemException(
                    folder.toString(),
                    null,
                    Files.exists(folder)
                            ? "must be the folder of a model, found a file"
                            : "must be the folder of a model, found nothing");
        }
        if (!Files.exists(folder.resolve(CONFIG))) {
            boolean isAdapter = Files.exists(folder.resolve("adapter_config.json"));
            throw new FileSystemException(
                    folder.toString(),
                    null,
                    "must be the folder of a model, with config.json, found "
                            + (isAdapter ? "an adapter; give the folder of its base" : "none"));
        }
        String text = Objects.requireNonNull(Json.textIfExists(ModelSource.of(folder), CONFIG));
        return Json.object(folder.resolve(CONFIG).toString(), text);
    }

    /**
     * Refuses a model of the wrong kind.
     *
     * @param folder the folder of a model
     * @param decoder whether a decoder is needed, or else an encoder
     * @param what what needs it
     * @return the kind
     * @throws IOException if the model is of the other kind, or as {@link #of}
     */
    public static ModelKind require(Path folder, boolean decoder, String what) throws IOException {
        Objects.requireNonNull(what, "what must not be null");
        ModelKind kind = of(folder);
        if (kind.isDecoder() != decoder) {
            throw new IOException("%s: %s needs %s, found %s"
                    .formatted(
                            folder,
                            what,
                            decoder ? "a decoder, such as Llama, Qwen or GPT-2" : "an encoder of the BERT family",
                            kind.isDecoder() ? "a decoder" : "an encoder of the BERT family"));
        }
        return kind;
    }
}
