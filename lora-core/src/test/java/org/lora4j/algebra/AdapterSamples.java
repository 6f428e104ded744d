package org.lora4j.algebra;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.internal.math.RandomArrays;
import org.lora4j.linalg.LowRankFactors;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Random adapters, and their updates as matrices in double. */
final class AdapterSamples {
    private AdapterSamples() {}

    static double tolerance(DataType type) {
        return type == DataType.FLOAT ? 2e-5 : 1e-11;
    }

    static INDArray gaussian(DataType type, long seed, long... shape) {
        return RandomArrays.gaussian(new SplittableRandom(seed), 1, type, shape);
    }

    static LoRAWeights weights(DataType type, long seed, long out, long in, int rank) {
        return new LoRAWeights(gaussian(type, seed, rank, in), gaussian(type, ~seed, out, rank));
    }

    static LoRAAdapter adapter(LoRAConfig config, String path, LoRAWeights weights) {
        return new LoRAAdapter(config, Map.of(path, weights));
    }

    /** An adapter of one layer, {@code fc [out, in]}. */
    static LoRAAdapter adapter(DataType type, long seed, long out, long in, int rank, double alpha) {
        return adapter(LoRAConfig.of(rank, alpha), "fc", weights(type, seed, out, in, rank));
    }

    static Map<String, LoRAWeights> layers(String path, LoRAWeights weights, String path2, LoRAWeights weights2) {
        Map<String, LoRAWeights> layers = new LinkedHashMap<>();
        layers.put(path, weights);
        layers.put(path2, weights2);
        return layers;
    }

    static LoRAWeights layer(LoRAAdapter adapter, String path) {
        LoRAWeights weights = adapter.weights().get(path);
        if (weights == null) {
            throw new AssertionError(
                    "no layer " + path + " in " + adapter.weights().keySet());
        }
        return weights;
    }

    static INDArray a(LoRAAdapter adapter) {
        return layer(adapter, "fc").loraA().castTo(DataType.DOUBLE).dup('c');
    }

    static INDArray b(LoRAAdapter adapter) {
        return layer(adapter, "fc").loraB().castTo(DataType.DOUBLE).dup('c');
    }

    /** Returns {@code s·B·A} of a layer. */
    static INDArray delta(LoRAAdapter adapter, String path) {
        LoRAWeights weights = layer(adapter, path);
        return new LowRankFactors(
                        weights.loraB().castTo(DataType.DOUBLE), weights.loraA().castTo(DataType.DOUBLE))
                .product()
                .muli(adapter.config().scaleOf(path));
    }

    static INDArray delta(LoRAAdapter adapter) {
        return delta(adapter, "fc");
    }

    static double norm(INDArray array) {
        return array.castTo(DataType.DOUBLE).norm2Number().doubleValue();
    }

    static double distance(INDArray a, INDArray b) {
        return norm(a.castTo(DataType.DOUBLE).sub(b.castTo(DataType.DOUBLE)));
    }
}
