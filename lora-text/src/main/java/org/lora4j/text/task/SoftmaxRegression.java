package org.lora4j.text.task;

import java.util.List;
import org.lora4j.nn.Network;
import org.lora4j.train.LinearWarmupSchedule;
import org.lora4j.train.Loss;
import org.lora4j.train.Trainer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.ViewIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;

/**
 * What a frozen model can do as it is: softmax regression on features that it computes once. Only the classifier trains, so this is what
 * an adapter must be better than.
 */
public final class SoftmaxRegression {
    private static final int EPOCHS = 50;
    private static final int BATCH_SIZE = 100;
    private static final double LEARNING_RATE = 0.02;

    private SoftmaxRegression() {}

    /**
     * Trains a classifier.
     *
     * @param features a row for each example {@code [n, dim]}
     * @param classes its class, from 0
     * @param count the number of classes
     * @param seed the seed of the first weights
     * @return the classifier, which takes such rows
     */
    public static Network train(INDArray features, List<Integer> classes, int count, long seed) {
        Network classifier =
                Network.builder(features.size(1)).linear("classifier", count).build(seed);
        INDArray labels = Nd4j.createFromArray(
                        classes.stream().mapToInt(Integer::intValue).toArray())
                .reshape(-1, 1);
        int steps = EPOCHS * (int) Math.ceil((double) classes.size() / BATCH_SIZE);
        Trainer.builder(classifier)
                .loss(Loss.sparseSoftmaxCrossEntropy())
                .updater(new Adam(new LinearWarmupSchedule(LEARNING_RATE, steps / 10, steps)))
                .epochs(EPOCHS)
                .build()
                .fit(new ViewIterator(new DataSet(features, labels), BATCH_SIZE));
        return classifier;
    }
}
