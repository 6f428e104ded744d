package org.lora4j.samediff;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.internal.ArrayBits;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The effective weight and bias of a layer, new arrays. */
record MergedLayer(
        GraphLayer layer, INDArray weight, @Nullable INDArray bias) {
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
            }
        }
        return new MergedLayer(layer, weight, bias);
    }

    /** Makes them the arrays of a graph's variables. */
    void writeTo(SameDiff graph) {
        write(graph, layer.variable(), layer.path() + ".weight", layer.layout().toGraph(weight));
        if (bias != null && layer.biasVariable() != null) {
            write(graph, layer.biasVariable(), layer.path() + ".bias", bias.reshape(layer.biasShape()));
        }
    }

    private static void write(SameDiff graph, String variable, String what, INDArray array) {
        if (!ArrayBits.isFinite(array)) {
            throw new ArithmeticException(what + ": merged values must be finite, found NaN or an infinity");
        }
        graph.getVariable(variable).getArr().assign(array);
    }
}
