package org.lora4j.cli.classify;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.cli.train.Examples;
import org.lora4j.nn.Network;
import org.lora4j.text.data.LabelledText;
import org.lora4j.text.task.SoftmaxRegression;
import org.lora4j.text.train.TrainableClassify;
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
    private final TrainableClassify task;
    private final Network classifier;

    /**
     * Trains a classifier on some texts.
     *
     * @param encoder gives a row for each text
     * @param task the classes, and the tokens of texts
     * @param train the texts
     * @param seed the seed of the classifier
     */
    FrozenBaseline(Network encoder, TrainableClassify task, List<LabelledText> train, long seed) {
        this.encoder = encoder;
        this.task = task;
        List<LabelledText> sample = Examples.sample(train, MOST_TEXTS);
        List<INDArray> rows = new ArrayList<>();
        List<Integer> classes = new ArrayList<>();
        for (int from = 0; from < sample.size(); from += BATCH) {
            List<LabelledText> some = some(sample, from);
            rows.add(rows(some));
            some.forEach(text -> classes.add(task.task().labels().id(text.label())));
        }
        int count = task.task().labels().count();
        classifier = SoftmaxRegression.train(Nd4j.concat(0, rows.toArray(INDArray[]::new)), classes, count, seed);
    }

    private static List<LabelledText> some(List<LabelledText> texts, int from) {
        return List.copyOf(texts.subList(from, Math.min(texts.size(), from + BATCH)));
    }

    private INDArray rows(List<LabelledText> texts) {
        return encoder.predict(task.batch(texts).input());
    }

    /** Returns the class of each text. */
    List<Integer> predict(List<LabelledText> texts) {
        List<Integer> predicted = new ArrayList<>();
        for (int from = 0; from < texts.size(); from += BATCH) {
            for (int c : classifier.predict(rows(some(texts, from))).argMax(1).toIntVector()) {
                predicted.add(c);
            }
        }
        return predicted;
    }
}
