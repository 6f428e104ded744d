package org.lora4j.example.text.experiment;

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

/**
 * What the encoder can do as it is: softmax regression on the mean of the last hidden states. The encoder computes each text
 * once; only the classifier trains.
 */
final class FrozenHead {
    private static final int EPOCHS = 50;
    private static final int BATCH_SIZE = 100;
    private static final double LEARNING_RATE = 0.02;

    private final Network encoder;

    /**
     * Creates a head.
     *
     * @param encoder a network with a row for each text
     */
    FrozenHead(Network encoder) {
        this.encoder = encoder;
    }

    /** Computes the features {@code [texts, dim]}. */
    INDArray features(TokenizedTexts texts) {
        return texts.map(encoder::predict);
    }

    /** A trained classifier. */
    record Trained(Network classifier, TrainingResult result) {}

    /** Trains a classifier. */
    static Trained train(INDArray features, List<Integer> classes, int count, long seed) {
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
