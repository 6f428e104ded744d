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
 * @param seeds the seeds of the orders of images
 */
public record ExperimentPlan(
        String data,
        @Nullable AdamTraining baseTraining,
        List<Integer> digits,
        LoRAConfig config,
        AdamTraining fineTuning,
        boolean together,
        double replayShare,
        Seeds seeds) {
    /**
     * Returns the batches of the fine-tuning on a digit, from the first one on. They do not depend on the other digits.
     *
     * @throws IllegalArgumentException if no image shows the digit
     */
    MnistBatches batches(Mnist mnist, int digit) {
        return MnistBatches.ofDigit(mnist.train(), digit, fineTuning.batchSize(), replayShare, seeds.fineTuneOrder());
    }
}
