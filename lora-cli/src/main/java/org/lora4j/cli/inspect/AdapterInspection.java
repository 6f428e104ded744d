package org.lora4j.cli.inspect;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.nn.transformer.ModelConfig.ProblemType;
import org.lora4j.text.data.Labels;
import org.lora4j.text.task.Outputs;
import org.lora4j.text.task.Rerank;
import org.lora4j.text.task.SavedAdapter;
import org.lora4j.text.task.Task;

/**
 * What is in the folder of an adapter.
 *
 * @param kind {@code adapter}
 * @param folder the folder
 * @param task PEFT's task type, or null
 * @param base the base that the configuration names, or null
 * @param rank the rank
 * @param alpha α
 * @param dora whether it is DoRA
 * @param rankStabilized whether the scale is α/√r
 * @param targets the target modules
 * @param modulesToSave the layers that were trained in full
 * @param layers the number of adapted layers by the last part of their paths
 * @param parameters the numbers that were trained
 * @param bytes the size of the tensors' file
 * @param labels the classes, if {@code task.json} names them
 * @param problem what the outputs mean, if {@code task.json} says that a text has not one of the classes; else null
 * @param fingerprints how many layers have a fingerprint of their base
 * @param fit whether it fits a base; null if none was given
 */
public record AdapterInspection(
        String kind,
        String folder,
        @Nullable String task,
        @Nullable String base,
        int rank,
        double alpha,
        boolean dora,
        boolean rankStabilized,
        String targets,
        List<String> modulesToSave,
        Map<String, Integer> layers,
        long parameters,
        long bytes,
        List<String> labels,
        @Nullable String problem,
        int fingerprints,
        @Nullable AdapterFitness fit) {
    /**
     * Says what an adapter has.
     *
     * @param saved the files of the adapter
     * @param model the folder of a model that it may fit; null for none
     * @return what is in it
     * @throws IOException if a file cannot be read
     */
    public static AdapterInspection of(SavedAdapter saved, @Nullable Path model) throws IOException {
        LoRAAdapter adapter = saved.adapter();
        LoRAConfig config = adapter.config();
        return new AdapterInspection(
                "adapter",
                saved.toString(),
                config.hubFields().taskType(),
                config.hubFields().baseModel(),
                config.rank(),
                config.alpha(),
                config.dora(),
                config.rankStabilized(),
                config.targetModules().toString(),
                config.modulesToSave(),
                byLastPart(adapter.weights().keySet()),
                parameters(adapter),
                saved.length(),
                labels(saved.task()),
                saved.task().map(AdapterInspection::problem).orElse(null),
                saved.files().fingerprintCount(),
                model == null ? null : AdapterFitness.of(saved, adapter, model));
    }

    /** The names of the classes; that of the score of a reranker is a number. */
    private static List<String> labels(Optional<Task> task) {
        return task.filter(Rerank.class::isInstance).isPresent()
                ? Labels.numbered(1).names()
                : task.flatMap(Task::classes).map(Labels::names).orElse(List.of());
    }

    static @Nullable String problem(Task task) {
        return task.classifierOutputs()
                .map(Outputs::problem)
                .filter(problem -> problem != ProblemType.SINGLE_LABEL_CLASSIFICATION)
                .map(ProblemType::text)
                .orElse(null);
    }

    static Map<String, Integer> byLastPart(Iterable<String> paths) {
        Map<String, Integer> counts = new TreeMap<>();
        paths.forEach(path -> counts.merge(path.substring(path.lastIndexOf('.') + 1), 1, Integer::sum));
        return counts;
    }

    private static long parameters(LoRAAdapter adapter) {
        long factors = adapter.weights().values().stream()
                .mapToLong(weights -> weights.loraA().length()
                        + weights.loraB().length()
                        + (weights.magnitude() == null ? 0 : weights.magnitude().length()))
                .sum();
        long modules = adapter.savedModules().values().stream()
                .mapToLong(module -> module.weight().length()
                        + (module.bias() == null ? 0 : module.bias().length()))
                .sum();
        long biases = adapter.biases().values().stream()
                .mapToLong(bias -> bias.length())
                .sum();
        return factors + modules + biases;
    }
}
