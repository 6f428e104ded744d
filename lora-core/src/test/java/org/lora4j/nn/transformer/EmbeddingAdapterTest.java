package org.lora4j.nn.transformer;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.lora4j.Refusals.argument;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.Refusals;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAConfigBuilder;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.adapter.TrainableTokens;
import org.lora4j.algebra.AdapterConversion;
import org.lora4j.algebra.TargetRank;
import org.lora4j.internal.math.RandomArrays;
import org.lora4j.nn.FiniteDifferences;
import org.lora4j.nn.Network;
import org.lora4j.nn.SteadyState;
import org.lora4j.nn.compute.internal.Pass;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** DoRA on embeddings, and rows of tokens. */
@Tag("numbers")
class EmbeddingAdapterTest {
    private static final String WORDS = "embeddings.word_embeddings";

    private static final Sequences INPUT =
            Sequences.of(new int[] {5, 9, 3, 9}, new int[] {7, 2, 2, 8, 1}, new int[] {4});

    private static final DataType DOUBLE = DataType.DOUBLE;

    private static Network encoder(DataType type) throws Exception {
        return GoldenCase.of("encoder_forward").model(type).lastHiddenState();
    }

    private static LoRAConfigBuilder dora() {
        return LoRAConfig.builder().rank(2).alpha(3).dora(true).targetModules("word_embeddings");
    }

    /** An adapter whose arrays are all random. */
    private static AdapterView add(LoRAModel model, String name, LoRAConfig config, long seed) {
        AdapterView view = model.add(name, config);
        SplittableRandom random = new SplittableRandom(seed);
        for (Parameter parameter : view.parameters()) {
            INDArray value = parameter.value();
            value.addi(RandomArrays.gaussian(random, 0.2, value.dataType(), value.shape()));
        }
        return view;
    }

    private static Parameter parameter(AdapterView view, String end) {
        return view.parameters().stream()
                .filter(parameter -> parameter.name().endsWith(end))
                .findFirst()
                .orElseThrow();
    }

    /** PEFT's formula, element by element: each column of the table gets the norm m. */
    private static double[][] table(INDArray weight, LoRAWeights lora, double scale) {
        int vocabulary = (int) weight.size(0);
        int dim = (int) weight.size(1);
        double[][] table = new double[vocabulary][dim];
        for (int j = 0; j < dim; j++) {
            double square = 0;
            for (int id = 0; id < vocabulary; id++) {
                double update = 0;
                for (int k = 0; k < lora.rank(); k++) {
                    update += lora.loraB().getDouble(j, k) * lora.loraA().getDouble(k, id);
                }
                table[id][j] = weight.getDouble(id, j) + scale * update;
                square += table[id][j] * table[id][j];
            }
            for (int id = 0; id < vocabulary; id++) {
                table[id][j] *= requireNonNull(lora.magnitude()).getDouble(j) / Math.sqrt(square);
            }
        }
        return table;
    }

    private static Network with(Network network, double[][] table) {
        Network copy = network.copy();
        copy.baseLayer(WORDS).weight().assign(Nd4j.create(table).castTo(network.dataType()));
        return copy;
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"FLOAT", "DOUBLE"})
    void computesTheFormulaOfPeft(DataType type) throws Exception {
        Network network = encoder(type);
        LoRAModel model = LoRAModel.of(network);
        AdapterView view = add(model, "a", dora().build(), 1);
        LoRAWeights lora = requireNonNull(view.adapter().weights().get(WORDS));
        assertThat(requireNonNull(lora.magnitude()).shape()).containsExactly(24);
        Network expected = with(network, table(network.baseLayer(WORDS).weight(), lora, 1.5));

        double tolerance = type == DOUBLE ? 1e-11 : 1e-5;
        GoldenCase.assertClose("adapted", view.predict(INPUT), expected.predict(INPUT), tolerance);
        GoldenCase.assertClose("merged", view.merge().predict(INPUT), expected.predict(INPUT), tolerance);
        AdapterView half = view.withScale(0.5);
        Network halfExpected = with(network, table(network.baseLayer(WORDS).weight(), lora, 0.75));
        GoldenCase.assertClose("half the scale", half.predict(INPUT), halfExpected.predict(INPUT), tolerance);
    }

    @Test
    void startsWithTheNormsOfTheColumns() throws Exception {
        Network network = encoder(DOUBLE);
        AdapterView view = LoRAModel.of(network).add("a", dora().build());

        INDArray weight = network.baseLayer(WORDS).weight();
        INDArray magnitude = parameter(view, "lora_magnitude_vector").value();
        for (int j = 0; j < 24; j++) {
            double norm = weight.getColumn(j).norm2Number().doubleValue();
            assertThat(magnitude.getDouble(j)).isCloseTo(norm, within(1e-12));
        }
        GoldenCase.assertClose("start", view.predict(INPUT), network.predict(INPUT), 1e-12);
    }

    @Test
    void addsUpdatesOfSeveralAdapters() throws Exception {
        Network network = encoder(DOUBLE);
        LoRAModel model = LoRAModel.of(network);
        add(model, "dora", dora().build(), 1);
        add(model, "other", dora().rank(3).build(), 2);
        add(
                model,
                "plain",
                LoRAConfig.builder()
                        .rank(2)
                        .targetModules("word_embeddings", "query")
                        .build(),
                3);
        add(
                model,
                "rows",
                LoRAConfig.builder()
                        .rank(1)
                        .targetModules("value")
                        .trainableTokens(9, 2)
                        .build(),
                4);
        for (String[] names :
                new String[][] {{"dora", "other"}, {"plain", "dora"}, {"dora", "rows"}, {"rows", "plain"}}) {
            AdapterView view = model.using(names);
            INDArray weight = network.baseLayer(WORDS).weight();
            INDArray sum = weight.dup();
            for (String name : names) {
                LoRAAdapter adapter = model.adapter(name);
                if (adapter.weights().containsKey(WORDS)) {
                    sum.addi(adapter.delta(network.baseLayer(WORDS)));
                }
                if (adapter.tokenRows().containsKey(WORDS)) {
                    sum.addi(requireNonNull(adapter.tokenRows().get(WORDS)).delta(weight));
                }
            }
            GoldenCase.assertClose(
                    String.join(" and ", names), view.merge().baseLayer(WORDS).weight(), sum, 1e-12);
            GoldenCase.assertClose("outputs", view.predict(INPUT), view.merge().predict(INPUT), 1e-11);
        }
    }

    /** The gradient of the loss {@code Σ y·direction} in a training pass of a view, for its parameters. */
    private static Map<Parameter, INDArray> gradients(Pass pass, INDArray direction) {
        pass.forward(INPUT);
        pass.backward(direction);
        Map<Parameter, INDArray> gradients = new LinkedHashMap<>();
        for (Parameter parameter : pass.trainableParameters()) {
            gradients.put(
                    parameter,
                    pass.gradient(parameter).dup(pass.gradient(parameter).ordering()));
        }
        return gradients;
    }

    private static double loss(Pass pass, INDArray direction) {
        pass.segment().setStep(0);
        return pass.forward(INPUT).mul(direction).sumNumber().doubleValue();
    }

    /** {@code ‖V‖ [dim]} of the table. */
    private static INDArray norms(INDArray weight, AdapterView view) {
        LoRAWeights lora = requireNonNull(view.adapter().weights().get(WORDS));
        INDArray v = weight.add(lora.loraB().mmul(lora.loraA()).mul(1.5).transpose());
        return v.norm2(0).reshape(v.size(1));
    }

    @Test
    @Tag("slow")
    void gradientsOfDoRAEqualFiniteDifferencesWithAConstantNorm() throws Exception {
        Network network = encoder(DOUBLE);
        LoRAModel model = LoRAModel.of(network);
        AdapterView view = add(model, "a", dora().build(), 1);
        add(
                model,
                "whole",
                LoRAConfig.builder()
                        .rank(1)
                        .targetModules("key")
                        .modulesToSave("word_embeddings")
                        .build(),
                2);
        AdapterView both = model.using("a", "whole");
        Parameter magnitude = parameter(view, "lora_magnitude_vector");
        Parameter table = parameter(model.using("whole"), "word_embeddings.weight");
        Pass pass = both.newTrainingPass();
        INDArray direction = RandomArrays.gaussian(new SplittableRandom(3), 1, DOUBLE, 10, 24);
        Map<Parameter, INDArray> gradients = gradients(pass, direction);
        assertThat(gradients).hasSize(both.parameters().size());
        // c = m/‖V‖ is constant if m follows the norm.
        INDArray c = magnitude.value().div(norms(table.value(), view));
        gradients.forEach((parameter, gradient) -> {
            boolean isMagnitude = parameter.equals(magnitude);
            INDArray before = magnitude.value().dup();
            FiniteDifferences.assertGradient(
                    parameter.name(),
                    () -> {
                        if (!isMagnitude) {
                            magnitude.value().assign(c.mul(norms(table.value(), view)));
                        }
                        return loss(pass, direction);
                    },
                    parameter.value(),
                    gradient);
            magnitude.value().assign(before);
        });
    }

    @Test
    void gradientsOfRowsEqualFiniteDifferences() throws Exception {
        LoRAModel model = LoRAModel.of(encoder(DOUBLE));
        AdapterView view = add(
                model,
                "a",
                LoRAConfig.builder()
                        .rank(1)
                        .targetModules("query")
                        .trainableTokens(TrainableTokens.of(
                                Map.of("word_embeddings", List.of(9, 2, 50), "position_embeddings", List.of(1))))
                        .build(),
                1);
        Pass pass = view.newTrainingPass();
        INDArray direction = RandomArrays.gaussian(new SplittableRandom(3), 1, DOUBLE, 10, 24);
        Map<Parameter, INDArray> gradients = gradients(pass, direction);
        assertThat(gradients).hasSize(view.parameters().size());
        gradients.forEach((parameter, gradient) -> FiniteDifferences.assertGradient(
                parameter.name(), () -> loss(pass, direction), parameter.value(), gradient));
    }

    @Test
    void thePaddingTokenHasNoGradient() throws Exception {
        LoRAModel model = LoRAModel.of(encoder(DOUBLE));
        add(
                model,
                "factors",
                LoRAConfig.builder().rank(2).targetModules("word_embeddings").build(),
                1);
        add(
                model,
                "rows",
                LoRAConfig.builder()
                        .rank(2)
                        .targetModules("key")
                        .trainableTokens(3, 0)
                        .build(),
                2);
        Sequences withPadding = Sequences.of(new int[] {3, 0, 4});
        for (String name : new String[] {"factors", "rows"}) {
            AdapterView view = model.using(name);
            Pass pass = view.newTrainingPass();
            pass.forward(withPadding);
            pass.backward(Nd4j.rand(DOUBLE, 3, 24));
            boolean rows = name.equals("rows");
            INDArray gradient = pass.gradient(parameter(view, rows ? "trainable_tokens_delta" : "lora_embedding_A"));
            INDArray ofPadding = rows ? gradient.getRow(1) : gradient.getColumn(0);
            INDArray ofToken = rows ? gradient.getRow(0) : gradient.getColumn(3);
            assertThat(ofPadding.norm2Number().doubleValue()).isZero();
            assertThat(ofToken.norm2Number().doubleValue()).isNotZero();
        }
    }

    @Test
    void convertsDoRAOnAnEmbeddingToLoRA() throws Exception {
        Network network = encoder(DOUBLE);
        LoRAModel model = LoRAModel.of(network);
        AdapterView view = add(
                model,
                "a",
                dora().trainableTokens(TrainableTokens.of(Map.of("token_type_embeddings", List.of(0))))
                        .build(),
                1);

        LoRAAdapter plain = AdapterConversion.toLoRA(network, view.adapter(), TargetRank.of(24))
                .adapter();

        GoldenCase.assertClose("converted", model.add("plain", plain).predict(INPUT), view.predict(INPUT), 1e-10);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aStepAllocatesNothing(boolean dora) throws Exception {
        LoRAConfigBuilder config = LoRAConfig.builder()
                .rank(2)
                .targetModules("position_embeddings")
                .dora(dora);
        AdapterView view = add(
                LoRAModel.of(encoder(DataType.FLOAT)),
                "a",
                config.trainableTokens(9, 2).build(),
                1);
        Pass pass = view.newTrainingPass();
        INDArray direction = Nd4j.ones(DataType.FLOAT, 10, 24);
        SteadyState.assertReached(3, () -> {
            pass.forward(INPUT);
            pass.backward(direction);
        });
    }

    @TestFactory
    List<DynamicTest> refusesWhatExcludesEachOther() throws Exception {
        LoRAModel model = LoRAModel.of(encoder(DataType.FLOAT));
        LoRAConfigBuilder config =
                LoRAConfig.builder().rank(1).targetModules("query").trainableTokens(5);
        model.add("a", config.build());
        model.add("b", config.trainableTokens(6).build());
        return Refusals.table(
                argument(() -> model.using("a", "b"))
                        .contains("only one of the adapters that are applied together can have a bias, a whole layer or"
                                + " rows of tokens"),
                argument(() -> model.add("c", config.trainableTokens(60).build()))
                        .contains("trainable tokens must be below the vocabulary of 60, found 60"),
                argument(() -> model.add(
                                "d",
                                config.trainableTokens(5)
                                        .modulesToSave("word_embeddings")
                                        .build()))
                        .contains("an embedding must have trainable tokens, or factors, or be a module to save"),
                argument(() -> LoRAModel.of(
                                        Network.builder(2).linear("query", 2).build(1))
                                .add(
                                        "e",
                                        LoRAConfig.builder().trainableTokens(5).build()))
                        .contains("trainable tokens: must be those of an embedding of the base, found none"));
    }
}
