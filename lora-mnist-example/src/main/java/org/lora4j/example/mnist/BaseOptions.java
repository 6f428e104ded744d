package org.lora4j.example.mnist;

import org.lora4j.nn.Network;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where the base comes from: trained on all digits, or a file. */
final class BaseOptions {
    @Option(names = "--base", paramLabel = "FILE", description = "Take the base from this file instead of training it.")
    private @Nullable Path file;

    @Option(
            names = "--epochs",
            paramLabel = "N",
            description = "Epochs of the base training. Default: ${DEFAULT-VALUE}.")
    private int epochs = 1;

    @Option(names = "--max-batches", paramLabel = "N", description = "End the base training after N batches.")
    private @Nullable Integer maxBatches;

    @Option(names = "--batch-size", paramLabel = "N", description = "Images in a batch. Default: ${DEFAULT-VALUE}.")
    private int batchSize = 10;

    @Option(names = "--lr", paramLabel = "RATE", description = "Adam's learning rate. Default: ${DEFAULT-VALUE}.")
    private double learningRate = 0.001;

    @Option(names = "--seed", paramLabel = "N", description = "Seed of all random choices. Default: ${DEFAULT-VALUE}.")
    private long seed;

    void check(OptionCheck check) {
        check.atLeast("--epochs", epochs, 1);
        if (maxBatches != null) {
            check.atLeast("--max-batches", maxBatches, 1);
        }
        check.atLeast("--batch-size", batchSize, 1);
        check.positive("--lr", learningRate);
    }

    boolean isStored() {
        return file != null;
    }

    int batchSize() {
        return batchSize;
    }

    double learningRate() {
        return learningRate;
    }

    long seed() {
        return seed;
    }

    Seeds seeds() {
        return Seeds.of(seed);
    }

    /** The stored network, or one that has learned nothing. */
    Network network() throws IOException {
        return file == null ? RichBoyNet.build(seeds().network()) : RichBoyNet.load(file);
    }

    /** The number of batches of the base training. */
    long batches(MnistData train) {
        long perEpoch = (train.size() + batchSize - 1L) / batchSize;
        return Math.min(epochs * perEpoch, maxBatches == null ? Long.MAX_VALUE : maxBatches);
    }

    /** Trains all parameters on all digits. */
    Learned train(Network network, MnistData train, ProgressOptions options, PrintWriter lines) {
        long batches = batches(train);
        MnistIterator data = MnistIterator.shuffled(train, train.indices(), batchSize, seeds().baseOrder());
        try (Progress progress = options.start("Base training", batches, lines)) {
            return Learned.byAdam(network, data, batches, learningRate, progress);
        }
    }

    void addTo(Map<String, @Nullable Object> settings) {
        settings.put("base", file);
        settings.put("epochs", epochs);
        settings.put("maxBatches", maxBatches);
        settings.put("batchSize", batchSize);
        settings.put("lr", learningRate);
        settings.put("seed", seed);
    }
}
