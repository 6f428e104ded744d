package org.lora4j.spark;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.fixtures.Differences;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Compares adapters. */
final class Adapters {
    private Adapters() {}

    /** The order of the layers of an adapter without its base is that of its file. */
    private static List<INDArray> arrays(LoRAAdapter adapter) {
        List<INDArray> arrays = new ArrayList<>();
        for (LoRAWeights layer : new TreeMap<>(adapter.weights()).values()) {
            arrays.add(layer.factors().a());
            arrays.add(layer.factors().b());
            if (layer.magnitude() != null) {
                arrays.add(layer.magnitude());
            }
        }
        arrays.addAll(new TreeMap<>(adapter.biases()).values());
        for (LoRAAdapter.SavedModule module : new TreeMap<>(adapter.savedModules()).values()) {
            arrays.add(module.weight());
            if (module.bias() != null) {
                arrays.add(module.bias());
            }
        }
        return arrays;
    }

    /** The greatest difference between two elements. */
    static double difference(LoRAAdapter a, LoRAAdapter b) {
        List<INDArray> left = arrays(a);
        List<INDArray> right = arrays(b);
        if (left.size() != right.size()) {
            throw new AssertionError(a + " and " + b);
        }
        double most = 0;
        for (int i = 0; i < left.size(); i++) {
            most = Math.max(most, Differences.greatest(left.get(i), right.get(i)));
        }
        return most;
    }
}
