package org.lora4j.dl4j;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.dl4j.TrainedArray.Role;
import org.lora4j.linalg.LowRankFactors;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Translates between an adapter as data and the arrays of DL4J's layers. */
final class TrainedArrays {
    private TrainedArrays() {}

    /** The arrays that an adapter trains for a layer with these weights. */
    static List<TrainedArray> of(LoRAAdapter adapter, List<BaseWeight> weights) {
        List<TrainedArray> arrays = new ArrayList<>();
        for (BaseWeight weight : weights) {
            String key = weight.parameter();
            long out = weight.outputSize();
            LoRAWeights factors = adapter.weights().get(weight.path());
            if (factors != null) {
                arrays.add(new TrainedArray(key, Role.LORA_A, factors.rank(), weight.inputSize()));
                arrays.add(new TrainedArray(key, Role.LORA_B, out, factors.rank()));
                if (factors.magnitude() != null) {
                    arrays.add(new TrainedArray(key, Role.MAGNITUDE, 1, out));
                }
                if (factors.loraBBias() != null) {
                    arrays.add(new TrainedArray(key, Role.LORA_B_BIAS, 1, out));
                }
            }
            boolean isSaved = adapter.savedModules().containsKey(weight.path());
            if (isSaved) {
                arrays.add(new TrainedArray(key, Role.COPY, 1, weight.weight().length()));
            }
            String bias = weight.biasParameter();
            if (bias != null && (isSaved || adapter.biases().containsKey(weight.path()))) {
                arrays.add(new TrainedArray(bias, Role.COPY, 1, out));
            }
        }
        return arrays;
    }

    /** The factors that an adapter has for a layer with these weights. */
    static List<Target> targets(LoRAAdapter adapter, List<BaseWeight> weights) {
        return weights.stream()
                .filter(weight -> adapter.weights().containsKey(weight.path()))
                .map(weight -> new Target(
                        weight.parameter(),
                        adapter.config().scaleOf(weight.path()),
                        adapter.config().dropout()))
                .toList();
    }

    /** Copies an adapter into the arrays of a layer. */
    static void write(LoRAAdapter adapter, List<BaseWeight> weights, Trained trained) {
        for (BaseWeight weight : weights) {
            String key = weight.parameter();
            LoRAWeights factors = adapter.weights().get(weight.path());
            if (factors != null) {
                LowRankFactors matrices = factors.factors();
                assign(trained.value(key, Role.LORA_A), matrices.a());
                assign(trained.value(key, Role.LORA_B), matrices.b());
                assign(trained.value(key, Role.MAGNITUDE), factors.magnitude());
                assign(trained.value(key, Role.LORA_B_BIAS), factors.loraBBias());
            }
            LoRAAdapter.SavedModule saved = adapter.savedModules().get(weight.path());
            INDArray copy = trained.value(key, Role.COPY);
            if (saved != null && copy != null) {
                weight.view().apply(copy.reshape('c', weight.parameterShape())).assign(saved.weight());
            }
            INDArray bias = saved != null ? saved.bias() : adapter.biases().get(weight.path());
            assign(trained.value(weight.biasParameter(), Role.COPY), bias);
        }
    }

    private static void assign(@Nullable INDArray to, @Nullable INDArray from) {
        if (to != null && from != null) {
            to.assign(from.reshape('c', to.shape()));
        }
    }

    /** The factors of a weight as data, which share no array with the layer. */
    static LoRAWeights weights(BaseWeight weight, Trained trained) {
        INDArray magnitude = trained.value(weight.parameter(), Role.MAGNITUDE);
        INDArray bBias = trained.value(weight.parameter(), Role.LORA_B_BIAS);
        return LoRAWeights.of(
                weight.kind(),
                weight.shape(),
                factors(weight, trained),
                magnitude == null
                        ? null
                        : magnitude.dup('c').reshape('c', weight.kind().magnitudeShape(magnitude.length())),
                bBias == null ? null : bBias.dup('c').reshape(bBias.length()));
    }

    /** A and B alone. */
    static LoRAWeights plain(BaseWeight weight, Trained trained) {
        return LoRAWeights.of(weight.kind(), weight.shape(), factors(weight, trained), null, null);
    }

    private static LowRankFactors factors(BaseWeight weight, Trained trained) {
        INDArray a = Objects.requireNonNull(trained.value(weight.parameter(), Role.LORA_A));
        INDArray b = Objects.requireNonNull(trained.value(weight.parameter(), Role.LORA_B));
        return new LowRankFactors(b.dup('c'), a.dup('c'));
    }

    /** Copies the arrays of a layer to the parts of an adapter as data. */
    static void read(
            List<BaseWeight> weights,
            Trained trained,
            Map<String, LoRAWeights> factors,
            Map<String, INDArray> biases,
            Map<String, LoRAAdapter.SavedModule> saved) {
        for (BaseWeight weight : weights) {
            INDArray bias = trained.value(weight.biasParameter(), Role.COPY);
            INDArray biasCopy = bias == null ? null : bias.dup('c').reshape(bias.length());
            INDArray copy = trained.value(weight.parameter(), Role.COPY);
            if (trained.value(weight.parameter(), Role.LORA_A) != null) {
                factors.put(weight.path(), weights(weight, trained));
            }
            if (copy != null) {
                INDArray full = weight.view().apply(copy.dup('c').reshape('c', weight.parameterShape()));
                saved.put(weight.path(), new LoRAAdapter.SavedModule(full.dup('c'), biasCopy));
            } else if (biasCopy != null) {
                biases.put(weight.path(), biasCopy);
            }
        }
    }
}
