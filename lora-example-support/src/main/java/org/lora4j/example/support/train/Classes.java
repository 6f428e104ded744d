package org.lora4j.example.support.train;

import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Classes as the labels of a batch. */
public final class Classes {
    private Classes() {}

    /**
     * Returns one-hot labels of some of the examples.
     *
     * @param classes the class of each example
     * @param indices the examples
     * @param count the number of classes
     * @return {@code [indices, count]}
     */
    public static INDArray oneHot(List<Integer> classes, int[] indices, int count) {
        float[][] labels = new float[indices.length][count];
        for (int i = 0; i < indices.length; i++) {
            labels[i][classes.get(indices[i])] = 1;
        }
        return Nd4j.createFromArray(labels);
    }
}
