package org.lora4j.example.text.experiment;

import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Classes as the labels of a batch. */
final class Classes {
    private Classes() {}

    /** Returns one-hot labels {@code [indices, count]} of some of the examples. */
    static INDArray oneHot(List<Integer> classes, int[] indices, int count) {
        float[][] labels = new float[indices.length][count];
        for (int i = 0; i < indices.length; i++) {
            labels[i][classes.get(indices[i])] = 1;
        }
        return Nd4j.createFromArray(labels);
    }
}
