package org.lora4j.cli.classify;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.lora4j.cli.train.Examples;
import org.lora4j.nn.Network;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.task.SoftmaxRegression;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * What the encoder can do as it is: softmax regression on the mean of the last hidden states. Of many texts for training it uses
 * 20,000, at equal distances in the file: it has few parameters, and holds a row for each.
 */
final class FrozenBaseline {
    private static final int BATCH = 32;
    private static final int MOST_TEXTS = 20_000;

    private final Network encoder;
    private final long seed;

    FrozenBaseline(TextClassifier classifier, long seed) {
        encoder = classifier.features();
        this.seed = seed;
    }

    /** Trains a classifier on some texts, which takes a row of {@link #features} for each text. */
    Network train(TokenizedTexts texts) {
        List<INDArray> rows = new ArrayList<>();
        List<Integer> classes = new ArrayList<>();
        int[] indices = Examples.sample(texts.size(), MOST_TEXTS);
        for (int from = 0; from < indices.length; from += BATCH) {
            TokenizedTexts.Some some =
                    texts.read(Arrays.copyOfRange(indices, from, Math.min(indices.length, from + BATCH)));
            rows.add(features(some));
            classes.addAll(some.classes());
        }
        return SoftmaxRegression.train(Nd4j.concat(0, rows.toArray(INDArray[]::new)), classes, texts.count(), seed);
    }

    INDArray features(TokenizedTexts.Some texts) {
        return encoder.predict(texts.sequences());
    }
}
