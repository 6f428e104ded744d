package org.lora4j.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.lora4j.Refusals.argument;
import static org.lora4j.Refusals.refused;
import static org.lora4j.Refusals.table;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.lora4j.nn.input.Sequences;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class SequencesTest {
    private static final int[] THREE = {4, 5, 6};

    @Test
    void countsPositionsOverTheTokensThatAreNotPadding() {
        Sequences x = Sequences.of(
                new int[][] {{0, 0, 4, 5}, {4, 0, 5, 6}, {7, 4, 5, 0}},
                new int[][] {{0, 0, 1, 1}, {1, 1, 1, 1}, {0, 0, 1, 0}},
                null);
        assertThat(x.positionsWithout(0)).containsExactly(-1, 0, 1, 0, -1, 1, 2, 0, 2);
        assertThat(x.positionsWithout(99)).containsExactly(0, 2, 3, 0, 1, 2, 3, 0, 2);
    }

    @TestFactory
    @SuppressWarnings("NullAway") // passes null on purpose
    List<DynamicTest> namesWhatIsNull() {
        return table(
                refused(NullPointerException.class, () -> Sequences.of(THREE, null))
                        .says("sequences: the tokens must not be null, found null for sequence 1"),
                refused(NullPointerException.class, () -> Sequences.of(new int[][] {THREE}, new int[][] {null}, null))
                        .says("sequences: the mask must not be null, found null for sequence 0"),
                refused(
                                NullPointerException.class,
                                () -> Sequences.of(new int[][] {THREE, THREE}, null, new int[][] {THREE, null}))
                        .says("sequences: the types must not be null, found null for sequence 1"),
                refused(NullPointerException.class, () -> Sequences.concat(Arrays.asList(Sequences.of(THREE), null)))
                        .says("sequences: the parts must not be null, found null for part 1"),
                refused(NullPointerException.class, () -> Sequences.concat(Arrays.asList((Sequences) null)))
                        .says("sequences: the parts must not be null, found null for part 0"));
    }

    @TestFactory
    List<DynamicTest> refusesWhatIsNoBatch() {
        int[][] two = {THREE, {7}};
        INDArray ids = Nd4j.createFromArray(two[0]).reshape(1, 3);
        return table(
                argument(() -> Sequences.of(new int[0][])).says("sequences: there must be at least one, found none"),
                argument(() -> Sequences.concat(List.of()))
                        .says("sequences: there must be at least one part, found none"),
                argument(() -> Sequences.of(two, new int[][] {{1, 1, 1}}, null))
                        .says("sequences: the mask must be given for each of the 2 sequences, found 1"),
                argument(() -> Sequences.of(two, null, new int[][] {{0, 0, 0}, {0, 0}}))
                        .says("sequences: the types of sequence 1 must have its 1 values, found 2"),
                argument(() -> Sequences.of(Nd4j.createFromArray(1, 2, 3), null, null))
                        .says("sequences: the ids must be a matrix [n, t], found [3] INT"),
                argument(() -> Sequences.of(ids, Nd4j.createFromArray(1, 1, 1), null))
                        .says("sequences: the mask must be a matrix [n, t], found [3] INT"),
                argument(() -> Sequences.of(Nd4j.createFromArray(new double[][] {{1, 2.5}}), null, null))
                        .says("sequences: the ids must be whole numbers below 2^31, found 2.5 at [0, 1]"));
    }
}
