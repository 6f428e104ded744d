package org.lora4j.example.text.model;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.LongStream;
import org.lora4j.example.support.onnx.Resource;
import org.lora4j.nn.input.Sequences;

/** The tokenizer of all-MiniLM-L6-v2, which cuts texts at a number of tokens. */
public final class Tokens implements AutoCloseable {
    private final HuggingFaceTokenizer tokenizer;

    private Tokens(HuggingFaceTokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /**
     * Loads the tokenizer. Its native library is part of its jar and is unpacked once. Nothing is downloaded or reported.
     *
     * @param most the most tokens of a text, with the two special ones at its ends
     * @return the tokenizer
     * @throws IOException if it cannot be read
     */
    public static Tokens load(int most) throws IOException {
        System.setProperty("ai.djl.offline", "true");
        Map<String, String> options =
                Map.of("truncation", "true", "padding", "false", "maxLength", String.valueOf(most));
        try (InputStream file =
                Resource.of(Tokens.class, "/all-minilm-l6-v2-tokenizer.json").open()) {
            return new Tokens(HuggingFaceTokenizer.newInstance(file, options));
        }
    }

    /**
     * Returns the tokens of texts.
     *
     * @param texts the texts, at least one
     * @return a batch with a sequence for each text
     * @throws NullPointerException if a text is null; the message names it
     */
    public Sequences of(List<String> texts) {
        for (int i = 0; i < texts.size(); i++) {
            int index = i;
            Objects.requireNonNull(texts.get(i), () -> "texts: each must be a text, found null at index " + index);
        }
        return Sequences.of(Arrays.stream(tokenizer.batchEncode(texts))
                .map(Encoding::getIds)
                .map(ids -> LongStream.of(ids).mapToInt(Math::toIntExact).toArray())
                .toArray(int[][]::new));
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
