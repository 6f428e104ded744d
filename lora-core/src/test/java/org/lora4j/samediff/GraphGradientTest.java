package org.lora4j.samediff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.adapter.BiasTraining;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAConfigBuilder;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.internal.math.RandomArrays;
import org.lora4j.nn.FiniteDifferences;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.enums.WeightsFormat;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Conv2DConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.PaddingMode;
import org.nd4j.linalg.factory.Nd4j;

/** Gradients of the adapter's variables against differences, and merged graphs against adapted ones, in DOUBLE. */
@Tag("numbers")
class GraphGradientTest {
    private static LoRAConfigBuilder two() {
        return LoRAConfig.builder().rank(2).alpha(3).init(LoRAInit.random());
    }

    private final SplittableRandom random = new SplittableRandom(11);

    private INDArray gaussian(long... shape) {
        return RandomArrays.gaussian(random, 0.5, DataType.DOUBLE, shape);
    }

    /** Trains an adapter of a graph with a variable "loss", and compares everything that can be compared. */
    private static void check(SameDiff graph, Map<String, INDArray> feed, LoRAConfig config) {
        graph.setLossVariables("loss");
        SameDiffLoRA lora = SameDiffLoRA.of(graph);
        double base = loss(graph, feed);
        lora.add("a", config);
        lora.train("a");
        List<String> trained = graph.variables().stream()
                .filter(variable -> variable.getVariableType() == VariableType.VARIABLE)
                .map(SDVariable::name)
                .toList();
        assertThat(trained).hasSizeGreaterThan(1).allMatch(name -> name.startsWith("lora/a/"));
        assertThat(loss(graph, feed)).isNotEqualTo(base);
        Map<String, INDArray> gradients = graph.calculateGradients(feed, trained);
        for (String name : trained) {
            INDArray array = graph.getVariable(name).getArr();
            FiniteDifferences.assertGradient(
                    name,
                    () -> loss(graph, feed),
                    array,
                    Objects.requireNonNull(gradients.get(name)).dup());
        }
        double adapted = loss(graph, feed);
        assertThat(loss(lora.merge("a"), feed)).isCloseTo(adapted, within(1e-9));
        lora.activate();
        assertThat(loss(graph, feed)).isEqualTo(base);
    }

    /** A graph whose gradients ND4J does not compute. */
    private static void checkWithoutTraining(SameDiff graph, Map<String, INDArray> feed, LoRAConfig config) {
        SameDiffLoRA lora = SameDiffLoRA.of(graph);
        double base = loss(graph, feed);
        lora.add("a", config);
        assertThatThrownBy(() -> lora.train("a"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("[kh, kw, in, out]");
        lora.activate("a");
        double adapted = loss(graph, feed);
        assertThat(adapted).isNotEqualTo(base);
        assertThat(loss(lora.merge("a"), feed)).isCloseTo(adapted, within(1e-9));
    }

    private static double loss(SameDiff graph, Map<String, INDArray> feed) {
        return Objects.requireNonNull(graph.output(feed, "loss").get("loss")).getDouble(0);
    }

    static Stream<LoRAConfig> configs() {
        return Stream.of(
                two().build(),
                two().rankStabilized(true)
                        .loraBias(true)
                        .targetModules("fc1", "fc2")
                        .build(),
                two().bias(BiasTraining.ALL).build(),
                two().modulesToSave("fc3").build());
    }

    @ParameterizedTest
    @MethodSource("configs")
    @Tag("slow")
    void ofDenseLayers(LoRAConfig config) {
        Mlp mlp = new Mlp(DataType.DOUBLE);
        check(mlp.graph, mlp.feedWithLabels(), config);
    }

    @Test
    void ofADifferenceToTheInitialFactors() {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", DataType.DOUBLE, -1, 6);
        x.mmul(graph.constant("fc.weight", gaussian(6, 4))).norm2("loss");
        graph.setLossVariables("loss");
        SameDiffLoRA lora = SameDiffLoRA.of(graph);
        lora.add("a", LoRAConfig.builder().rank(2).init(LoRAInit.pissa()).build());
        lora.train("a");
        Map<String, INDArray> feed = Map.of("x", gaussian(3, 6));
        graph.getVariable("lora/a/fc.lora_A").getArr().addi(0.1);
        List<String> names = List.of("lora/a/fc.lora_A", "lora/a/fc.lora_B");
        Map<String, INDArray> gradients = graph.calculateGradients(feed, names);
        for (String name : names) {
            FiniteDifferences.assertGradient(
                    name,
                    () -> loss(graph, feed),
                    graph.getVariable(name).getArr(),
                    Objects.requireNonNull(gradients.get(name)).dup());
        }
        assertThat(loss(lora.merge("a"), feed)).isCloseTo(loss(graph, feed), within(1e-9));
    }

    @Test
    void ofAWeightOnTheLeft() {
        for (boolean transposed : new boolean[] {false, true}) {
            SameDiff graph = SameDiff.create();
            SDVariable x = graph.placeHolder("x", DataType.DOUBLE, 5, -1);
            SDVariable w1 = graph.var("fc1.weight", transposed ? gaussian(5, 4) : gaussian(4, 5));
            SDVariable h = graph.math().tanh(graph.mmul(w1, x, transposed, false, false));
            SDVariable w2 = graph.var("fc2.weight", gaussian(3, 4));
            graph.mmul(w2, h).norm2("loss");
            check(graph, Map.of("x", gaussian(5, 6)), two().build());
        }
    }

    @Test
    void ofAnInputThatIsTransposed() {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", DataType.DOUBLE, 5, -1);
        graph.mmul(x, graph.var("fc.weight", gaussian(5, 4)), true, false, false)
                .norm2("loss");
        check(graph, Map.of("x", gaussian(5, 6)), two().build());
    }

    @Test
    void ofAWeightThatIsUsedTwice() {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", DataType.DOUBLE, -1, 5);
        SDVariable w = graph.var("fc.weight", gaussian(5, 5));
        graph.math().tanh(x.mmul(w)).mmul(w).norm2("loss");
        check(graph, Map.of("x", gaussian(3, 5)), two().build());
    }

    @Test
    void ofAnEmbeddingWhoseTokensRepeat() {
        SameDiff graph = SameDiff.create();
        SDVariable ids = graph.placeHolder("ids", DataType.INT64, -1, 4);
        SDVariable table = graph.var("words.weight", gaussian(6, 5));
        SDVariable rows = graph.reshape(graph.gather(table, ids, 0), -1, 5);
        graph.math().tanh(rows).mmul(graph.var("fc.weight", gaussian(5, 3))).norm2("loss");
        INDArray tokens = Nd4j.createFromArray(new long[][] {{1, 2, 1, 5}, {1, 0, 2, 2}});
        check(graph, Map.of("ids", tokens), two().targetModules("words", "fc").build());
    }

    @Tag("slow")
    @Test
    void ofAnEmbeddingThatTrainsInFull() {
        SameDiff graph = SameDiff.create();
        SDVariable ids = graph.placeHolder("ids", DataType.INT64, -1, 4);
        SDVariable table = graph.var("words.weight", gaussian(6, 5));
        SDVariable once = graph.mean(graph.gather(table, ids, 0), 1);
        SDVariable again = graph.mean(graph.gather(table, graph.constant(Nd4j.createFromArray(3L, 3L)), 0), 0);
        graph.math()
                .tanh(once.add(again))
                .mmul(graph.var("fc.weight", gaussian(5, 3)))
                .norm2("loss");
        INDArray tokens = Nd4j.createFromArray(new long[][] {{1, 2, 1, 5}, {1, 0, 2, 2}});
        LoRAConfig config = two().targetModules("fc").modulesToSave("words").build();
        check(graph, Map.of("ids", tokens), config);
    }

    @ParameterizedTest
    @EnumSource(WeightsFormat.class)
    void ofConvolutions(WeightsFormat format) {
        for (String dataFormat : List.of(Conv2DConfig.NCHW, Conv2DConfig.NHWC)) {
            List<Conv2DConfig> configs = new ArrayList<>();
            Conv2DConfig.Conv2DConfigBuilder kernel =
                    Conv2DConfig.builder().kH(3).kW(2).dataFormat(dataFormat).weightsFormat(format);
            configs.add(kernel.paddingMode(PaddingMode.VALID).sH(2).pH(1).build());
            configs.add(kernel.paddingMode(PaddingMode.SAME).pH(0).sW(2).build());
            for (Conv2DConfig config : configs) {
                SameDiff graph = SameDiff.create();
                boolean isNhwc = dataFormat.equals(Conv2DConfig.NHWC);
                SDVariable x = graph.placeHolder(
                        "x", DataType.DOUBLE, isNhwc ? new long[] {-1, 6, 5, 2} : new long[] {-1, 2, 6, 5});
                SDVariable w = graph.var(
                        "conv.weight",
                        switch (format) {
                            case YXIO -> gaussian(3, 2, 2, 4);
                            case OIYX -> gaussian(4, 2, 3, 2);
                            case OYXI -> gaussian(4, 3, 2, 2);
                        });
                graph.cnn()
                        .conv2d("conv", x, w, graph.var("conv.bias", gaussian(4)), config)
                        .norm2("loss");
                INDArray input = isNhwc ? gaussian(2, 6, 5, 2) : gaussian(2, 2, 6, 5);
                LoRAConfig adapted = two().targetModules("conv").build();
                if (format == WeightsFormat.YXIO) {
                    check(graph, Map.of("x", input), adapted);
                } else {
                    checkWithoutTraining(graph, Map.of("x", input), adapted);
                }
            }
        }
    }
}
