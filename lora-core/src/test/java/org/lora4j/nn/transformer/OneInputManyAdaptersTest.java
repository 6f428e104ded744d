package org.lora4j.nn.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.lora4j.Refusals.argument;
import static org.lora4j.Refusals.table;
import static org.lora4j.SmallModels.assertClose;
import static org.lora4j.SmallModels.assertSameBits;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.LoRAModel;
import org.lora4j.SmallModels;
import org.lora4j.adapter.BiasTraining;
import org.lora4j.adapter.LayerKind;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAConfigBuilder;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.internal.math.RandomArrays;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Input;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.layer.WeightedLayer;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** One input with many adapters equals the same input with each of them. */
@Tag("numbers")
@Tag("slow")
class OneInputManyAdaptersTest {
    private static final Sequences TEXTS = Sequences.of(new int[][] {{5, 9, 3}, {7, 2, 2, 8, 1}, {4}}, null, null);

    private static Network network(String golden, String end) throws Exception {
        PretrainedModel model = GoldenCase.of(golden).model(DataType.DOUBLE);
        return switch (end) {
            case "classifier" -> model.classifier(3, 1);
            case "sentences" -> model.sentenceEmbeddings();
            case "tokens" -> model.lastHiddenState();
            default -> model.causal();
        };
    }

    /** Adds an adapter that changes one layer, and the last dense one, which an adapter needs if the layer is a normalization. */
    private static void add(LoRAModel model, String name, WeightedLayer layer, long seed) {
        LoRAConfigBuilder config =
                LoRAConfig.builder().rank(2).alpha(3).init(LoRAInit.random()).seed(seed);
        if (layer.kind() == LayerKind.LINEAR || layer.kind() == LayerKind.EMBEDDING) {
            config.targetModules(layer.path());
        } else {
            List<String> dense =
                    model.network().linears().stream().map(WeightedLayer::path).toList();
            config.targetModules(dense.get(dense.size() - 1)).modulesToSave(layer.path());
        }
        model.add(name, config.build());
        SplittableRandom random = new SplittableRandom(seed);
        for (Parameter parameter : model.parameters(name)) {
            INDArray value = parameter.value();
            value.addi(RandomArrays.gaussian(random, 0.1, value.dataType(), value.shape()));
        }
    }

    private static INDArray alone(LoRAModel model, Input x, String name) {
        return (name.equals(LoRAModel.BASE) ? model.base() : model.using(name)).predict(x);
    }

    private static void assertEachAsAlone(LoRAModel model, Input x, List<String> names) {
        List<INDArray> outputs = model.predictWithAll(x, names);
        assertThat(outputs).hasSameSizeAs(names);
        for (int i = 0; i < names.size(); i++) {
            assertThat(outputs.get(i).ordering()).isEqualTo('c');
            assertClose(outputs.get(i), alone(model, x, names.get(i)), 1e-10);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "encoder_classifier, classifier",
        "encoder_forward, sentences",
        "distilbert_classifier, classifier",
        "electra_classifier, classifier",
        "modernbert_classifier, classifier",
        "modernbert_forward, tokens",
        "gte_classifier, classifier",
        "nomic_classifier, classifier",
        "decoder_llama, tokens",
        "decoder_gradients_classifier, classifier",
        "decoder_gpt2, causal",
        "smollm3_forward, causal"
    })
    void whateverLayerIsTheFirstThatDiffers(String golden, String end) throws Exception {
        Network network = network(golden, end);
        LoRAModel model = LoRAModel.of(network);
        List<WeightedLayer> layers = network.weightedLayers();
        for (int i = 0; i < layers.size(); i++) {
            add(model, "changes" + i, layers.get(i), i + 1);
        }
        String last = "changes" + (layers.size() - 1);
        for (int i = layers.size() - 1; i >= 0; i--) {
            assertEachAsAlone(model, TEXTS, List.of("changes" + i, last, "changes" + i, LoRAModel.BASE));
        }
        assertEachAsAlone(model, TEXTS, List.copyOf(model.names()));
        assertThat(alone(model, TEXTS, "changes0").equalsWithEps(alone(model, TEXTS, LoRAModel.BASE), 1e-6))
                .isFalse();
    }

    @Test
    void aThousandAdaptersForOneRow() {
        LoRAModel model = SmallModels.model();
        List<String> names = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            model.add(
                    "a" + i,
                    SmallModels.random(i)
                            .targetModules(i % 3 == 0 ? "linear2" : "linear1")
                            .bias(i % 2 == 0 ? BiasTraining.ALL : BiasTraining.NONE)
                            .build());
            names.add("a" + (i * 7) % 1000);
        }
        INDArray x = SmallModels.input(1);
        List<INDArray> outputs = model.predictWithAll(Input.of(x), names);
        for (int i = 0; i < names.size(); i++) {
            assertClose(outputs.get(i), model.using(names.get(i)).predict(x), 1e-5);
        }
    }

    @ParameterizedTest
    @CsvSource({"encoder_classifier", "modernbert_classifier", "decoder_gradients_classifier"})
    void manyTokensAreComputedWithOneAdapterAfterTheOther(String golden) throws Exception {
        LoRAModel model = LoRAModel.of(network(golden, "classifier"));
        int[][] texts = new int[180][12];
        for (int i = 0; i < texts.length; i++) {
            int text = i;
            Arrays.setAll(texts[i], token -> (text + token * 5 + 3) % 30);
        }
        Sequences many = Sequences.of(texts, null, null);
        List<WeightedLayer> layers = model.network().weightedLayers();
        List<String> names = new ArrayList<>();
        for (int i = layers.size() / 2; i < layers.size(); i += 2) {
            add(model, "changes" + i, layers.get(i), i);
            names.add("changes" + i);
            assertEachAsAlone(model, many, List.of("changes" + i, LoRAModel.BASE));
        }
        assertEachAsAlone(model, many, names);
    }

    @Test
    void eachOutputIsAnArrayOfItsOwn() {
        LoRAModel model = SmallModels.model();
        model.add("a", SmallModels.random(1).build());
        model.add("twin", model.adapter("a"));
        INDArray x = SmallModels.input(2);
        List<INDArray> outputs = model.predictWithAll(Input.of(x), List.of("a", "twin", "a"));
        assertSameBits(outputs.get(0), outputs.get(1));
        outputs.get(0).assign(0);
        assertClose(outputs.get(1), model.using("a").predict(x), 1e-5);
        assertClose(outputs.get(2), model.using("a").predict(x), 1e-5);
        List<INDArray> one = model.predictWithAll(Input.of(x), List.of("a", "a"));
        assertSameBits(one.get(0), model.using("a").predict(x));
        assertThat(one.get(0)).isNotSameAs(one.get(1));
    }

    @TestFactory
    List<DynamicTest> refusals() {
        LoRAModel model = SmallModels.model();
        model.add("a", SmallModels.random(1).build());
        Input x = Input.of(SmallModels.input(2));
        return table(
                argument(() -> model.predictWithAll(x, List.of()))
                        .says("at least one adapter must be named, or '__base__' for the base alone, found none"),
                argument(() -> model.predictWithAll(x, Arrays.asList("a", null)))
                        .says("each name must be that of an adapter, or '__base__' for the base alone, found null in"
                                + " [a, null]"),
                argument(() -> model.predictWithAll(x, List.of("a", "b"))).says("no adapter 'b'; there are [a]"),
                argument(() -> model.predictWithAll(TEXTS, List.of("a"))).starts("input: must be a matrix [n, 6]"),
                argument(() -> model.predictWithAll(Input.of(SmallModels.input(DataType.DOUBLE, 2, 1)), List.of("a")))
                        .ends("found [2, 6] of DOUBLE"));
    }
}
