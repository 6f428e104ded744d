package org.lora4j.algebra;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.internal.ArrayBits;
import org.lora4j.linalg.LowRankFactors;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The conditions that data meet before one calculates with them. */
final class AdapterChecks {
    private AdapterChecks() {}

    /**
     * The data are what their configuration says, and finite.
     *
     * @throws IllegalArgumentException with all that is wrong
     */
    static void requireSound(String where, LoRAAdapter adapter) {
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
        require(where + ": ranks must be those of the configuration and all entries finite", problems);
    }

    private static void requireFinite(List<String> problems, String what, @Nullable INDArray array) {
        if (array != null && !ArrayBits.isFinite(array)) {
            problems.add(what + ": NaN or an infinity");
        }
    }

    /**
     * No layer has a magnitude.
     *
     * @throws IllegalArgumentException with those that have one
     */
    static void requireNoMagnitude(String where, LoRAAdapter adapter) {
        List<String> paths = withMagnitude(adapter);
        if (!paths.isEmpty()) {
            throw new IllegalArgumentException(
                    where + ": must be plain LoRA, found DoRA's magnitudes in " + paths + "; convert it before");
        }
    }

    /**
     * The adapter is nothing but {@code ΔW = s·B·A}, perhaps with biases of B.
     *
     * @throws IllegalArgumentException with all that it is besides
     */
    static void requireLinear(String where, LoRAAdapter adapter) {
        List<String> problems = new ArrayList<>();
        List<String> magnitudes = withMagnitude(adapter);
        if (!magnitudes.isEmpty()) {
            problems.add("DoRA's magnitudes in " + magnitudes + " (convert it before)");
        }
        if (!adapter.biases().isEmpty()) {
            problems.add("trained biases in " + adapter.biases().keySet());
        }
        if (!adapter.savedModules().isEmpty()) {
            problems.add("saved modules " + adapter.savedModules().keySet());
        }
        require(where + ": only changes of the form s·B·A can be combined", problems);
    }

    private static List<String> withMagnitude(LoRAAdapter adapter) {
        return adapter.weights().entrySet().stream()
                .filter(entry -> entry.getValue().magnitude() != null)
                .map(entry -> entry.getKey())
                .toList();
    }

    /** The kind of a layer and the shape of its weight. */
    static String shape(LoRAWeights weights) {
        return weights.kind() + " " + Arrays.toString(weights.weightShape());
    }

    static void require(String rule, List<String> problems) {
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(rule + ", found " + String.join("; ", problems));
        }
    }

    /**
     * A result in the shapes of its layer and a type.
     *
     * @throws ArithmeticException if it is not finite there
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
            throw new ArithmeticException(what + ": the result must be finite, found a value beyond " + type);
        }
        return result;
    }
}
