package org.lora4j.nn.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.lora4j.Refusals.refused;
import static org.lora4j.Refusals.table;
import static org.lora4j.SmallModels.assertSameBits;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.BiasTraining;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAConfigBuilder;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.adapter.TargetModules;
import org.lora4j.internal.math.RandomArrays;
import org.lora4j.io.FingerprintCheck;
import org.lora4j.io.ReadOptions;
import org.lora4j.nn.FiniteDifferences;
import org.lora4j.nn.Network;
import org.lora4j.nn.SteadyState;
import org.lora4j.nn.compute.internal.Pass;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.train.Batch;
import org.lora4j.train.BatchGradients;
import org.lora4j.train.Loss;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingState;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;

/** Adapters on a transformer. */
@Tag("numbers")
class TransformerAdapterTest {
    private static final Sequences INPUT = Sequences.of(
            new int[][] {{5, 9, 3}, {7, 2, 2, 8, 1}, {4}},
            new int[][] {{1, 1, 1}, {0, 1, 1, 0, 1}, {1}},
            new int[][] {{0, 1, 1}, {0, 0, 0, 1, 1}, {1}});

    private static PretrainedModel bert(DataType type) throws Exception {
        return GoldenCase.of("encoder_classifier").model(type);
    }

    /** An adapter whose factors are all random, so that each part of it matters. */
    private static AdapterView add(LoRAModel model, String name, LoRAConfig config, long seed) {
        AdapterView view = model.add(name, config);
        SplittableRandom random = new SplittableRandom(seed);
        for (Parameter parameter : view.parameters()) {
            if (parameter.name().contains("lora_")) {
                parameter
                        .value()
                        .addi(RandomArrays.gaussian(
                                random,
                                0.1,
                                parameter.value().dataType(),
                                parameter.value().shape()));
            }
        }
        return view;
    }

    @ParameterizedTest
    @CsvSource({
        "query;value, false, 0, NONE, ''",
        "all-linear, false, 0, LORA_ONLY, classifier",
        "query;dense, true, 0, ALL, classifier",
        "word_embeddings;key, false, 0, ALL, pooler.dense",
        "token_type_embeddings;position_embeddings;output.dense, false, 0.3, NONE, LayerNorm",
        "word_embeddings;position_embeddings;query, true, 0.3, NONE, token_type_embeddings"
    })
    @Tag("slow")
    void gradientsEqualFiniteDifferences(String targets, boolean dora, double dropout, BiasTraining bias, String saved)
            throws Exception {
        LoRAConfigBuilder config =
                LoRAConfig.builder().rank(2).alpha(3).dora(dora).bias(bias).dropout(dropout);
        if (targets.equals("all-linear")) {
            config.targetModules(TargetModules.allLinear());
        } else {
            config.targetModules(targets.split(";"));
        }
        if (!saved.isEmpty()) {
            config.modulesToSave(saved);
        }
        LoRAModel model =
                LoRAModel.of(bert(DataType.DOUBLE).withDropout(dropout).classifier());
        AdapterView view = add(model, "a", config.build(), 1);
        Pass pass = view.newTrainingPass();
        INDArray direction = RandomArrays.gaussian(new SplittableRandom(2), 1, DataType.DOUBLE, 3, 3);
        pass.forward(INPUT);
        pass.backward(direction);
        assertThat(pass.trainableParameters()).hasSameSizeAs(view.parameters());
        Map<Parameter, INDArray> gradients = new LinkedHashMap<>();
        for (Parameter parameter : pass.trainableParameters()) {
            gradients.put(
                    parameter,
                    pass.gradient(parameter).dup(pass.gradient(parameter).ordering()));
        }
        gradients.forEach((parameter, gradient) -> {
            // DoRA's norm is a constant of the gradient, as in the paper; its factors are tested elsewhere.
            boolean detached = dora && parameter.name().matches(".*lora_(embedding_)?[AB].*");
            if (!detached && parameter.value().length() < 400) {
                FiniteDifferences.assertGradient(
                        parameter.name(),
                        () -> {
                            pass.segment().setStep(0);
                            return pass.forward(INPUT)
                                    .mul(direction)
                                    .sumNumber()
                                    .doubleValue();
                        },
                        parameter.value(),
                        gradient);
            }
        });
    }

    @Test
    void aMixedBatchEqualsEachSequenceWithItsAdapter() throws Exception {
        LoRAModel model = LoRAModel.of(bert(DataType.FLOAT).classifier());
        add(
                model,
                "a",
                LoRAConfig.builder().rank(2).targetModules("query", "dense").build(),
                1);
        add(
                model,
                "b",
                LoRAConfig.builder()
                        .rank(3)
                        .targetModules("value", "classifier")
                        .build(),
                2);
        add(
                model,
                "c",
                LoRAConfig.builder().rank(2).targetModules("word_embeddings").build(),
                3);
        LoRAConfig withClassifier = LoRAConfig.builder()
                .rank(2)
                .targetModules("query")
                .modulesToSave("classifier")
                .build();
        add(model, "d", withClassifier, 4).parameters().stream()
                .filter(parameter -> parameter.name().startsWith("classifier"))
                .forEach(parameter -> parameter.value().muli(-1.5).addi(0.5));
        add(
                model,
                "e",
                LoRAConfig.builder()
                        .rank(2)
                        .targetModules("value", "word_embeddings")
                        .dora(true)
                        .build(),
                5);
        LoRAConfig withTokens = LoRAConfig.builder()
                .rank(2)
                .targetModules("key")
                .trainableTokens(5, 1)
                .build();
        add(model, "f", withTokens, 6).parameters().stream()
                .filter(parameter -> parameter.name().endsWith("trainable_tokens_delta"))
                .forEach(parameter -> parameter.value().muli(-1.5).addi(0.5));
        Sequences batch = Sequences.concat(List.of(INPUT, INPUT));
        List<List<String>> rows = List.of(
                List.of("a", LoRAModel.BASE, "b", "b", "a", LoRAModel.BASE),
                List.of("a", "c", "b", "b", "c", "c"),
                List.of("d", "d", "b", LoRAModel.BASE, "d", "a"),
                List.of("e", "c", "e", "d", "c", LoRAModel.BASE),
                List.of("e", "e", "e", "c", "c", "c"),
                List.of("f", "c", "e", "f", "f", LoRAModel.BASE));
        for (List<String> names : rows) {
            INDArray mixed = model.predict(batch, names);
            for (int i = 0; i < names.size(); i++) {
                AdapterView view = names.get(i).equals(LoRAModel.BASE) ? model.base() : model.using(names.get(i));
                GoldenCase.assertClose(names.get(i), mixed.getRow(i, true), view.predict(batch.part(i, i + 1)), 1e-5);
            }
        }
    }

    @Test
    void aMixedBatchOfManyTokensEqualsItsParts() throws Exception {
        LoRAModel model = LoRAModel.of(bert(DataType.FLOAT).sentenceEmbeddings());
        add(model, "a", LoRAConfig.builder().rank(2).targetModules("query").build(), 1);
        add(model, "b", LoRAConfig.builder().rank(2).targetModules("value").build(), 2);
        int copies = 5000 / INPUT.tokens() + 1;
        Sequences batch = Sequences.concat(Collections.nCopies(copies, INPUT));
        List<String> names = IntStream.range(0, batch.count())
                .mapToObj(i -> i % 4 == 0 ? "a" : "b")
                .toList();

        INDArray mixed = model.predict(batch, names);

        for (int i : new int[] {0, 1, batch.count() / 2, batch.count() - 2, batch.count() - 1}) {
            INDArray alone = model.using(names.get(i)).predict(batch.part(i, i + 1));
            GoldenCase.assertClose("sequence " + i, mixed.getRow(i, true), alone, 1e-5);
        }
    }

    @Test
    void whatIsBesideASequenceDoesNotChangeIt() throws Exception {
        Network network = bert(DataType.FLOAT).sentenceEmbeddings();
        INDArray together = network.predict(INPUT);
        for (int i = 0; i < INPUT.count(); i++) {
            GoldenCase.assertClose(
                    "sequence " + i, together.getRow(i, true), network.predict(INPUT.part(i, i + 1)), 1e-6);
        }
    }

    @Test
    void trainingLeavesTheBaseAsItIsAndTheSavedAdapterComputesTheSame(@TempDir Path folder) throws Exception {
        Network network = bert(DataType.FLOAT).classifier();
        Map<String, INDArray> before = new LinkedHashMap<>();
        network.parameters()
                .forEach(parameter ->
                        before.put(parameter.name(), parameter.value().dup()));
        LoRAModel model = LoRAModel.of(network);
        AdapterView view = model.add(
                "a",
                LoRAConfig.builder()
                        .rank(2)
                        .dora(true)
                        .targetModules("query", "position_embeddings")
                        .modulesToSave("classifier")
                        .trainableTokens(5, 8)
                        .build());
        Trainer.builder(view)
                .updater(new Adam(0.01))
                .epochs(5)
                .build()
                .fit(List.of(new Batch(INPUT, Nd4j.eye(3).castTo(DataType.FLOAT))));
        for (Parameter parameter : network.parameters()) {
            assertThat(parameter.value()).as(parameter.name()).isEqualTo(before.get(parameter.name()));
        }
        assertThat(view.predict(INPUT)).isNotEqualTo(model.base().predict(INPUT));
        view.save(folder);
        AdapterView loaded = model.load("loaded", folder, ReadOptions.of(FingerprintCheck.REQUIRE));
        assertThat(loaded.predict(INPUT)).isEqualTo(view.predict(INPUT));
    }

    @Test
    void aTrainingThatResumesEndsWithTheSameBits() throws Exception {
        List<Batch> batches = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            batches.add(
                    new Batch(INPUT.part(i % 3, i % 3 + 1), GoldenCase.oneHot(new int[] {i % 3}, 3, DataType.FLOAT)));
        }
        LoRAConfig config = LoRAConfig.builder()
                .rank(2)
                .dropout(0.2)
                .dora(true)
                .targetModules("query", "value", "position_embeddings")
                .trainableTokens(5, 8)
                .build();
        List<TrainingState> states = new ArrayList<>();
        AdapterView whole =
                LoRAModel.of(bert(DataType.FLOAT).withDropout(0.1).classifier()).add("a", config);
        Trainer.builder(whole).checkpointEvery(3, states::add).build().fit(batches);
        AdapterView resumed =
                LoRAModel.of(bert(DataType.FLOAT).withDropout(0.1).classifier()).add("a", config);
        Trainer.builder(resumed).resume(states.get(0)).build().fit(batches);
        for (int i = 0; i < whole.parameters().size(); i++) {
            assertSameBits(
                    resumed.parameters().get(i).value(),
                    whole.parameters().get(i).value());
        }
    }

    @Test
    void partsOfABatchGiveTheGradientsOfTheWhole() throws Exception {
        LoRAConfig config = LoRAConfig.builder()
                .rank(2)
                .init(LoRAInit.random())
                .dropout(0.2)
                .targetModules("query", "value", "pooler.dense")
                .build();
        AdapterView view = LoRAModel.of(bert(DataType.DOUBLE).withDropout(0.1).classifier())
                .add("a", config);
        INDArray labels = GoldenCase.oneHot(new int[] {0, 2, 1}, 3, DataType.DOUBLE);
        BatchGradients whole = new BatchGradients(view, Loss.softmaxCrossEntropy());
        double loss = whole.compute(new Batch(INPUT, labels), 4, 0, 0);
        BatchGradients parts = new BatchGradients(view, Loss.softmaxCrossEntropy());
        double sum = 0;
        List<INDArray> sums = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            Batch part = new Batch(INPUT.part(i, i + 1), labels.getRow(i, true));
            sum += parts.compute(part, 4, i, INPUT.start(i)) / 3;
            for (int j = 0; j < parts.gradients().size(); j++) {
                INDArray third = parts.gradients().get(j).div(3);
                if (i == 0) {
                    sums.add(third);
                } else {
                    sums.get(j).addi(third);
                }
            }
        }
        assertThat(sum).isCloseTo(loss, within(1e-12));
        for (int j = 0; j < sums.size(); j++) {
            assertThat(sums.get(j).distance2(whole.gradients().get(j))).isLessThan(1e-12);
        }
    }

    @Test
    void stepsOfUnevenTextsAllocateNothing() throws Exception {
        LoRAModel model = LoRAModel.of(bert(DataType.FLOAT).meanClassifier(3, 1));
        AdapterView view = add(
                model,
                "a",
                LoRAConfig.builder().rank(2).targetModules("query", "dense").build(),
                1);
        Pass pass = view.newTrainingPass();
        INDArray direction = Nd4j.ones(DataType.FLOAT, 3, 3);
        SteadyState.assertReached(3, () -> {
            pass.forward(INPUT);
            pass.backward(direction);
        });
    }

    @TestFactory
    List<DynamicTest> refusesSequencesThatDoNotFitTheModel() throws Exception {
        Network network = bert(DataType.FLOAT).classifier();
        return table(
                refused(Throwable.class, () -> network.predict(Sequences.of(new int[] {60})))
                        .says(
                                "input: each token must be below the vocabulary of 60, found 60; use the tokenizer of this"
                                        + " model"),
                refused(Throwable.class, () -> network.predict(Sequences.of(new int[17])))
                        .says(
                                "input: a sequence must have at most 16 tokens, found a token at position 16; cut the texts"),
                refused(
                                Throwable.class,
                                () -> network.predict(Sequences.of(new int[][] {{1}}, null, new int[][] {{2}})))
                        .says("input: each token type must be below 2, found 2"),
                refused(Throwable.class, () -> LoRAModel.of(network).predict(INPUT, List.of("base")))
                        .contains("one adapter for each sequence"));
    }

    @Test
    void refusesWhatTakesRowsOfFeatures() throws Exception {
        LoRAModel model = LoRAModel.of(bert(DataType.FLOAT).classifier());
        assertThatThrownBy(() -> model.predict(Nd4j.zeros(DataType.FLOAT, 2, 3), List.of("a", "b")))
                .hasMessageContaining("must be sequences of tokens");
    }
}
