package org.lora4j.samediff;

import java.util.Map;
import java.util.SplittableRandom;
import org.lora4j.internal.math.RandomArrays;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.TrainingConfig;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;

/** A graph of three dense layers, each stored in another way: mmul with an added bias, xw_plus_b, and mmul of W transposed. */
final class Mlp {
    final SameDiff graph = SameDiff.create();
    final INDArray x;
    final INDArray labels;

    Mlp(DataType type) {
        SplittableRandom random = new SplittableRandom(5);
        x = RandomArrays.gaussian(random, 1, type, 7, 6);
        labels = Nd4j.zeros(type, 7, 3);
        for (int i = 0; i < 7; i++) {
            labels.putScalar(i, i % 3, 1);
        }
        SDVariable input = graph.placeHolder("x", type, -1, 6);
        SDVariable w1 = graph.var("fc1.weight", RandomArrays.gaussian(random, 0.5, type, 6, 8));
        SDVariable b1 = graph.var("fc1.bias", RandomArrays.gaussian(random, 0.5, type, 8));
        SDVariable w2 = graph.constant("fc2.weight", RandomArrays.gaussian(random, 0.5, type, 8, 5));
        SDVariable b2 = graph.constant("fc2.bias", RandomArrays.gaussian(random, 0.5, type, 5));
        SDVariable w3 = graph.var("fc3.weight", RandomArrays.gaussian(random, 0.5, type, 3, 5));
        SDVariable h1 = graph.math().tanh(input.mmul(w1).add("z1", b1));
        SDVariable h2 = graph.math().tanh(graph.nn().linear("z2", h1, w2, b2));
        SDVariable logits = graph.mmul("logits", h2, w3, false, true, false);
        SDVariable y = graph.placeHolder("labels", type, -1, 3);
        graph.loss().softmaxCrossEntropy("loss", y, logits, null);
        graph.setLossVariables("loss");
    }

    Map<String, INDArray> feed() {
        return Map.of("x", x);
    }

    Map<String, INDArray> feedWithLabels() {
        return Map.of("x", x, "labels", labels);
    }

    DataSet data() {
        return new DataSet(x, labels);
    }

    void setTrainingConfig() {
        graph.setTrainingConfig(TrainingConfig.builder()
                .updater(new Adam(1e-2))
                .dataSetFeatureMapping("x")
                .dataSetLabelMapping("labels")
                .build());
    }
}
