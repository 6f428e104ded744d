package org.lora4j.documentation;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.ParameterReport;
import org.lora4j.fixtures.Differences;
import org.lora4j.internal.math.RandomArrays;
import org.lora4j.internal.memory.ArrayBits;
import org.lora4j.samediff.SameDiffLoRA;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.TrainingConfig;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.ViewIterator;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;

/** The program of the guide for SameDiff graphs. */
class SameDiffGuideTest {
    private final INDArray x = gaussian(20, 30);
    private final DataSetIterator spamData = new ViewIterator(new DataSet(x, labels()), 10);

    @TempDir
    private Path folder;

    private static INDArray gaussian(long... shape) {
        return RandomArrays.gaussian(new SplittableRandom(7), 0.3, DataType.FLOAT, shape);
    }

    private static INDArray labels() {
        INDArray labels = Nd4j.zeros(DataType.FLOAT, 20, 2);
        for (int i = 0; i < 20; i++) {
            labels.putScalar(i, i % 2, 1);
        }
        return labels;
    }

    // spotless:off
    private static SameDiff graph() {
        INDArray w1 = gaussian(30, 16);
        INDArray b1 = gaussian(16);
        INDArray w2 = gaussian(16, 2);
        INDArray b2 = gaussian(2);
        SameDiff graph = SameDiff.create();
        SDVariable input = graph.placeHolder("x", DataType.FLOAT, -1, 30);
        SDVariable labels = graph.placeHolder("labels", DataType.FLOAT, -1, 2);
        SDVariable hidden = graph.nn().relu(
                input.mmul(graph.var("linear1.weight", w1)).add(graph.var("linear1.bias", b1)), 0);
        SDVariable logits = hidden.mmul(graph.var("linear2.weight", w2)).add("logits", graph.var("linear2.bias", b2));
        graph.loss().softmaxCrossEntropy("loss", labels, logits, null);
        graph.setLossVariables("loss");
        return graph;
    }

    @Test
    @Tag("slow")
    void aGraphWithAdapters() throws Exception {
        SameDiff graph = graph();
        INDArray before = graph.outputSingle(Map.of("x", x), "logits");
        SameDiffLoRA lora = SameDiffLoRA.of(graph);                 // every variable is frozen from here on
        lora.add("spam", LoRAConfig.builder().rank(4).alpha(8).targetModules("linear1", "linear2").build());

        graph.setTrainingConfig(TrainingConfig.builder()
                .updater(new Adam(1e-2))
                .dataSetFeatureMapping("x").dataSetLabelMapping("labels").build());
        lora.train("spam");                                         // fit trains this adapter, and nothing else
        graph.fit(spamData, 5);

        Map<String, INDArray> feed = Map.of("x", x);
        INDArray spam = lora.using("spam").output(feed, "logits").get("logits");
        INDArray base = lora.base().output(feed, "logits").get("logits");
        assertThat(ArrayBits.equal(base, before)).isTrue();
        assertThat(spam).isNotEqualTo(base);

        lora.add("phishing", LoRAConfig.of(2, 4));
        lora.train("phishing");                                     // "spam" is frozen
        graph.fit(spamData, 5);
        lora.activate("spam", "phishing");                          // the graph computes with both, all frozen
        INDArray both = graph.outputSingle(feed, "logits");
        lora.activate();                                            // the graph computes with the base only
        assertThat(both).isNotEqualTo(spam);
        assertThat(ArrayBits.equal(graph.outputSingle(feed, "logits"), before)).isTrue();

        lora.save("spam", folder.resolve("spam"));                  // a folder that PEFT opens
        lora.delete("spam");
        lora.load("spam", folder.resolve("spam"));
        ParameterReport report = lora.parameterReport("spam");
        assertThat(report.toString()).contains("linear1");

        SameDiff plain = lora.merge("spam");                        // a graph of its own, without adapters
        lora.restore();                                             // no adapters, and the variables train again
        assertThat(Differences.greatest(plain.outputSingle(feed, "logits"), spam)).isLessThan(1e-5);
        assertThat(ArrayBits.equal(graph.outputSingle(feed, "logits"), before)).isTrue();
    }

    @Test
    void namesOfPyTorch() {
        SameDiff graph = graph();
        SameDiffLoRA lora = SameDiffLoRA.of(graph, name -> "model." + name.replace(".weight", ""));
        List<String> paths = lora.paths();
        Map<String, String> refused = lora.refused();
        assertThat(paths).containsExactly("model.linear1", "model.linear2");
        assertThat(refused).isEmpty();
    }
    // spotless:on
}
