package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.lora4j.nn.input.Input;
import org.lora4j.nn.input.Sequences;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

/** Rows or sequences with their labels. */
class BatchTest {
    private final INDArray x = Nd4j.createFromArray(new float[][] {{1, 2}, {3, 4}});
    private final INDArray labels = Nd4j.createFromArray(new float[][] {{1}, {0}});

    @Test
    void takesTheRowsOfADataSet() {
        Batch batch = Batch.of(new DataSet(x, labels));
        assertThat(batch).isEqualTo(new Batch(Input.of(x), labels));
        assertThat(batch.input().count()).isEqualTo(2);
        assertThat(batch.labels()).isSameAs(labels);
    }

    @Test
    void refusesMasks() {
        INDArray mask = Nd4j.ones(2, 1);
        for (DataSet masked : new DataSet[] {new DataSet(x, labels, mask, null), new DataSet(x, labels, null, mask)}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Batch.of(masked))
                    .withMessage("a batch must have no masks, found one: dense networks do not use masks; remove it");
        }
    }

    @Test
    void isEqualIfItsNumbersAre() {
        Batch batch = new Batch(Input.of(x), labels);
        assertThat(batch).isEqualTo(new Batch(Input.of(x.dup()), labels.dup()));
        assertThat(batch).hasSameHashCodeAs(new Batch(Input.of(x.dup()), labels.dup()));
        assertThat(batch).isNotEqualTo(new Batch(Input.of(x.add(1)), labels));
        assertThat(batch).isNotEqualTo(new Batch(Input.of(x), null));
        assertThat(batch).isNotEqualTo(new Batch(Sequences.of(new int[] {1, 2}, new int[] {3, 4}), labels));
    }
}
