package org.lora4j.spark.internal.rows;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.lora4j.nn.Model;
import org.lora4j.nn.input.Input;
import org.lora4j.nn.input.Sequences;
import org.lora4j.text.data.TaggedTokens;
import org.lora4j.train.Batch;
import org.lora4j.train.Loss;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Texts in windows of tokens, each of which learns a tag or none. They have no other labels. */
final class TagInputs extends Inputs {
    private static final long serialVersionUID = 1L;

    /** By row, window and token. */
    private final int[][][] ids;

    private final int[][][] labels;

    private TagInputs(int[][][] ids, int[][][] labels) {
        this.ids = ids;
        this.labels = labels;
    }

    static TagInputs of(TaggedTokens row) {
        return new TagInputs(new int[][][] {row.ids()}, new int[][][] {row.labels()});
    }

    @Override
    Inputs joined(List<Inputs> parts) {
        List<TagInputs> all = parts.stream().map(TagInputs.class::cast).toList();
        return new TagInputs(
                all.stream().flatMap(part -> Arrays.stream(part.ids)).toArray(int[][][]::new),
                all.stream().flatMap(part -> Arrays.stream(part.labels)).toArray(int[][][]::new));
    }

    @Override
    void addTo(RowHash hash) {
        for (int row = 0; row < ids.length; row++) {
            for (int window = 0; window < ids[row].length; window++) {
                hash.add(ids[row][window]);
                hash.add(labels[row][window]);
            }
        }
    }

    @Override
    public int tokens(int from, int to) {
        return IntStream.range(from, to)
                .flatMap(row -> Arrays.stream(ids[row]).mapToInt(window -> window.length))
                .sum();
    }

    @Override
    public int sequences(int from, int to) {
        return IntStream.range(from, to).map(row -> ids[row].length).sum();
    }

    @Override
    public int count() {
        return ids.length;
    }

    private Batch batch(int from, int to) {
        return TaggedTokens.batch(IntStream.range(from, to)
                .mapToObj(row -> new TaggedTokens(ids[row], labels[row]))
                .toList());
    }

    @Override
    Input input(int from, int to) {
        return batch(from, to).input();
    }

    @Override
    Batch batch(int from, int to, Supplier<INDArray> none) {
        return batch(from, to);
    }

    /** Each token that learns a tag has the weight 1. */
    @Override
    public PartialLoss loss(Model view, Loss loss, int from, int to, double weight, Supplier<INDArray> none) {
        Batch batch = batch(from, to);
        INDArray outputs = view.predict(batch.input());
        int[] targets = targets((Sequences) batch.input(), Objects.requireNonNull(batch.labels()));
        long counted = Arrays.stream(targets)
                .filter(target -> target != TaggedTokens.IGNORED)
                .count();
        double mean = loss.compute(outputs, Nd4j.createFromArray(targets), outputs.ulike());
        return new PartialLoss(counted, counted * mean);
    }

    /** The label of each row of the outputs. */
    private static int[] targets(Sequences sequences, INDArray padded) {
        int[][] given = padded.toIntMatrix();
        return IntStream.range(0, sequences.count())
                .flatMap(window -> Arrays.stream(given[window], 0, sequences.length(window)))
                .toArray();
    }
}
