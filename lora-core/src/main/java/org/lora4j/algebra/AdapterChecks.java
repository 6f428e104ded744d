package org.lora4j.algebra;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.internal.memory.ArrayBits;
import org.lora4j.linalg.LowRankFactors;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Checks adapters before a calculation, and the result after it. */
final class AdapterChecks {
    private static final String HOW_TO_CONVERT = "convert it with AdapterConversion.toLoRA first";

    private AdapterChecks() {}

    /**
     * Checks that the arrays have the ranks of the configuration and are finite.
     *
     * @throws IllegalArgumentException if an array fails the check; the message lists all of them
     */
    static void requireConsistent(String where, LoRAAdapter adapter) {
        List<String> problems = new ArrayList<>();
        adapter.weights().forEach((path, weights) -> {
            int rank = adapter.config().rankOf(path);
            if (weights.rank() != rank) {
                problems.add(path + ": the configuration says rank " + rank + ", found " + weights.rank());
            }
            requireFinite(problems, path + ".lora_A", weights.loraA());
            requireFinite(problems, path + ".lora_B", weights.loraB());
            requireFinite(problems, path + ".lora_magnitude_vector", weights.magnitude());
            requireFinite(problems, path + ".lora_B.bias", weights.loraBBias());
        });
        require(where + ": each rank must be the rank in the configuration, and all entries must be finite", problems);
    }

    private static void requireFinite(List<String> problems, String what, @Nullable INDArray array) {
        if (array != null && !ArrayBits.isFinite(array)) {
            problems.add(what + ": NaN or an infinity");
        }
    }

    /**
     * Checks that the adapter does not use DoRA.
     *
     * @throws IllegalArgumentException if a layer has a magnitude; the message lists all of them
     */
    static void requireNoMagnitude(String where, LoRAAdapter adapter) {
        List<String> paths = withMagnitude(adapter);
        if (!paths.isEmpty()) {
            throw new IllegalArgumentException(where + ": the adapter must be plain LoRA, found DoRA magnitudes in "
                    + paths + "; " + HOW_TO_CONVERT);
        }
    }

    /**
     * Checks that the adapter consists of updates {@code ΔW = s·B·A} alone. Biases of B are allowed.
     *
     * @throws IllegalArgumentException if it has anything else; the message lists all of it
     */
    static void requireFactorsOnly(String where, LoRAAdapter adapter) {
        List<String> problems = new ArrayList<>();
        List<String> magnitudes = withMagnitude(adapter);
        if (!magnitudes.isEmpty()) {
            problems.add("DoRA magnitudes in " + magnitudes + " (" + HOW_TO_CONVERT + ")");
        }
        if (!adapter.biases().isEmpty()) {
            problems.add("trained biases in " + adapter.biases().keySet());
        }
        if (!adapter.savedModules().isEmpty()) {
            problems.add("saved modules " + adapter.savedModules().keySet());
        }
        if (!adapter.tokenRows().isEmpty()) {
            problems.add("token rows in " + adapter.tokenRows().keySet());
        }
        require(where + ": only updates of the form s·B·A can be combined", problems);
    }

    private static List<String> withMagnitude(LoRAAdapter adapter) {
        return adapter.weights().entrySet().stream()
                .filter(entry -> entry.getValue().magnitude() != null)
                .map(entry -> entry.getKey())
                .toList();
    }

    /** Describes the kind of a layer and the shape of its weight. */
    static String shape(LoRAWeights weights) {
        return weights.kind() + " " + Arrays.toString(weights.weightShape());
    }

    static void require(String rule, List<String> problems) {
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(rule + ", found " + String.join("; ", problems));
        }
    }

    /**
     * Returns calculated factors as arrays of a layer: in the shapes of the layer, and in a type.
     *
     * @throws ArithmeticException if a result is not finite in this type
     */
    static LoRAWeights narrow(
            String path, LoRAWeights like, LowRankFactors factors, @Nullable INDArray bBias, DataType type) {
        return LoRAWeights.of(
                like.kind(),
                like.weightShape(),
                new LowRankFactors(
                        narrow(path + ".lora_B", factors.b(), type), narrow(path + ".lora_A", factors.a(), type)),
                null,
                bBias == null ? null : narrow(path + ".lora_B.bias", bBias, type));
    }

    private static INDArray narrow(String what, INDArray array, DataType type) {
        INDArray result = array.castTo(type);
        if (!ArrayBits.isFinite(result)) {
            throw new ArithmeticException(what + ": the result must be finite, found a value that is too large for "
                    + type + "; use smaller weights or DOUBLE");
        }
        return result;
    }
}
