package org.lora4j.cli.convert;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.lora4j.adapter.BaseLayer;
import org.lora4j.adapter.BiasTraining;
import org.lora4j.adapter.HubFields;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.algebra.AdapterApproximation;
import org.lora4j.algebra.AdapterExtraction;
import org.lora4j.algebra.TargetRank;
import org.lora4j.cli.model.TaskFile;
import org.lora4j.io.PeftAdapters;
import org.lora4j.nn.Network;
import org.lora4j.nn.transformer.BertModel;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.ModelKind;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The adapter that makes one model of another: what a full fine-tuning changed, at a low rank. */
public final class ModelDifference {
    private ModelDifference() {}

    /**
     * What was extracted.
     *
     * @param output the folder that was written
     * @param layers the number of adapted layers
     * @param rank the greatest rank of a layer
     * @param greatestError the greatest relative error of a layer's update
     * @param inFull the layers that differ and are stored in full: normalizations
     */
    public record Result(String output, int layers, int rank, double greatestError, List<String> inFull) {}

    /**
     * Extracts an adapter from two models, and writes it.
     *
     * @param model the folder of the model before the fine-tuning
     * @param tuned the folder of the model after it
     * @param rank the rank of each layer
     * @param output the folder that is written
     * @return what was extracted
     * @throws IOException if a file cannot be read or written
     * @throws IllegalArgumentException if the models have other layers, or equal weights
     */
    public static Result extract(Path model, Path tuned, TargetRank rank, Path output) throws IOException {
        ModelKind kind = ModelKind.of(model);
        if (ModelKind.of(tuned) != kind) {
            throw new IOException(tuned + ": the models must be of the same kind, found " + ModelKind.of(tuned)
                    + " beside " + kind + " in " + model);
        }
        boolean classifies = !kind.isDecoder()
                && BertModel.load(model).hasClassifier()
                && BertModel.load(tuned).hasClassifier();
        Network before = network(model, classifies);
        Network after = network(tuned, classifies);
        AdapterApproximation found = AdapterExtraction.extract(
                before, after, rank, biasesDiffer(before, after) ? BiasTraining.ALL : BiasTraining.NONE);
        PeftAdapters.save(named(found.adapter(), before, model), before, output);
        TaskFile.delete(output);
        return new Result(
                output.toString(),
                found.adapter().weights().size(),
                found.layers().values().stream()
                        .mapToInt(AdapterApproximation.Layer::rank)
                        .max()
                        .orElse(0),
                found.layers().values().stream()
                        .mapToDouble(AdapterApproximation.Layer::relativeError)
                        .max()
                        .orElse(0),
                List.copyOf(found.adapter().savedModules().keySet()));
    }

    private static Network network(Path folder, boolean classifies) throws IOException {
        if (ModelKind.of(folder).isDecoder()) {
            try (DecoderFolder decoder = DecoderFolder.open(folder)) {
                return decoder.network();
            }
        }
        BertModel bert = BertModel.load(folder);
        return classifies ? bert.classifier() : bert.lastHiddenState();
    }

    private static boolean biasesDiffer(Network before, Network after) {
        for (BaseLayer layer : before.baseLayers()) {
            INDArray bias = layer.bias();
            if (bias != null && after.paths().contains(layer.path())) {
                INDArray other = after.baseLayer(layer.path()).bias();
                if (other != null && !bias.equalsWithEps(other, 0)) {
                    return true;
                }
            }
        }
        return false;
    }

    private static LoRAAdapter named(LoRAAdapter adapter, Network base, Path model) {
        HubFields fields = adapter.config()
                .hubFields()
                .withBaseModel(String.valueOf(model.toAbsolutePath().normalize().getFileName()));
        return new LoRAAdapter(
                adapter.config().toBuilder()
                        .hubFields(fields.withTaskType(base.taskType().orElse(null)))
                        .build(),
                adapter.weights(),
                adapter.biases(),
                adapter.savedModules(),
                adapter.tokenRows());
    }
}
