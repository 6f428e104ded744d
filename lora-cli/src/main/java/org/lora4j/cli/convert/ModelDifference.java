package org.lora4j.cli.convert;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.lora4j.adapter.BaseLayer;
import org.lora4j.adapter.BiasTraining;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.algebra.AdapterApproximation;
import org.lora4j.algebra.AdapterExtraction;
import org.lora4j.algebra.TargetRank;
import org.lora4j.io.peft.PeftAdapters;
import org.lora4j.nn.Network;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.text.task.TaskFile;
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
     * @param leftOut the layers of the second model that the adapter leaves out because only that model has a classifier
     */
    public record Result(
            String output, int layers, int rank, double greatestError, List<String> inFull, List<String> leftOut) {}

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
        ModelConfig first = ModelConfig.read(model);
        ModelConfig second = ModelConfig.read(tuned);
        if (first.isDecoder() != second.isDecoder()) {
            throw new IOException(tuned + ": the models must be of the same kind, found " + second.modelType()
                    + " beside " + first.modelType() + " in " + model);
        }
        Side base = new Side(PretrainedModel.load(model));
        Side other = new Side(PretrainedModel.load(tuned));
        boolean oneClassifies = base.classifies() != other.classifies();
        return extract(
                model,
                oneClassifies ? base.body() : base.network(),
                oneClassifies ? other.body() : other.network(),
                rank,
                output,
                oneClassifies && other.classifies() ? other.head() : List.of());
    }

    private static Result extract(
            Path model, Network before, Network after, TargetRank rank, Path output, List<String> leftOut)
            throws IOException {
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
                List.copyOf(found.adapter().savedModules().keySet()),
                leftOut);
    }

    /**
     * One of the models.
     *
     * @param model the model
     */
    private record Side(PretrainedModel model) {
        boolean classifies() {
            return model.hasClassifier();
        }

        /** The model with its classifier, if it has one. */
        Network network() {
            if (classifies()) {
                return model.classifier();
            }
            return model.config().isDecoder() ? model.causal() : body();
        }

        /** The model without what only one of the two has. */
        Network body() {
            return model.lastHiddenState();
        }

        /** The layers that the classifier has more than the body. */
        List<String> head() {
            List<String> body = List.copyOf(body().paths());
            // Before the paths of the body stands the name that it has within the model, such as bert.
            return network().paths().stream()
                    .filter(path -> body.stream().noneMatch(of -> path.equals(of) || path.endsWith("." + of)))
                    .toList();
        }
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
        LoRAConfig.HubFields fields = adapter.config()
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
