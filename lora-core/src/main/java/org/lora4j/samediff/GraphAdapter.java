package org.lora4j.samediff;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.linalg.LowRankFactors;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The arrays of an adapter in the layouts of a graph. Graphs that compute with the adapter share them. */
final class GraphAdapter {
    /** What the names of all variables of adapters begin with. */
    static final String PREFIX = "lora/";

    private final String name;
    private final LoRAConfig config;
    private final Map<String, Factors> factors = new LinkedHashMap<>();
    private final Map<String, LowRankFactors> subtracted;
    private final Map<String, INDArray> biases = new LinkedHashMap<>();
    private final Map<String, INDArray> weights = new LinkedHashMap<>();

    /** The arrays of one layer; {@code a0} and {@code b0} are those that the initialization subtracts, or null. */
    record Factors(
            GraphLayer layer,
            INDArray a,
            INDArray b,
            @Nullable INDArray bBias,
            @Nullable INDArray a0,
            @Nullable INDArray b0) {}

    /** Copies the arrays of an adapter that fits the layers. */
    GraphAdapter(String name, List<GraphLayer> layers, LoRAAdapter.Initialized initialized) {
        LoRAAdapter data = initialized.adapter();
        this.name = name;
        config = data.config();
        subtracted = initialized.subtracted();
        for (GraphLayer layer : layers) {
            String path = layer.path();
            LoRAWeights lora = data.weights().get(path);
            if (lora != null) {
                factors.put(path, factors(layer, lora.castTo(layer.dataType()), subtracted.get(path)));
            }
            INDArray bias = data.biases().get(path);
            LoRAAdapter.SavedModule saved = data.savedModules().get(path);
            if (saved != null) {
                weights.put(path, layer.layout().toGraph(saved.weight().castTo(layer.dataType())));
                bias = saved.bias();
            }
            if (bias != null) {
                biases.put(
                        path,
                        bias.castTo(layer.dataType()).reshape(layer.biasShape()).dup('c'));
            }
        }
    }

    private static Factors factors(GraphLayer layer, LoRAWeights lora, @Nullable LowRankFactors initial) {
        INDArray bBias = lora.loraBBias();
        LoRAWeights zero =
                initial == null ? null : LoRAWeights.of(lora.kind(), lora.weightShape(), initial, null, null);
        return new Factors(
                layer,
                layer.layoutOfA().toGraph(lora.loraA()),
                layer.layoutOfB().toGraph(lora.loraB()),
                bBias == null ? null : bBias.dup('c'),
                zero == null ? null : layer.layoutOfA().toGraph(zero.loraA()),
                zero == null ? null : layer.layoutOfB().toGraph(zero.loraB()));
    }

    String name() {
        return name;
    }

    LoRAConfig config() {
        return config;
    }

    /** The factors of a layer, or null if it is not adapted. */
    @Nullable
    Factors factors(GraphLayer layer) {
        return factors.get(layer.path());
    }

    /** Whether a trained copy takes the place of the weight or the bias of a layer. */
    boolean replaces(GraphLayer layer) {
        return weights.containsKey(layer.path()) || biases.containsKey(layer.path());
    }

    /** Whether the layer computes with another weight than that of the base. */
    boolean changesWeight(GraphLayer layer) {
        return factors.containsKey(layer.path()) || replacesWeight(layer);
    }

    boolean replacesWeight(GraphLayer layer) {
        return weights.containsKey(layer.path());
    }

    boolean replacesBias(GraphLayer layer) {
        return biases.containsKey(layer.path());
    }

    /** The name of a variable of this adapter, such as {@code lora/spam/linear1.lora_A}. */
    String variable(GraphLayer layer, String what) {
        return PREFIX + name + "/" + layer.path() + "." + what;
    }

    /** The arrays that train, by the names of their variables. */
    Map<String, INDArray> trainable() {
        Map<String, INDArray> arrays = new LinkedHashMap<>();
        factors.values().forEach(one -> {
            arrays.put(variable(one.layer, "lora_A"), one.a);
            arrays.put(variable(one.layer, "lora_B"), one.b);
            if (one.bBias != null) {
                arrays.put(variable(one.layer, "lora_B.bias"), one.bBias);
            }
        });
        String start = PREFIX + name + "/";
        weights.forEach((path, weight) -> arrays.put(start + path + ".weight", weight));
        biases.forEach((path, bias) -> arrays.put(start + path + ".bias", bias));
        return arrays;
    }

    /** The arrays that the initialization subtracts, by the names of their variables. */
    Map<String, INDArray> subtracted() {
        Map<String, INDArray> arrays = new LinkedHashMap<>();
        factors.values().forEach(one -> {
            if (one.a0 != null && one.b0 != null) {
                arrays.put(variable(one.layer, "lora_A0"), one.a0);
                arrays.put(variable(one.layer, "lora_B0"), one.b0);
            }
        });
        return arrays;
    }

    /** A copy of the adapter as data, as an update of the original base. */
    LoRAAdapter snapshot(List<GraphLayer> layers) {
        Map<String, LoRAWeights> data = new LinkedHashMap<>();
        Map<String, INDArray> biasData = new LinkedHashMap<>();
        Map<String, LoRAAdapter.SavedModule> saved = new LinkedHashMap<>();
        for (GraphLayer layer : layers) {
            String path = layer.path();
            Factors one = factors.get(path);
            if (one != null) {
                data.put(
                        path,
                        new LoRAWeights(
                                layer.kind(),
                                layer.layoutOfA().fromGraph(one.a).dup('c'),
                                layer.layoutOfB().fromGraph(one.b).dup('c'),
                                null,
                                one.bBias == null ? null : one.bBias.dup('c')));
            }
            INDArray bias = biases.get(path);
            INDArray biasCopy = bias == null ? null : bias.dup('c').reshape(bias.length());
            INDArray weight = weights.get(path);
            if (weight != null) {
                saved.put(
                        path,
                        new LoRAAdapter.SavedModule(
                                layer.layout().fromGraph(weight).dup('c'), biasCopy));
            } else if (biasCopy != null) {
                biasData.put(path, biasCopy);
            }
        }
        return new LoRAAdapter(config, data, biasData, saved).againstBase(subtracted);
    }
}
