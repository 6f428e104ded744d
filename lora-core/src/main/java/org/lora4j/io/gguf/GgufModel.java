package org.lora4j.io.gguf;

import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.lora4j.internal.MessageText;

/**
 * What the GGUF file of an adapter needs to know about the model: how llama.cpp names its layers and orders its rows.
 * {@code ModelConfig.ggufModel()} returns it.
 *
 * <p>In the weights of Hugging Face, positions rotate the rows {@code (i, i + headSize/2)} of a head. The files of some
 * architectures, such as {@code llama}, have those pairs one after the other, as {@code (2i, 2i + 1)}.
 *
 * @param architecture llama.cpp's name, such as {@code llama}
 * @param prefix what may stand before the paths of all modules but the head, such as {@code model.}; it may be empty
 * @param embedding the module of the token embeddings, such as {@code embed_tokens}
 * @param layers the module of all layers, such as {@code layers}
 * @param weights llama.cpp's names by the modules of a layer, such as {@code attn_q} for {@code self_attn.q_proj}
 * @param interleavedHeads the modules of a layer whose rows the files have in pairs, and their numbers of heads
 * @param headSize the rows of a head of those modules
 * @param tiedEmbeddings whether the head shares the matrix of the token embeddings
 */
public record GgufModel(
        String architecture,
        String prefix,
        String embedding,
        String layers,
        Map<String, String> weights,
        Map<String, Integer> interleavedHeads,
        int headSize,
        boolean tiedEmbeddings) {
    static final String EMBEDDING = "token_embd.weight";
    static final String OUTPUT = "output.weight";

    private static final Pattern IN_LAYER = Pattern.compile("(\\d{1,9})\\.(.+)");
    private static final Pattern IN_BLOCK = Pattern.compile("blk\\.(\\d{1,9})\\..+");

    /** What transformers calls the head of all models. */
    private static final String HEAD = "lm_head";

    /**
     * Checks the values, and copies the maps.
     *
     * @param architecture llama.cpp's name
     * @param prefix what may stand before the paths
     * @param embedding the module of the token embeddings
     * @param layers the module of all layers
     * @param weights llama.cpp's names by the modules of a layer
     * @param interleavedHeads the numbers of heads of the modules whose rows are in pairs
     * @param headSize the rows of a head of those modules
     * @param tiedEmbeddings whether the head shares the matrix of the token embeddings
     * @throws IllegalArgumentException if a number of heads is not positive, or heads with pairs have an odd size
     */
    public GgufModel {
        Objects.requireNonNull(architecture, "architecture must not be null");
        Objects.requireNonNull(prefix, "prefix must not be null");
        Objects.requireNonNull(embedding, "embedding must not be null");
        Objects.requireNonNull(layers, "layers must not be null");
        Objects.requireNonNull(weights, "weights must not be null");
        Objects.requireNonNull(interleavedHeads, "interleavedHeads must not be null");
        weights = Map.copyOf(weights);
        interleavedHeads = Map.copyOf(interleavedHeads);
        interleavedHeads.forEach((module, heads) -> {
            if (heads < 1) {
                throw new IllegalArgumentException(
                        "the number of heads must be positive, found " + heads + " of " + MessageText.quote(module));
            }
        });
        if (!interleavedHeads.isEmpty() && (headSize < 2 || headSize % 2 != 0)) {
            throw new IllegalArgumentException(
                    "the size of a head must be even, because positions rotate pairs, found " + headSize);
        }
    }

    /** A weight of a file: its name, and the number of heads whose rows are in pairs, or 0 if the rows keep their order. */
    record Weight(String name, int interleavedHeads) {}

    /** The weight of a module, or nothing if llama.cpp does not adapt it. */
    Optional<Weight> weightOf(String path) {
        if (path.equals(HEAD)) {
            return Optional.of(new Weight(OUTPUT, 0));
        }
        String plain = path.startsWith(prefix) ? path.substring(prefix.length()) : path;
        if (plain.equals(embedding)) {
            return Optional.of(new Weight(EMBEDDING, 0));
        }
        String start = layers + ".";
        Matcher layer = IN_LAYER.matcher(plain.startsWith(start) ? plain.substring(start.length()) : "");
        String name = layer.matches() ? weights.get(layer.group(2)) : null;
        return Optional.ofNullable(name)
                .map(found -> new Weight(
                        "blk." + Integer.parseInt(layer.group(1)) + "." + found + ".weight",
                        interleavedHeads.getOrDefault(layer.group(2), 0)));
    }

    /** The module of a weight: what {@link #weightOf} gives this name; nothing if there is none. */
    Optional<String> pathOf(String weight) {
        if (weight.equals(OUTPUT)) {
            return Optional.of(HEAD);
        }
        if (weight.equals(EMBEDDING)) {
            return Optional.of(prefix + embedding);
        }
        Matcher block = IN_BLOCK.matcher(weight);
        if (!block.matches()) {
            return Optional.empty();
        }
        return weights.keySet().stream()
                .map(module -> prefix + layers + "." + Integer.parseInt(block.group(1)) + "." + module)
                .filter(path -> weightOf(path).map(Weight::name).equals(Optional.of(weight)))
                .findFirst();
    }

    /** The number of heads of a weight whose rows are in pairs, or 0 if the rows keep their order. */
    int interleavedHeadsOf(String weight) {
        return pathOf(weight)
                .flatMap(this::weightOf)
                .map(Weight::interleavedHeads)
                .orElse(0);
    }

    /** The row of a matrix with interleaved heads in Hugging Face's order that a GGUF file has as row {@code row}. */
    int sourceRow(int row) {
        int inHead = row % headSize;
        return row - inHead + inHead / 2 + inHead % 2 * (headSize / 2);
    }
}
