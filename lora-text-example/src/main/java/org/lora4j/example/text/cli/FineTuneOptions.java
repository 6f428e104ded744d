package org.lora4j.example.text.cli;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.TargetModules;
import org.lora4j.example.support.cli.OptionCheck;
import org.lora4j.example.text.experiment.FineTuning;
import org.lora4j.nn.transformer.BertModel;
import picocli.CommandLine.Option;

/** The adapter and its training. */
final class FineTuneOptions {
    /** The smallest dimension of a linear layer of the model. */
    private static final int MOST_RANK = 384;

    private static final String ALL_LINEAR = "all-linear";

    @Option(names = "--rank", paramLabel = "R", description = "The rank of the adapter. Default: ${DEFAULT-VALUE}.")
    private int rank = 8;

    @Option(
            names = "--alpha",
            paramLabel = "ALPHA",
            description = "The scale of the adapter is alpha / rank. Default: ${DEFAULT-VALUE}.")
    private double alpha = 16;

    @Option(
            names = "--targets",
            paramLabel = "MODULES",
            split = ",",
            description = "The layers that the adapter changes: all-linear, or the last parts of their paths, such as"
                    + " query,value. Default: ${DEFAULT-VALUE}.")
    private List<String> targets;

    @Option(names = "--steps", paramLabel = "N", description = "Batches of the training. Default: ${DEFAULT-VALUE}.")
    private int steps;

    @Option(names = "--batch-size", paramLabel = "N", description = "Texts in a batch. Default: ${DEFAULT-VALUE}.")
    private int batchSize = 16;

    @Option(
            names = "--lr",
            paramLabel = "RATE",
            description =
                    "The highest learning rate. It rises for a tenth of the training, and then falls to 0. Default:"
                            + " ${DEFAULT-VALUE}.")
    private double learningRate;

    @Option(
            names = "--dropout",
            paramLabel = "P",
            description = "The dropout inside the model while it is trained. Default: ${DEFAULT-VALUE}; short trainings"
                    + " reach more without it.")
    private double dropout;

    @Option(names = "--seed", paramLabel = "N", description = "Seed of all random choices. Default: ${DEFAULT-VALUE}.")
    private long seed;

    FineTuneOptions(List<String> targets, int steps, double learningRate) {
        this.targets = targets;
        this.steps = steps;
        this.learningRate = learningRate;
    }

    void check(OptionCheck check) {
        check.inRange("--rank", rank, 1, MOST_RANK);
        check.positive("--alpha", alpha);
        check.require(
                targets.stream().noneMatch(String::isBlank), "--targets must not have blank names, found " + targets);
        check.require(
                targets.size() == 1 || !targets.contains(ALL_LINEAR),
                "--targets must be all-linear alone or names of layers, found " + targets);
        check.atLeast("--steps", steps, 1);
        check.atLeast("--batch-size", batchSize, 1);
        check.positive("--lr", learningRate);
        check.require(dropout >= 0 && dropout < 1, "--dropout must be at least 0 and less than 1, found " + dropout);
    }

    /** Returns the names for the default value of {@code --targets}. */
    static List<String> allLinear() {
        return List.of(ALL_LINEAR);
    }

    LoRAConfig config() {
        return LoRAConfig.builder()
                .rank(rank)
                .alpha(alpha)
                .targetModules(
                        targets.contains(ALL_LINEAR)
                                ? TargetModules.allLinear()
                                : TargetModules.of(targets.toArray(String[]::new)))
                .seed(seed)
                .build();
    }

    FineTuning training() {
        return new FineTuning(steps, batchSize, learningRate);
    }

    /** Returns the model with the dropout of the training. */
    BertModel prepare(BertModel bert) {
        return bert.withDropout(dropout);
    }

    long seed() {
        return seed;
    }

    void addTo(Map<String, @Nullable Object> settings) {
        settings.put("rank", rank);
        settings.put("alpha", alpha);
        settings.put("targets", String.join(",", targets));
        settings.put("steps", steps);
        settings.put("batchSize", batchSize);
        settings.put("lr", learningRate);
        settings.put("dropout", dropout);
        settings.put("seed", seed);
    }
}
