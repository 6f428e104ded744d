package org.lora4j.example.support.train;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Input;
import org.lora4j.train.Batch;
import org.lora4j.train.LinearWarmupSchedule;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingResult;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Adam;

/** What a model can do as it is: softmax regression on features that it computes once. Only the classifier trains. */
public final class SoftmaxRegression {
    private static final int EPOCHS = 50;
    private static final int BATCH_SIZE = 100;
    private static final double LEARNING_RATE = 0.02;

    private SoftmaxRegression() {}

    /**
     * A trained classifier.
     *
     * @param classifier takes features {@code [n, dim]}
     * @param result its training
     */
    public record Trained(Network classifier, TrainingResult result) {}

    /**
     * Trains a classifier.
     *
     * @param features a row for each example {@code [n, dim]}
     * @param classes the class of each example
     * @param count the number of classes
     * @param seed the seed of the first weights
     */
    public static Trained train(INDArray features, List<Integer> classes, int count, long seed) {
        Network classifier =
                Network.builder(features.size(1)).linear("classifier", count).build(seed);
        List<Batch> batches = new ArrayList<>();
        for (int from = 0; from < classes.size(); from += BATCH_SIZE) {
            int to = Math.min(classes.size(), from + BATCH_SIZE);
            int[] indices = IntStream.range(from, to).toArray();
            batches.add(new Batch(
                    Input.of(features.get(NDArrayIndex.interval(from, to), NDArrayIndex.all())),
                    Classes.oneHot(classes, indices, count)));
        }
        int steps = EPOCHS * batches.size();
        TrainingResult result = Trainer.builder(classifier)
                .updater(new Adam(new LinearWarmupSchedule(LEARNING_RATE, steps / 10, steps)))
                .epochs(EPOCHS)
                .build()
                .fit(batches);
        return new Trained(classifier, result);
    }
}
