package org.lora4j.text.task;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.lora4j.nn.Network;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class SoftmaxRegressionTest {
    @Test
    void learnsClassesThatFeaturesSeparateAndIsTheSameForASeed() {
        INDArray features = Nd4j.create(60, 3);
        List<Integer> classes = IntStream.range(0, 60).map(i -> i % 3).boxed().toList();
        for (int i = 0; i < 60; i++) {
            features.putScalar(i, classes.get(i), 1 + i / 60.0);
        }
        Network classifier = SoftmaxRegression.train(features, classes, 3, 7);
        INDArray outputs = classifier.predict(features);
        assertThat(outputs.argMax(1).toIntVector())
                .containsExactly(classes.stream().mapToInt(Integer::intValue).toArray());
        assertThat(SoftmaxRegression.train(features, classes, 3, 7).predict(features))
                .isEqualTo(outputs);
    }
}
