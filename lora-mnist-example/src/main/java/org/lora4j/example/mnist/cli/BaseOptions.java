package org.lora4j.example.mnist.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.console.command.OptionCheck;
import org.lora4j.example.mnist.data.MnistData;
import org.lora4j.example.mnist.experiment.AdamTraining;
import org.lora4j.example.mnist.experiment.RichBoyNet;
import org.lora4j.example.mnist.experiment.Seeds;
import org.lora4j.nn.Network;
import picocli.CommandLine.Option;

/** The base: loaded from a file, or trained on all digits. */
final class BaseOptions {
    @Option(names = "--base", paramLabel = "FILE", description = "Load the base from this file instead of training it.")
    private @Nullable Path file;

    @Option(
            names = "--epochs",
            paramLabel = "N",
            description = "Epochs of the base training. Default: ${DEFAULT-VALUE}.")
    private int epochs = 1;

    @Option(names = "--max-batches", paramLabel = "N", description = "Stop the base training after N batches.")
    private @Nullable Integer maxBatches;

    @Option(names = "--batch-size", paramLabel = "N", description = "Images in a batch. Default: ${DEFAULT-VALUE}.")
    int batchSize = 10;

    @Option(names = "--lr", paramLabel = "RATE", description = "Learning rate of Adam. Default: ${DEFAULT-VALUE}.")
    double learningRate = 0.001;

    @Option(names = "--seed", paramLabel = "N", description = "Seed of all random choices. Default: ${DEFAULT-VALUE}.")
    long seed;

    void check(OptionCheck check) {
        check.atLeast("--epochs", epochs, 1);
        if (maxBatches != null) {
            check.atLeast("--max-batches", maxBatches, 1);
        }
        check.atLeast("--batch-size", batchSize, 1);
        check.positive("--lr", learningRate);
    }

    Seeds seeds() {
        return Seeds.of(seed);
    }

    /** Returns the loaded network, or a new one. */
    Network network() throws IOException {
        return file == null ? RichBoyNet.build(seeds().network()) : RichBoyNet.load(file);
    }

    boolean isLoaded() {
        return file != null;
    }

    /** Goes on to the base of the next seed. */
    void nextSeed() {
        seed++;
    }

    /** Returns the training of the base, or null if it is loaded. */
    @Nullable
    AdamTraining training(MnistData train) {
        if (file != null) {
            return null;
        }
        long perEpoch = (train.size() + batchSize - 1L) / batchSize;
        long batches = Math.min(epochs * perEpoch, maxBatches == null ? Long.MAX_VALUE : maxBatches);
        return new AdamTraining(batches, batchSize, learningRate);
    }

    void addTo(Map<String, @Nullable Object> settings) {
        settings.put("base", Objects.toString(file, null));
        settings.put("epochs", epochs);
        settings.put("maxBatches", maxBatches);
        settings.put("batchSize", batchSize);
        settings.put("lr", learningRate);
        settings.put("seed", seed);
    }
}
