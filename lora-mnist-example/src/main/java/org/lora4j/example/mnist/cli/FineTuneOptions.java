package org.lora4j.example.mnist.cli;

import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.console.command.OptionCheck;
import org.lora4j.example.mnist.data.MnistData;
import org.lora4j.example.mnist.experiment.RichBoyNet;
import picocli.CommandLine.Option;

/** The digit of the fine-tuning, its length, and the size of the adapter. */
final class FineTuneOptions {
    private static final int DEFAULT_DIGIT = 9;

    @Option(names = "--digit", paramLabel = "0..9", description = "The digit of the fine-tuning. Default: 9.")
    @Nullable
    Integer digit;

    @Option(
            names = "--fine-tune-batches",
            paramLabel = "N",
            description = "Batches of the fine-tuning. Default: ${DEFAULT-VALUE}.")
    int batches = 100;

    @Option(names = "--rank", paramLabel = "R", description = "The rank of the adapter. Default: ${DEFAULT-VALUE}.")
    int rank = 1;

    @Option(
            names = "--alpha",
            paramLabel = "ALPHA",
            description = "The scale of the adapter is alpha / rank. Default: ${DEFAULT-VALUE}.")
    double alpha = 1;

    void check(OptionCheck check) {
        check.inRange("--digit", digit(), 0, MnistData.CLASSES - 1);
        check.atLeast("--fine-tune-batches", batches, 1);
        check.inRange("--rank", rank, 1, RichBoyNet.INPUTS);
        check.positive("--alpha", alpha);
    }

    int digit() {
        return digit == null ? DEFAULT_DIGIT : digit;
    }

    LoRAConfig config() {
        return LoRAConfig.of(rank, alpha);
    }
}
