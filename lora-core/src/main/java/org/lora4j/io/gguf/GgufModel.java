package org.lora4j.io.gguf;

import java.util.List;
import java.util.Objects;
import org.lora4j.internal.Names;

/**
 * What the GGUF file of an adapter needs to know about the model: how llama.cpp names its layers and orders its rows.
 * {@code ModelConfig.ggufModel()} returns it.
 *
 * @param architecture llama.cpp's name: {@code llama} (also of Mistral's models), {@code qwen2}, {@code qwen3} or {@code gpt2}
 * @param heads the number of heads of the queries
 * @param keyValueHeads the number of heads of the keys and values
 * @param headSize the size of a head, an even number for {@code llama}
 * @param tiedEmbeddings whether the head shares the matrix of the token embeddings
 */
public record GgufModel(String architecture, int heads, int keyValueHeads, int headSize, boolean tiedEmbeddings) {
    private static final String LLAMA = "llama";
    private static final String GPT2 = "gpt2";
    private static final List<String> ARCHITECTURES = List.of(LLAMA, "qwen2", "qwen3", GPT2);

    /**
     * Checks the values.
     *
     * @param architecture {@code llama}, {@code qwen2}, {@code qwen3} or {@code gpt2}
     * @param heads the number of heads of the queries
     * @param keyValueHeads the number of heads of the keys and values
     * @param headSize the size of a head
     * @param tiedEmbeddings whether the head shares the matrix of the token embeddings
     * @throws IllegalArgumentException if the architecture is another one, a number is not positive, or the heads of a
     *     {@code llama} have no halves
     */
    public GgufModel {
        Objects.requireNonNull(architecture, "architecture must not be null");
        if (!ARCHITECTURES.contains(architecture)) {
            throw new IllegalArgumentException(
                    "architecture must be one of " + ARCHITECTURES + ", found " + Names.quote(architecture));
        }
        if (heads < 1 || keyValueHeads < 1 || headSize < 1) {
            throw new IllegalArgumentException("the numbers of heads and their size must be positive, found " + heads
                    + " and " + keyValueHeads + " heads of " + headSize);
        }
        if (architecture.equals(LLAMA) && headSize % 2 != 0) {
            throw new IllegalArgumentException(
                    "the size of a head must be even, because positions rotate pairs, found " + headSize);
        }
    }

    /** Whether the layers are named as those of a GPT-2, and not as those of the Llama family. */
    boolean isGpt2() {
        return architecture.equals(GPT2);
    }

    /**
     * Whether files of the model hold the rows of queries and keys in another order. Positions rotate pairs of rows of a head. In
     * the weights of Hugging Face a pair is {@code (i, i + headSize/2)}, in GGUF files of this architecture
     * {@code (2i, 2i + 1)}.
     */
    boolean permutesHeads() {
        return architecture.equals(LLAMA);
    }

    /** The row of a matrix of queries or keys in Hugging Face's order that a GGUF file has as row {@code row}. */
    int sourceRow(int row) {
        int inHead = row % headSize;
        return row - inHead + inHead / 2 + inHead % 2 * (headSize / 2);
    }
}
