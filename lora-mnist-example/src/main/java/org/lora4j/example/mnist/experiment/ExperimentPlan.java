package org.lora4j.example.mnist.experiment;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.example.mnist.data.Mnist;
import org.lora4j.example.mnist.data.MnistBatches;

/**
 * What an experiment does.
 *
 * @param data the name of the data set
 * @param baseTraining the training of the base on all digits; null if the base is loaded
 * @param digits the digits of the fine-tuning; each has an adapter
 * @param config the configuration of the adapters
 * @param fineTuning the training of each adapter
 * @param together whether the adapters are trained at once, and one after the other only to compare
 * @param replayShare the share of other digits in each batch of the fine-tuning, in [0, 1)
 * @param seed the seed of the orders of images
 */
public record ExperimentPlan(
        String data,
        @Nullable AdamTraining baseTraining,
        List<Integer> digits,
        LoRAConfig config,
        AdamTraining fineTuning,
        boolean together,
        double replayShare,
        long seed) {
    boolean hasOneDigit() {
        return digits.size() == 1;
    }

    /** Returns the name of the adapter that is trained on the digit. */
    static String adapter(int digit) {
        return "digit-" + digit;
    }

    /** Returns the names of all adapters. */
    String[] adapters() {
        return digits.stream().map(ExperimentPlan::adapter).toArray(String[]::new);
    }

    /**
     * Returns the batches of the fine-tuning on a digit, from the first one on. They do not depend on the other digits.
     *
     * @throws IllegalArgumentException if no image shows the digit
     */
    MnistBatches batches(Mnist mnist, int digit) {
        long order = Seeds.of(seed).fineTuneOrder();
        return MnistBatches.ofDigit(mnist.train(), digit, fineTuning.batchSize(), replayShare, order);
    }

    /** Describes the other digits in the batches of a digit. */
    String others() {
        return replayShare > 0 ? " with " + Math.round(100 * replayShare) + " % of others" : " alone";
    }
}
