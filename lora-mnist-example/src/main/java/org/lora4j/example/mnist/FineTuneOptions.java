package org.lora4j.example.mnist;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import picocli.CommandLine.Option;

/** What is fine-tuned on, and with what adapter. */
final class FineTuneOptions {
    private static final int DEFAULT_DIGIT = 9;

    @Option(names = "--digit", paramLabel = "0..9", description = "The digit to fine-tune on. Default: 9.")
    private @Nullable Integer digit;

    @Option(
            names = "--fine-tune-batches",
            paramLabel = "N",
            description = "Batches of the fine-tuning. Default: ${DEFAULT-VALUE}.")
    private int batches = 100;

    @Option(names = "--rank", paramLabel = "R", description = "The rank of the adapter. Default: ${DEFAULT-VALUE}.")
    private int rank = 1;

    @Option(
            names = "--alpha",
            paramLabel = "ALPHA",
            description = "The adapter is scaled by alpha / rank. Default: ${DEFAULT-VALUE}.")
    private double alpha = 1;

    void check(OptionCheck check) {
        check.inRange("--digit", digit(), 0, MnistData.CLASSES - 1);
        check.atLeast("--fine-tune-batches", batches, 1);
        check.inRange("--rank", rank, 1, RichBoyNet.MAX_RANK);
        check.positive("--alpha", alpha);
    }

    boolean isDigitGiven() {
        return digit != null;
    }

    int digit() {
        return digit == null ? DEFAULT_DIGIT : digit;
    }

    int batches() {
        return batches;
    }

    LoRAConfig config(LoRAInit init, long seed) {
        return LoRAConfig.builder()
                .rank(rank)
                .alpha(alpha)
                .init(init)
                .seed(seed)
                .build();
    }

    /**
     * Batches of a digit, in an order that only the seed decides.
     *
     * @throws IllegalArgumentException if no training image shows the digit
     */
    MnistIterator data(MnistData train, int digit, int batchSize, double replay, long seed) {
        if (train.indicesOf(digit).length == 0) {
            throw new IllegalArgumentException("the training images must show the digit " + digit + ", none does");
        }
        return MnistIterator.ofDigit(train, digit, batchSize, replay, seed);
    }

    void addTo(Map<String, @Nullable Object> settings) {
        settings.put("fineTuneBatches", batches);
        settings.put("rank", rank);
        settings.put("alpha", alpha);
    }
}
