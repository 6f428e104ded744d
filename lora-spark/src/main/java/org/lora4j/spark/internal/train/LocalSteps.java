package org.lora4j.spark.internal.train;

import java.io.Serializable;
import org.lora4j.spark.internal.param.OptimizerName;
import org.nd4j.linalg.learning.config.IUpdater;

/**
 * The steps that each worker takes alone in a round, with an updater that starts anew.
 *
 * @param first the number of the first batch in the training, from 0
 * @param count the number of steps
 * @param batches the number of batches of an epoch
 * @param optimizer the updater
 * @param learningRate its learning rate
 * @param weightDecay its weight decay, if it has one
 * @param clipNorm the greatest norm of the gradients; infinite for no limit
 */
record LocalSteps(
        long first,
        int count,
        int batches,
        OptimizerName optimizer,
        double learningRate,
        double weightDecay,
        double clipNorm)
        implements Serializable {
    /** The same with another first batch, and with fewer steps at the end of the training. */
    LocalSteps from(long begin, long end) {
        return new LocalSteps(
                begin, (int) Math.min(count, end - begin), batches, optimizer, learningRate, weightDecay, clipNorm);
    }

    IUpdater updater() {
        return optimizer.updater(learningRate, weightDecay);
    }
}
