package org.lora4j;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.Linear;
import org.lora4j.nn.Network;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Whether an adapter's data fit a network. */
final class AdapterFit {
    private final Network network;
    private final List<String> problems = new ArrayList<>();

    AdapterFit(Network network) {
        this.network = network;
    }

    /** Refuses data that do not fit, with all that is wrong. */
    void require(String name, LoRAAdapter data) {
        data.weights()
                .forEach((path, weights) -> linear(path).ifPresent(linear -> {
                    check(path + ".lora_A", weights.loraA(), weights.rank(), linear.inputSize());
                    check(path + ".lora_B", weights.loraB(), linear.outputSize(), weights.rank());
                    int rank = data.config().rankOf(path);
                    if (weights.rank() != rank) {
                        problems.add(path + ": the configuration says rank " + rank + ", found " + weights.rank());
                    }
                    if (data.config().dora() != (weights.magnitude() != null)) {
                        problems.add(path + ": the configuration says dora "
                                + data.config().dora() + ", found "
                                + (weights.magnitude() == null ? "no magnitude" : "a magnitude"));
                    }
                }));
        if (data.config().bias() == BiasTraining.NONE && !data.biases().isEmpty()) {
            problems.add("the configuration says bias NONE, found biases of "
                    + data.biases().keySet());
        }
        data.biases()
                .forEach((path, bias) -> linear(path).ifPresent(linear -> {
                    if (linear.bias() == null) {
                        problems.add(path + ".bias: the layer has none, found one");
                    }
                    check(path + ".bias", bias, linear.outputSize());
                }));
        data.savedModules()
                .forEach((path, module) -> linear(path).ifPresent(linear -> {
                    if (data.weights().containsKey(path) || data.biases().containsKey(path)) {
                        problems.add(path + ": a layer that is saved whole can bring neither factors nor a bias"
                                + " besides, found them");
                    }
                    check(path + ".weight", module.weight(), linear.outputSize(), linear.inputSize());
                    checkSavedBias(linear, module.bias());
                }));
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException("adapter '" + name + "' must fit the network, found "
                    + String.join("; ", problems) + "; the network has "
                    + network.linears().stream().map(Linear::path).toList());
        }
    }

    private void checkSavedBias(Linear linear, @Nullable INDArray bias) {
        if ((bias == null) != (linear.bias() == null)) {
            problems.add(linear.path() + ".bias: the layer has " + (linear.bias() == null ? "none" : "one") + ", found "
                    + (bias == null ? "none" : "one"));
        } else if (bias != null) {
            check(linear.path() + ".bias", bias, linear.outputSize());
        }
    }

    private Optional<Linear> linear(String path) {
        Optional<Linear> found = network.linears().stream()
                .filter(linear -> linear.path().equals(path))
                .findFirst();
        if (found.isEmpty()) {
            problems.add("no linear layer '" + path + "'");
        }
        return found;
    }

    private void check(String what, INDArray array, long... shape) {
        if (!Arrays.equals(array.shape(), shape)) {
            problems.add(what + " must be " + Arrays.toString(shape) + ", found " + Arrays.toString(array.shape()));
        }
    }

    /** The same weights in a type. */
    static LoRAWeights convert(LoRAWeights weights, DataType type) {
        return new LoRAWeights(
                weights.loraA().castTo(type),
                weights.loraB().castTo(type),
                convert(weights.magnitude(), type),
                convert(weights.loraBBias(), type));
    }

    private static @Nullable INDArray convert(@Nullable INDArray array, DataType type) {
        return array == null ? null : array.castTo(type);
    }
}
