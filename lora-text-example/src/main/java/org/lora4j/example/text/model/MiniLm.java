package org.lora4j.example.text.model;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import org.lora4j.example.support.onnx.Resource;
import org.lora4j.nn.transformer.BertModel;
import org.lora4j.text.Tokenizer;

/**
 * The model all-MiniLM-L6-v2: an encoder of 22 million weights, with 6 layers of width 384, trained for sentence embeddings.
 */
public final class MiniLm {
    private static final String ONNX_SHA256 = "759c3cd2b7fe7e93933ad23c4c9181b7396442a2ed746ec7c1d46192c469c46e";
    private static final String TENSORS_SHA256 = "2c1ddbe6f92a30bb64a1577cc5c7085355e9349dc64f8bb78e11ebbec3541b59";

    /** {@code max_position_embeddings} of its configuration. */
    private static final int POSITIONS = 512;

    private MiniLm() {}

    /**
     * Returns the folder in which the model is kept by default. Its name has a part of the hash, so that a version of the
     * program that converts otherwise has another.
     *
     * @return a folder among the user's caches, which may not exist
     */
    public static Path defaultFolder() {
        return UserCache.folder().resolve("lora4j").resolve("all-MiniLM-L6-v2-" + TENSORS_SHA256.substring(0, 8));
    }

    /**
     * Loads the model, and converts it before if the folder does not hold it yet.
     *
     * @param folder the folder, created if it does not exist
     * @return the model
     * @throws IOException if a file cannot be read or written, or does not have the expected hash
     */
    public static BertModel load(Path folder) throws IOException {
        folder(TENSORS_SHA256).prepare(folder);
        return BertModel.load(folder);
    }

    /**
     * Loads the tokenizer. Its native library is part of its jar and is unpacked once. Nothing is downloaded or reported.
     *
     * @param most the most tokens of a text, with the two special ones at its ends
     * @return the tokenizer
     * @throws IOException if it cannot be read
     */
    public static Tokenizer tokenizer(int most) throws IOException {
        try (InputStream file =
                Resource.of(MiniLm.class, "/all-minilm-l6-v2-tokenizer.json").open()) {
            return Tokenizer.read(file, POSITIONS, most);
        }
    }

    /**
     * Returns the file of the weights of a model that was loaded.
     *
     * @param folder the folder
     * @return the file in it
     */
    public static Path weights(Path folder) {
        return folder.resolve(ModelFolder.TENSORS);
    }

    static ModelFolder folder(String tensorsSha256) {
        return new ModelFolder(
                Resource.of(MiniLm.class, "/all-minilm-l6-v2.onnx"),
                ONNX_SHA256,
                Resource.of(MiniLm.class, "config.json"),
                tensorsSha256);
    }
}
