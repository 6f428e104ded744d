package org.lora4j.example.text.model;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import org.lora4j.example.support.onnx.OnnxWeights;
import org.lora4j.example.support.onnx.Resource;
import org.lora4j.io.FileAccess;
import org.lora4j.io.SafeTensors;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A folder with a model in the form of Hugging Face's {@code transformers}, {@code config.json} and
 * {@code model.safetensors}, converted from an ONNX file. The conversion runs once; later the files are only checked.
 *
 * @param onnx the ONNX file
 * @param onnxSha256 its SHA-256 in hexadecimal
 * @param config the content of {@code config.json}
 * @param tensorsSha256 the SHA-256 of {@code model.safetensors}
 */
record ModelFolder(Resource onnx, String onnxSha256, Resource config, String tensorsSha256) {
    static final String CONFIG = "config.json";
    static final String TENSORS = "model.safetensors";

    /**
     * Makes sure that the folder holds the model.
     *
     * @param folder the folder, created if it does not exist
     * @throws IOException if the ONNX file is not the expected one, a file that is already there differs from the expected
     *     one, or a file cannot be written; a folder without the model gets all of it or nothing
     */
    void prepare(Path folder) throws IOException {
        if (!Files.exists(folder.resolve(TENSORS))) {
            convert(folder);
        }
        requireHash(folder.resolve(CONFIG), Sha256.of(config));
        requireHash(folder.resolve(TENSORS), tensorsSha256);
    }

    private static void requireHash(Path file, String expected) throws IOException {
        String found = Sha256.of(() -> Channels.newInputStream(FileAccess.open(file)));
        if (!found.equals(expected)) {
            throw new IOException(
                    ("%s: must be the file that this program wrote, with the SHA-256 %s, found %s; delete it,"
                                    + " and the program writes it again, or choose another folder with --model-folder")
                            .formatted(file, expected, found));
        }
    }

    private void convert(Path folder) throws IOException {
        String found = Sha256.of(onnx);
        if (!found.equals(onnxSha256)) {
            throw new IOException(
                    "the ONNX file on the class path must have the SHA-256 %s, found %s; build the program again"
                            .formatted(onnxSha256, found));
        }
        Map<String, INDArray> weights = OnnxWeights.read(onnx);
        Files.createDirectories(folder);
        Path part = Files.createTempDirectory(folder, ".part");
        Path newConfig = part.resolve(CONFIG);
        Path newTensors = part.resolve(TENSORS);
        try {
            try (InputStream content = config.open()) {
                Files.copy(content, newConfig);
            }
            SafeTensors.of(weights, Map.of("format", "pt")).write(newTensors);
            String converted = Sha256.of(() -> Files.newInputStream(newTensors));
            if (!converted.equals(tensorsSha256)) {
                throw new IOException(
                        "the converted %s must have the SHA-256 %s, found %s; report it as an error of this program"
                                .formatted(TENSORS, tensorsSha256, converted));
            }
            // The tensors last: a folder that has them has all.
            Files.move(newConfig, folder.resolve(CONFIG), StandardCopyOption.ATOMIC_MOVE);
            Files.move(newTensors, folder.resolve(TENSORS), StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(newConfig);
            Files.deleteIfExists(newTensors);
            Files.deleteIfExists(part);
        }
    }
}
