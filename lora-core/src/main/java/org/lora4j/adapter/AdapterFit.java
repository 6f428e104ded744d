package org.lora4j.adapter;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.MessageText;
import org.lora4j.internal.memory.ArrayBits;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Checks whether the arrays of an adapter fit a base and their own configuration. */
final class AdapterFit {
    private final BaseModel base;
    private final Map<String, BaseLayer> layers = new HashMap<>();
    private final List<String> problems = new ArrayList<>();

    AdapterFit(BaseModel base) {
        this.base = base;
        base.baseLayers().forEach(layer -> layers.put(layer.path(), layer));
    }

    /** Refuses data that do not fit, with everything that is wrong. */
    void require(LoRAAdapter data) {
        data.weights().forEach((path, weights) -> checkWeights(data.config(), path, weights));
        if (data.config().bias() == BiasTraining.NONE && !data.biases().isEmpty()) {
            problems.add("the configuration says bias NONE, found biases of "
                    + data.biases().keySet());
        }
        data.biases().forEach(this::checkBias);
        data.savedModules().forEach((path, module) -> checkSaved(data, path, module));
        data.tokenRows().forEach((path, rows) -> checkTokens(data, path, rows));
        if (!data.config().trainableTokens().isEmpty() && data.tokenRows().isEmpty()) {
            problems.add("the configuration says " + data.config().trainableTokens() + ", found no token rows");
        }
        for (String missing : AdapterFeature.missing(base, data.config())) {
            problems.add(missing + ", which this host does not support; use a Network");
        }
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException("the adapter must fit the base, found "
                    + MessageText.line(String.join("; ", problems)) + "; the base has " + base.paths());
        }
    }

    private void checkWeights(LoRAConfig config, String path, LoRAWeights weights) {
        BaseLayer layer = layer(path);
        if (layer == null) {
            return;
        }
        LayerKind kind = layer.kind();
        if (weights.kind() != kind) {
            problems.add(path + ": the layer is " + kind + ", found weights for " + weights.kind());
            return;
        }
        check(path + ".lora_A", weights.loraA(), kind.loraAShape(weights.rank(), layer.shape()));
        check(path + ".lora_B", weights.loraB(), kind.loraBShape(weights.rank(), layer.shape()));
        if (weights.magnitude() != null) {
            check(path + ".lora_magnitude_vector", weights.magnitude(), kind.magnitudeShape(layer.outputSize()));
        }
        if (weights.loraBBias() != null) {
            check(path + ".lora_B.bias", weights.loraBBias(), layer.outputSize());
        }
        int rank = config.rankOf(path);
        if (weights.rank() != rank) {
            problems.add(path + ": the configuration says rank " + rank + ", found " + weights.rank());
        }
        if (config.dora() != (weights.magnitude() != null)) {
            problems.add(path + ": the configuration says dora " + config.dora() + ", found "
                    + (weights.magnitude() == null ? "no magnitude" : "a magnitude"));
        }
    }

    private void checkBias(String path, INDArray bias) {
        BaseLayer layer = layer(path);
        if (layer != null) {
            if (layer.bias() == null) {
                problems.add(path + ".bias: the layer has none, found one");
            }
            check(path + ".bias", bias, layer.outputSize());
        }
    }

    private void checkSaved(LoRAAdapter data, String path, LoRAAdapter.SavedModule module) {
        BaseLayer layer = layer(path);
        if (layer == null) {
            return;
        }
        if (data.weights().containsKey(path) || data.biases().containsKey(path)) {
            problems.add(path + ": a saved module must have neither factors nor a separate bias, found them");
        }
        check(path + ".weight", module.weight(), shapeOfSaved(layer, module));
        INDArray bias = module.bias();
        if ((bias == null) != (layer.bias() == null)) {
            problems.add(path + ".bias: the layer has " + (layer.bias() == null ? "none" : "one") + ", found "
                    + (bias == null ? "none" : "one"));
        } else if (bias != null) {
            check(path + ".bias", bias, layer.kind().outputSize(shapeOfSaved(layer, module)));
        }
    }

    /** The shape that a saved weight must have. That of a head may have any number of rows. */
    private long[] shapeOfSaved(BaseLayer layer, LoRAAdapter.SavedModule module) {
        long[] shape = layer.shape();
        boolean isHead = base.replaceableHead().filter(layer.path()::equals).isPresent();
        return isHead && module.weight().rank() == 2 && module.weight().size(1) == shape[1]
                ? new long[] {module.weight().size(0), shape[1]}
                : shape;
    }

    private void checkTokens(LoRAAdapter data, String path, LoRAAdapter.TokenRows rows) {
        BaseLayer layer = layer(path);
        if (layer == null) {
            return;
        }
        if (layer.kind() != LayerKind.EMBEDDING) {
            problems.add(path + ": token rows must be those of an embedding, found a layer " + layer.kind());
            return;
        }
        if (data.weights().containsKey(path) || data.savedModules().containsKey(path)) {
            problems.add(
                    path + ": an embedding with token rows must have neither factors nor be saved as a whole, found"
                            + " both");
        }
        boolean isInput = base.inputEmbedding().filter(path::equals).isPresent();
        List<Integer> tokens = data.config().trainableTokens().of(path, isInput);
        if (!tokens.equals(rows.tokens())) {
            problems.add(path + ": the configuration says " + tokens.size() + " trainable tokens, found other rows, "
                    + rows);
        }
        check(
                path + ".token_adapter.trainable_tokens_delta",
                rows.rows(),
                rows.tokens().size(),
                layer.outputSize());
        for (int token : rows.tokens()) {
            if (token >= layer.shape()[0]) {
                problems.add(path + ": trainable tokens must be below the vocabulary of " + layer.shape()[0]
                        + ", found " + token);
                break;
            }
        }
    }

    private @Nullable BaseLayer layer(String path) {
        BaseLayer found = layers.get(path);
        if (found == null) {
            problems.add("no layer '" + path + "'");
        }
        return found;
    }

    private void check(String what, INDArray array, long... shape) {
        if (!Arrays.equals(array.shape(), shape)) {
            problems.add(what + " must be " + Arrays.toString(shape) + ", found " + Arrays.toString(array.shape()));
        } else if (!ArrayBits.isFinite(array)) {
            problems.add(what + " must hold finite numbers, found NaN or infinite ones");
        }
    }
}
