package org.lora4j.documentation;

import java.nio.file.Path;
import java.util.Map;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.samediff.SameDiffLoRA;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.TrainingConfig;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.ViewIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;

/** Adds an adapter to a graph, trains it with the graph's own fit, and saves it. */
public final class AdaptGraph {
    private AdaptGraph() {}

    public static void main(String[] args) throws Exception {
        SameDiff graph = graph();
        INDArray x = Nd4j.rand(DataType.FLOAT, 20, 30);
        INDArray labels = Nd4j.zeros(DataType.FLOAT, 20, 2);
        labels.getColumn(1).assign(1); // all rows are spam

        SameDiffLoRA lora = SameDiffLoRA.of(graph); // every variable is frozen from here on
        lora.add("spam", LoRAConfig.of(4, 8));
        graph.setTrainingConfig(TrainingConfig.builder()
                .updater(new Adam(0.01))
                .dataSetFeatureMapping("x")
                .dataSetLabelMapping("labels")
                .build());
        lora.train("spam"); // fit trains this adapter, and nothing else
        graph.fit(new ViewIterator(new DataSet(x, labels), 10), 10);

        Map<String, INDArray> feed = Map.of("x", x);
        INDArray base = lora.base().output(feed, "logits").get("logits");
        INDArray spam = lora.using("spam").output(feed, "logits").get("logits");
        System.out.println("rows that are spam: " + spamRows(base) + ", with the adapter " + spamRows(spam));

        lora.save("spam", Path.of("target", "graph", "spam"));
    }

    private static long spamRows(INDArray logits) {
        return logits.argMax(1).sumNumber().longValue();
    }

    /** 30 numbers, a hidden layer of 16, and two classes. Your own graph stands here. */
    private static SameDiff graph() {
        SameDiff graph = SameDiff.create();
        SDVariable input = graph.placeHolder("x", DataType.FLOAT, -1, 30);
        SDVariable labels = graph.placeHolder("labels", DataType.FLOAT, -1, 2);
        SDVariable w1 = graph.var("linear1.weight", Nd4j.randn(DataType.FLOAT, 30, 16));
        SDVariable b1 = graph.var("linear1.bias", Nd4j.zeros(DataType.FLOAT, 16));
        SDVariable hidden = graph.nn().relu(input.mmul(w1).add(b1), 0);
        SDVariable w2 = graph.var("linear2.weight", Nd4j.randn(DataType.FLOAT, 16, 2));
        SDVariable b2 = graph.var("linear2.bias", Nd4j.zeros(DataType.FLOAT, 2));
        SDVariable logits = hidden.mmul(w2).add("logits", b2);
        graph.loss().softmaxCrossEntropy("loss", labels, logits, null);
        graph.setLossVariables("loss");
        return graph;
    }
}
