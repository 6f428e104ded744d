package org.lora4j.cli.language;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.lora4j.cli.train.Examples;
import org.lora4j.nn.input.Sequences;
import org.lora4j.text.data.PreferenceExample;
import org.lora4j.train.Batch;
import org.lora4j.train.PreferenceLoss;

/**
 * The pairs of one side of a split. The reference does not change, so its log probabilities are computed when a pair is used
 * for the first time, and kept: two numbers for each pair.
 */
final class PreferenceExamples extends Examples {
    private final List<PreferenceExample> all;
    private final PreferenceLoss.AnswerLogProbabilities reference;
    private final double[] ofChosen;
    private final double[] ofRejected;

    PreferenceExamples(List<PreferenceExample> all, PreferenceLoss.AnswerLogProbabilities reference) {
        super(all);
        this.all = all;
        this.reference = reference;
        ofChosen = new double[all.size()];
        ofRejected = new double[all.size()];
        Arrays.fill(ofChosen, Double.NaN);
    }

    @Override
    protected Tokenized tokenize(int... indices) {
        List<PreferenceExample> some = Arrays.stream(indices).mapToObj(all::get).toList();
        Sequences chosen = PreferenceExample.chosen(some);
        Sequences rejected = PreferenceExample.rejected(some);
        if (Arrays.stream(indices).anyMatch(index -> Double.isNaN(ofChosen[index]))) {
            double[] first = reference.compute(chosen);
            double[] second = reference.compute(rejected);
            for (int i = 0; i < indices.length; i++) {
                ofChosen[indices[i]] = first[i];
                ofRejected[indices[i]] = second[i];
            }
        }
        return new Tokenized(
                Batch.ofPreferences(chosen, rejected, kept(indices, ofChosen), kept(indices, ofRejected)),
                some.stream().map(PreferenceExample::length).toList());
    }

    private static double[] kept(int[] indices, double[] all) {
        return Arrays.stream(indices).mapToDouble(index -> all[index]).toArray();
    }

    /** Returns at most some of the pairs, at equal distances, as batches. */
    Iterable<Batch> sampled(int most, int size) {
        int[] indices = sample(size(), most);
        return () -> IntStream.iterate(0, from -> from < indices.length, from -> from + size)
                .mapToObj(from -> batch(Arrays.copyOfRange(indices, from, Math.min(indices.length, from + size))))
                .iterator();
    }
}
