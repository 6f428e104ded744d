package org.lora4j.attack;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.nn.Samples;
import org.lora4j.nn.input.Input;
import org.lora4j.train.Batch;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.conditions.Conditions;

/** Data for the small network, and a look at what comes out. */
final class AttackData {
    private AttackData() {}

    /** Three batches of four examples with one-hot labels. */
    static List<Batch> batches() {
        List<Batch> batches = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            INDArray labels = Nd4j.zeros(DataType.FLOAT, 4, 4);
            for (int row = 0; row < 4; row++) {
                labels.putScalar(row, (row + i) % 4, 1);
            }
            batches.add(new Batch(Input.of(Samples.gaussian(i, DataType.FLOAT, 4, 6)), labels));
        }
        return batches;
    }

    static boolean isFinite(INDArray array) {
        return array.scan(Conditions.notFinite()).longValue() == 0;
    }
}
