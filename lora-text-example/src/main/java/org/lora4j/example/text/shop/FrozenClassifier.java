package org.lora4j.example.text.shop;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.text.EncoderFolder;
import org.lora4j.text.data.LabelledText;
import org.lora4j.text.task.LinearModel;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * What the model can do as it is: a linear classifier on its vectors.
 *
 * @param train the vectors of all corrections
 * @param teams the number of teams
 * @param classes the team of each correction
 * @param test the vectors of the test
 * @param expected the team of each message of the test
 */
record FrozenClassifier(INDArray train, int teams, List<Integer> classes, INDArray test, List<Integer> expected) {
    private static final int AT_ONCE = 32;

    /** Computes the vectors of messages once. */
    static FrozenClassifier of(EncoderFolder encoder, List<LabelledText> corrections, List<LabelledText> test) {
        List<String> teams = corrections.stream()
                .map(LabelledText::label)
                .distinct()
                .sorted()
                .toList();
        return new FrozenClassifier(
                vectors(encoder, corrections),
                teams.size(),
                ids(corrections, teams),
                vectors(encoder, test),
                ids(test, teams));
    }

    private static List<Integer> ids(List<LabelledText> messages, List<String> teams) {
        return messages.stream().map(message -> teams.indexOf(message.label())).toList();
    }

    private static INDArray vectors(EncoderFolder encoder, List<LabelledText> messages) {
        Network network = encoder.model().meanPooled();
        Sequences tokens =
                encoder.tokens(messages.stream().map(LabelledText::text).toList());
        List<INDArray> rows = new ArrayList<>();
        for (int from = 0; from < tokens.count(); from += AT_ONCE) {
            rows.add(network.predict(tokens.part(from, Math.min(tokens.count(), from + AT_ONCE))));
        }
        return Nd4j.concat(0, rows.toArray(INDArray[]::new));
    }

    /** Fits the first corrections, and returns 1 for each message of the test whose team it names, else 0. */
    List<Double> right(int corrections) {
        INDArray some = train.get(NDArrayIndex.interval(0, corrections), NDArrayIndex.all());
        INDArray scores = LinearModel.fit(LinearModel.Rows.of(some, classes.subList(0, corrections), teams))
                .network()
                .predict(test);
        int[] best = scores.argMax(1).toIntVector();
        List<Double> right = new ArrayList<>();
        for (int i = 0; i < best.length; i++) {
            right.add(best[i] == expected.get(i) ? 1.0 : 0.0);
        }
        return right;
    }
}
