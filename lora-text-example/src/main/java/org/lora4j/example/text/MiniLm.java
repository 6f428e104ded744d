package org.lora4j.example.text;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.text.data.OnnxWeights;

/**
 * The model all-MiniLM-L6-v2: an encoder of 23 million weights, with 6 layers of width 384, trained for sentence embeddings.
 * It is part of this program as an ONNX file. Nothing is downloaded.
 */
public final class MiniLm {
    private static final String SHA256 = "2c1ddbe6f92a30bb64a1577cc5c7085355e9349dc64f8bb78e11ebbec3541b59";

    private static final List<String> SETTINGS =
            List.of("config.json", "modules.json", "1_Pooling/config.json", "sentence_bert_config.json");

    private MiniLm() {}

    /**
     * Writes the model as Hugging Face stores it: the configuration, the weights, the tokenizer, and how sentence embeddings are
     * made.
     * If the folder has the model already, it is only checked.
     *
     * @param folder the folder, created if it does not exist
     * @return the folder
     * @throws IOException if a file cannot be written, or the folder has another model
     */
    public static Path write(Path folder) throws IOException {
        Path tensors = folder.resolve("model.safetensors");
        if (Files.exists(tensors)) {
            requireHash(tensors, "choose another folder");
            return folder;
        }
        Files.createDirectories(folder);
        for (String file : SETTINGS) {
            Path target = folder.resolve(file);
            Files.createDirectories(Objects.requireNonNull(target.getParent()));
            copy("model/" + file, target);
        }
        copy("/all-minilm-l6-v2-tokenizer.json", folder.resolve("tokenizer.json"));
        Path part = folder.resolve(".model.safetensors." + UUID.randomUUID() + ".part");
        try (InputStream onnx = resource("/all-minilm-l6-v2.onnx")) {
            SafeTensors.of(OnnxWeights.read(onnx), Map.of("format", "pt")).write(part);
            requireHash(part, "report it as an error of this program");
            // The tensors last: a folder that has them has all.
            Files.move(part, tensors, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(part);
        }
        return folder;
    }

    private static void requireHash(Path file, String advice) throws IOException {
        String found;
        try {
            MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
            found = HexFormat.of().formatHex(sha256.digest(Files.readAllBytes(file)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
        if (!found.equals(SHA256)) {
            throw new IOException(
                    "%s: must be all-MiniLM-L6-v2 as this program writes it, with the SHA-256 %s, found %s; %s"
                            .formatted(file, SHA256, found, advice));
        }
    }

    static void copy(String resource, Path file) throws IOException {
        try (InputStream content = resource(resource)) {
            Files.copy(content, file, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    private static InputStream resource(String name) {
        return Objects.requireNonNull(MiniLm.class.getResourceAsStream(name), name);
    }
}
