package org.lora4j.io.gguf;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LayerKind;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.internal.MessageText;
import org.lora4j.io.gguf.internal.GgufKeys;
import org.lora4j.io.gguf.internal.GgufReader;
import org.lora4j.io.gguf.model.GgufException;
import org.lora4j.io.peft.PeftFiles;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads an adapter of a GGUF file. */
final class GgufAdapterReader {
    static final String TYPE = "general.type";
    static final String ADAPTER = "adapter";
    static final String ADAPTER_TYPE = "adapter.type";
    static final String LORA = "lora";
    static final String ALPHA = "adapter.lora.alpha";
    static final String ARCHITECTURE = "general.architecture";
    static final String LORA_A = ".lora_a";
    static final String LORA_B = ".lora_b";

    /** Such an adapter changes only what follows on some tokens. */
    private static final String INVOCATION = "adapter.alora.invocation_tokens";

    private static final Logger log = LoggerFactory.getLogger(GgufAdapterReader.class);

    private final GgufReader reader;
    private final GgufKeys keys;
    private final @Nullable GgufModel model;

    private GgufAdapterReader(GgufReader reader, @Nullable GgufModel model) {
        this.reader = reader;
        this.model = model;
        keys = reader.keys();
    }

    /** Reads an adapter; without a model by the names of the file, and with its order of the rows. */
    static LoRAAdapter read(Path file, @Nullable GgufModel model) throws IOException {
        try (GgufReader reader = GgufReader.open(file)) {
            return new GgufAdapterReader(reader, model).read();
        } catch (IllegalArgumentException e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        }
    }

    private LoRAAdapter read() throws IOException {
        requireAdapter();
        Map<String, LoRAWeights> weights = new LinkedHashMap<>();
        for (String weight : adaptedWeights()) {
            String path = path(weight);
            if (weights.put(path, weights(weight)) != null) {
                throw refuse("there must be one update of " + MessageText.quote(path), "two");
            }
        }
        if (weights.isEmpty()) {
            throw refuse("there must be at least one update", "none");
        }
        LoRAAdapter adapter = new LoRAAdapter(config(weights), weights);
        PeftFiles.of(adapter); // Refuses arrays that do not belong together, NaN and infinities.
        return adapter;
    }

    private GgufException refuse(String rule, Object found) {
        return new GgufException(keys.file(), "tensors", rule, found);
    }

    private void requireAdapter() throws GgufException {
        require(TYPE, ADAPTER);
        require(ADAPTER_TYPE, LORA);
        if (keys.has(INVOCATION)) {
            throw keys.refuse(INVOCATION, "must not be there, as the adapter would count for all tokens", "it");
        }
        if (model != null) {
            require(ARCHITECTURE, model.architecture());
        }
    }

    private void require(String key, String value) throws GgufException {
        String found = keys.text(key).orElse("");
        if (!found.equals(value)) {
            throw keys.refuse(
                    key,
                    "must be " + MessageText.quote(value),
                    keys.has(key) ? MessageText.quote(found) : "no such key");
        }
    }

    /** The weights that have both factors. As in llama.cpp, norms that were trained in full have no effect. */
    private Set<String> adaptedWeights() throws GgufException {
        Set<String> weights = new LinkedHashSet<>();
        List<String> norms = new ArrayList<>();
        List<String> others = new ArrayList<>();
        for (String name : reader.names()) {
            String weight = name.endsWith(LORA_A) || name.endsWith(LORA_B)
                    ? name.substring(0, name.length() - LORA_A.length())
                    : "";
            if (name.endsWith("_norm.weight")) {
                norms.add(name);
            } else if (weight.isEmpty()
                    || !reader.names().contains(weight + LORA_A)
                    || !reader.names().contains(weight + LORA_B)) {
                others.add(name);
            } else {
                weights.add(weight);
            }
        }
        if (!others.isEmpty()) {
            throw refuse("must be pairs of NAME" + LORA_A + " and NAME" + LORA_B, MessageText.list(others));
        }
        if (!norms.isEmpty()) {
            log.warn("{}: norms are left out, as llama.cpp does: {}", keys.file(), MessageText.list(norms));
        }
        return weights;
    }

    private String path(String weight) throws GgufException {
        if (model == null) {
            return weight;
        }
        Optional<String> path = model.pathOf(weight);
        if (path.isEmpty()) {
            throw refuse(
                    "must be those of weights that llama.cpp adapts in the architecture " + model.architecture(),
                    MessageText.quote(weight));
        }
        return path.get();
    }

    private LoRAWeights weights(String weight) throws IOException {
        INDArray loraA = matrix(weight + LORA_A);
        INDArray loraB = matrix(weight + LORA_B);
        boolean isEmbedding = weight.equals(GgufModel.EMBEDDING);
        if (isEmbedding) {
            loraA = loraA.transpose().dup('c');
        }
        if (loraA.size(0) != loraB.size(1)) {
            throw refuse(
                    MessageText.quote(weight) + " must have factors of one rank",
                    loraA.size(0) + " and " + loraB.size(1));
        }
        return new LoRAWeights(
                isEmbedding ? LayerKind.EMBEDDING : LayerKind.LINEAR, loraA, inOrder(weight, loraB), null, null);
    }

    private INDArray matrix(String name) throws IOException {
        if (reader.shape(name).length != 2) {
            throw refuse(MessageText.quote(name) + " must be a matrix", reader.shape(name).length + " dimensions");
        }
        return reader.tensor(name);
    }

    /** Undoes what the file has of the order of rows. */
    private INDArray inOrder(String weight, INDArray loraB) throws GgufException {
        int heads = model == null ? 0 : model.interleavedHeadsOf(weight);
        if (model == null || heads == 0) {
            return loraB;
        }
        long expected = (long) heads * model.headSize();
        if (loraB.size(0) != expected) {
            throw refuse(
                    MessageText.quote(weight + LORA_B) + " must have the " + expected + " rows of the model",
                    loraB.size(0));
        }
        INDArray ordered = loraB.like();
        for (int row = 0; row < expected; row++) {
            ordered.putRow(model.sourceRow(row), loraB.getRow(row));
        }
        return ordered;
    }

    /** llama.cpp multiplies by α and divides by the rank of each layer; without α it does neither. */
    private LoRAConfig config(Map<String, LoRAWeights> weights) throws GgufException {
        double stated = keys.number(ALPHA).orElse(0);
        int rank = 0;
        Map<String, Integer> ranks = new LinkedHashMap<>();
        Map<String, Double> alphas = new LinkedHashMap<>();
        for (Map.Entry<String, LoRAWeights> layer : weights.entrySet()) {
            int found = Math.toIntExact(layer.getValue().loraB().size(1));
            rank = rank == 0 ? found : rank;
            if (found != rank) {
                ranks.put(layer.getKey(), found);
                if (stated == 0) {
                    alphas.put(layer.getKey(), (double) found);
                }
            }
        }
        return LoRAConfig.builder()
                .rank(rank)
                .alpha(stated == 0 ? rank : stated)
                .rankPattern(ranks)
                .alphaPattern(alphas)
                .targetModules(weights.keySet().toArray(String[]::new))
                .build();
    }
}
