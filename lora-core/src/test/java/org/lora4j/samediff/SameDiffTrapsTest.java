package org.lora4j.samediff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.lora4j.Refusals.argument;
import static org.lora4j.Refusals.refused;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.lora4j.Refusals;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.internal.Logged;
import org.lora4j.internal.math.RandomArrays;
import org.lora4j.internal.memory.ArrayBits;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** What a graph cannot do is refused with a reason, or warned about. */
class SameDiffTrapsTest {
    private static final LoRAConfig RANDOM =
            LoRAConfig.builder().rank(2).init(LoRAInit.random()).build();

    private static INDArray gaussian(long... shape) {
        return RandomArrays.gaussian(new SplittableRandom(3), 0.5, DataType.FLOAT, shape);
    }

    private static SameDiffLoRA mlp() {
        return SameDiffLoRA.of(new Mlp(DataType.FLOAT).graph);
    }

    @Test
    void refusesAProductOfThreeDimensionsWithAMatrix() {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", DataType.FLOAT, -1, 4, 6);
        SDVariable rows = graph.math().tanh(graph.reshape(x, -1, 6).mmul(graph.var("fc1.weight", gaussian(6, 5))));
        SDVariable h = graph.math().tanh(graph.reshape(rows, -1, 4, 5));
        graph.mmul("y", h, graph.var("fc2.weight", gaussian(5, 3)));
        SameDiffLoRA lora = SameDiffLoRA.of(graph);
        assertThat(lora.paths()).containsExactly("fc1");
        assertThat(lora.refused().get("fc2"))
                .isEqualTo("y: ND4J multiplies arrays of equal numbers of dimensions, found 3 and 2; reshape the input"
                        + " to rows [-1, in] before the product, and back after it");
    }

    @Test
    void refusesToTrainThroughADropout() {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", DataType.FLOAT, -1, 6);
        graph.nn().dropout(x.mmul(graph.var("fc.weight", gaussian(6, 5))), 0.5).norm2("loss");
        SameDiffLoRA lora = SameDiffLoRA.of(graph);
        lora.add("a", RANDOM);
        assertThatThrownBy(() -> lora.train("a"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("is a dropout; train a graph without it");
    }

    @Test
    void warnsAboutPreciseGelu() {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", DataType.FLOAT, -1, 6);
        graph.nn().preciseGelu("activation", x.mmul(graph.var("fc.weight", gaussian(6, 5))));
        try (Logged logged = Logged.by(SameDiffLoRA.class)) {
            assertThat(SameDiffLoRA.of(graph).paths()).containsExactly("fc");
            assertThat(logged.messages())
                    .containsExactly("WARN activation: preciseGelu of ND4J computes wrong values; use"
                            + " 0.5·x·(1 + erf(x/√2))");
        }
    }

    @Test
    void refusesACondition() {
        SameDiff graph = SameDiff.create();
        SDVariable h = graph.placeHolder("x", DataType.FLOAT, -1, 6).mmul(graph.var("fc.weight", gaussian(6, 5)));
        graph.ifCond("y", null, all -> h.sum().gt(0), all -> h.mul(2), all -> h.mul(-3));
        assertThatThrownBy(() -> SameDiffLoRA.of(graph))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "the graph must have no ifCond, found 'y': ND4J 1.0.0-M2.1 computes wrong values in it from the"
                                + " second call on; compute both branches and choose with where, or choose between two graphs");
    }

    private static SameDiff withLoop(boolean usesTheWeight) {
        SameDiff graph = SameDiff.create();
        SDVariable w = graph.var("fc.weight", gaussian(6, 6));
        SDVariable x = graph.placeHolder("x", DataType.FLOAT, -1, 6);
        SDVariable[] results = graph.whileLoop(
                new SDVariable[] {graph.constant(Nd4j.scalar(0f)), usesTheWeight ? x : x.mmul(w)},
                (all, values) -> values[0].lt(3),
                (all, values) ->
                        new SDVariable[] {values[0].add(1), usesTheWeight ? values[1].mmul(w) : values[1].mul(2)});
        results[1].rename("y");
        return graph;
    }

    @Test
    void computesThroughALoopAndRefusesToTrainThroughIt() {
        SameDiffLoRA lora = SameDiffLoRA.of(withLoop(false));
        lora.add("a", RANDOM);
        SameDiff merged = lora.merge("a");
        for (int seed = 0; seed < 3; seed++) {
            Map<String, INDArray> feed =
                    Map.of("x", RandomArrays.gaussian(new SplittableRandom(seed), 1, DataType.FLOAT, 2, 6));
            INDArray expected = Objects.requireNonNull(merged.output(feed, "y").get("y"));
            assertThat(Objects.requireNonNull(lora.using("a").output(feed, "y").get("y"))
                            .distance2(expected))
                    .isLessThan(1e-5);
        }
        assertThatThrownBy(() -> lora.train("a"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("begins a whileLoop; build its steps one after the other");
    }

    @Test
    void refusesAWeightInALoop() {
        assertThatThrownBy(() -> SameDiffLoRA.of(withLoop(true)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("a whileLoop computes with the weight");
    }

    @Test
    void namesTheLayersThatTheDefaultLeavesOut() {
        SameDiff graph = SameDiff.create();
        SDVariable ids = graph.placeHolder("ids", DataType.INT64, -1);
        SDVariable rows = graph.gather(graph.var("words.weight", gaussian(4, 3)), ids, 0);
        rows.mmul(graph.var("fc.weight", gaussian(3, 5)));
        SameDiffLoRA lora = SameDiffLoRA.of(graph);
        try (Logged logged = Logged.by(SameDiffLoRA.class)) {
            lora.add("a", RANDOM);
            lora.add("b", RANDOM.toBuilder().targetModules("fc").build());
            lora.add("c", RANDOM.toBuilder().modulesToSave("words").build());
            assertThat(logged.messages())
                    .containsExactly(
                            "INFO adapter a: all dense layers are adapted; convolutions and embeddings are not,"
                                    + " which are 'words'; name the targets to adapt them");
        }
    }

    @Test
    void refusesDoraAndDropoutOfAdapters() {
        SameDiffLoRA lora = mlp();
        assertThatThrownBy(() -> lora.add("a", LoRAConfig.builder().dora(true).build()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("adapter 'a'")
                .hasMessageContaining("AdapterConversion.toLoRA");
        LoRAConfig dropout = RANDOM.toBuilder().dropout(0.1).build();
        assertThatThrownBy(() -> lora.add("a", dropout))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("must have no dropout");
        lora.add(
                "a",
                new LoRAAdapter(
                        dropout, LoRAAdapter.initialize(lora, dropout).adapter().weights()));
        assertThatThrownBy(() -> lora.train("a"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("must have no dropout");
    }

    @Test
    void saysWhyAWeightCannotBeAdapted() {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", DataType.FLOAT, -1, 6);
        SDVariable w = graph.var("tied.weight", gaussian(6, 6));
        SDVariable h = x.mmul(w).add(x.mmul(graph.transpose(w)));
        SDVariable both = graph.var("both.weight", gaussian(6, 6));
        SDVariable g = graph.mmul(h.mmul(both), both, false, true, false);
        SDVariable r =
                graph.nn().reluLayer(g, graph.var("relu.weight", gaussian(6, 4)), graph.var("relu.bias", gaussian(4)));
        r.mmul(graph.var("fc.weight", gaussian(4, 3)));
        SameDiffLoRA lora = SameDiffLoRA.of(graph);
        assertThat(lora.paths()).containsExactly("fc");
        assertThat(lora.refused()).containsOnlyKeys("tied", "both", "relu");
        assertThat(lora.refused().get("tied")).contains("only operations that adapters know", "transpose");
        assertThat(lora.refused().get("both")).contains("must use a weight in one way");
        assertThat(lora.refused().get("relu")).contains("build it of mmul, add, relu");
        LoRAConfig named = RANDOM.toBuilder().targetModules("fc", "tied").build();
        assertThatThrownBy(() -> lora.add("a", named))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("the target 'tied' must be a weight that can be adapted");
        try (Logged logged = Logged.by(SameDiffLoRA.class)) {
            lora.add("a", RANDOM);
            assertThat(logged.messages()).hasSize(3).anyMatch(message -> message.contains("both is not adapted"));
        }
    }

    @Test
    void refusesAGraphWithoutWeights() {
        SameDiff graph = SameDiff.create();
        graph.placeHolder("x", DataType.FLOAT, -1, 6).norm2("loss");
        assertThatThrownBy(() -> SameDiffLoRA.of(graph))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("must have a weight");
    }

    @Test
    void namesAdaptersThatDoNotExistOrReplaceTheSame() {
        SameDiffLoRA lora = mlp();
        lora.add("a", RANDOM.toBuilder().modulesToSave("fc3").build());
        lora.add("b", RANDOM.toBuilder().modulesToSave("fc3").build());
        Refusals.check(
                argument(() -> lora.train("c")).contains("no adapter 'c'; there are [a, b]"),
                argument(() -> lora.activate("a", "b")).contains("only one of the adapters"),
                refused(Throwable.class, () -> lora.activate("a", "a")).contains("must be named once"),
                refused(Throwable.class, () -> lora.add("A", RANDOM)).contains("in more than case"),
                refused(Throwable.class, lora::merge).contains("at least one adapter"),
                refused(Throwable.class, lora::using).contains("at least one adapter"),
                refused(Throwable.class, () -> lora.using("a", "b")).contains("only one of the adapters"),
                refused(Throwable.class, () -> lora.using("a", "a")).contains("must be named once"));
        assertThat(lora.active()).isEmpty();
    }

    @Test
    void zerosOfTheBaseKeepTheirSign() {
        SameDiff graph = SameDiff.create();
        INDArray table = gaussian(4, 3);
        table.putScalar(1, 1, -0.0f);
        SDVariable ids = graph.placeHolder("ids", DataType.INT64, -1);
        graph.gather("rows", graph.var("words.weight", table), ids, 0);
        Map<String, INDArray> feed = Map.of("ids", Nd4j.createFromArray(1L, 2L));
        INDArray base = Objects.requireNonNull(graph.output(feed, "rows").get("rows"));
        SameDiffLoRA lora = SameDiffLoRA.of(graph);
        lora.add("a", LoRAConfig.builder().rank(1).targetModules("words").build());
        assertThat(ArrayBits.equal(
                        Objects.requireNonNull(
                                lora.using("a").output(feed, "rows").get("rows")),
                        base))
                .isTrue();
    }

    private static SameDiffLoRA.View view(SameDiffLoRA lora, List<String> names) {
        return names.isEmpty() ? lora.base() : lora.using(names.toArray(new String[0]));
    }

    @Test
    void aViewFindsItsAdaptersByName() {
        Mlp mlp = new Mlp(DataType.FLOAT);
        SameDiffLoRA lora = SameDiffLoRA.of(mlp.graph);
        SameDiffLoRA.View added = lora.add("a", RANDOM);
        SameDiffLoRA.View view = lora.using("a");
        assertThat(added.names()).containsExactly("a").isEqualTo(view.names());
        assertThat(lora.base().names()).isEmpty();
        assertThat(view).hasToString("SameDiffLoRA.View[a]");
        INDArray first = SameDiffLoRATest.logits(view.output(mlp.feed(), "logits"));
        assertThat(SameDiffLoRATest.logits(added.output(mlp.feed(), "logits"))).isEqualTo(first);
        lora.delete("a");
        assertThatThrownBy(() -> view.output(mlp.feed(), "logits"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("no adapter 'a'; there are []");
        lora.add("a", RANDOM.toBuilder().seed(7).build());
        assertThat(SameDiffLoRATest.logits(view.output(mlp.feed(), "logits"))).isNotEqualTo(first);
    }

    @Test
    void manyThreadsComputeWithDifferentAdapters() throws Exception {
        Mlp mlp = new Mlp(DataType.FLOAT);
        SameDiffLoRA lora = SameDiffLoRA.of(mlp.graph);
        lora.add("a", RANDOM);
        lora.add("b", RANDOM.toBuilder().seed(5).build());
        List<List<String>> selections = List.of(List.of("a"), List.of("b"), List.of(), List.of("a", "b"));
        List<INDArray> expected = new ArrayList<>();
        for (List<String> selection : selections) {
            expected.add(SameDiffLoRATest.logits(view(lora, selection).output(mlp.feed(), "logits")));
        }
        ExecutorService threads = Executors.newFixedThreadPool(4);
        List<Future<Integer>> wrong = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            int index = i;
            wrong.add(threads.submit(() -> {
                int different = 0;
                for (int call = 0; call < 50; call++) {
                    INDArray y = SameDiffLoRATest.logits(
                            view(lora, selections.get((index + call) % 4)).output(mlp.feed(), "logits"));
                    different += ArrayBits.equal(y, expected.get((index + call) % 4)) ? 0 : 1;
                }
                return different;
            }));
        }
        for (Future<Integer> one : wrong) {
            assertThat(one.get()).isZero();
        }
        threads.shutdown();
        assertThat(mlp.graph.getSessions()).isEmpty();
    }
}
