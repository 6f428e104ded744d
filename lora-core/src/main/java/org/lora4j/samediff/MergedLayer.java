package org.lora4j.samediff;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.internal.MessageText;
import org.lora4j.internal.memory.ArrayBits;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The effective weight and bias of a layer, new arrays.
 *
 * @param layer the layer
 * @param weight the weight, in the library's shape
 * @param bias the bias {@code [out]}, or null if the layer has none
 * @param hasBiasOfB whether a bias of B was added to the bias
 */
record MergedLayer(
        GraphLayer layer, INDArray weight, @Nullable INDArray bias, boolean hasBiasOfB) {
    static MergedLayer of(GraphLayer layer, List<LoRAAdapter> adapters) {
        INDArray weight = layer.weight().dup();
        INDArray originalBias = layer.bias();
        INDArray bias = originalBias == null ? null : originalBias.dup();
        for (LoRAAdapter adapter : adapters) {
            LoRAAdapter.SavedModule saved = adapter.savedModules().get(layer.path());
            if (saved != null) {
                weight.assign(saved.weight());
            }
            INDArray trainedBias =
                    saved != null ? saved.bias() : adapter.biases().get(layer.path());
            if (bias != null && trainedBias != null) {
                bias.assign(trainedBias);
            }
        }
        boolean hasBiasOfB = false;
        for (LoRAAdapter adapter : adapters) {
            LoRAWeights lora = adapter.weights().get(layer.path());
            if (lora == null) {
                continue;
            }
            double scale = adapter.config().scaleOf(layer.path());
            weight.addi(lora.delta(layer.weight(), scale));
            if (lora.loraBBias() != null) {
                if (bias == null) {
                    throw new IllegalArgumentException(layer.path()
                            + ": a bias of B can be merged into a layer with a bias, found none in the graph");
                }
                bias.addi(lora.loraBBias().mul(scale));
                hasBiasOfB = true;
            }
        }
        return new MergedLayer(layer, weight, bias, hasBiasOfB);
    }

    /**
     * Makes them the arrays of a graph's variables.
     *
     * @param graph a plain graph with arrays of its own
     * @param trainable the names of the variables that are to be trainable
     */
    void writeTo(SameDiff graph, Set<String> trainable) {
        write(graph, layer.variable(), layer.path() + ".weight", layer.layout().toGraph(weight));
        String variable = layer.biasVariable();
        if (bias == null || variable == null || ArrayBits.equal(bias, layer.bias())) {
            return;
        }
        if (hasBiasOfB) {
            requireBiasAfterProducts(graph);
        }
        if (isShared(graph, variable)) {
            variable = ownBias(graph, trainable.contains(variable));
        }
        write(graph, variable, layer.path() + ".bias", bias.reshape(layer.biasShape()));
    }

    private List<WeightUse.BiasUse> biasUses() {
        return layer.uses().stream()
                .map(use -> Objects.requireNonNull(use.bias()))
                .toList();
    }

    /** Whether the bias belongs to something else too, which keeps the original. */
    private boolean isShared(SameDiff graph, String variable) {
        List<String> others = new ArrayList<>(Graphs.consumers(graph, variable));
        biasUses().forEach(use -> others.remove(use.op()));
        return !others.isEmpty();
    }

    /** Gives the layer a variable of its own for its bias. */
    private String ownBias(SameDiff graph, boolean trains) {
        String name = layer.path() + ".bias";
        while (graph.hasVariable(name)) {
            name += ".merged";
        }
        INDArray array = Objects.requireNonNull(bias).reshape(layer.biasShape()).dup('c');
        SDVariable own = trains ? graph.var(name, array) : graph.constant(name, array);
        for (WeightUse.BiasUse use : biasUses()) {
            graph.replaceArgFor(use.input(), own, Graphs.op(graph, use.op()).getOp());
        }
        return name;
    }

    /** A bias of B is part of the product with adapters, and of the sum with the bias in a merged graph. */
    private void requireBiasAfterProducts(SameDiff graph) {
        for (WeightUse use : layer.uses()) {
            String sum = Objects.requireNonNull(use.bias()).op();
            String product = Graphs.label(Graphs.op(graph, use.op()));
            List<String> others = new ArrayList<>(Graphs.consumers(graph, product));
            others.remove(sum);
            if (!sum.equals(use.op()) && !others.isEmpty()) {
                throw new IllegalArgumentException(layer.path()
                        + ": a bias of B can be merged if the addition of the bias alone reads the product '" + product
                        + "', found "
                        + MessageText.list(others.stream()
                                .map(op -> Graphs.label(Graphs.op(graph, op)))
                                .toList())
                        + " too; let them read '" + Graphs.label(Graphs.op(graph, sum)) + "' instead");
            }
        }
    }

    private static void write(SameDiff graph, String variable, String what, INDArray array) {
        if (!ArrayBits.isFinite(array)) {
            throw new ArithmeticException(what + ": merged values must be finite, found NaN or an infinity");
        }
        graph.getVariable(variable).getArr().assign(array);
    }
}
