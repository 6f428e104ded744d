package org.lora4j.nn.transformer;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.lora4j.SmallModels.assertClose;
import static org.lora4j.SmallModels.assertSameBits;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.LoRAModel;
import org.lora4j.Models;
import org.lora4j.SmallModels;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.adapter.TargetModules;
import org.lora4j.internal.math.RandomArrays;
import org.lora4j.io.peft.PeftFormatException;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Input;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.serve.BatchingPredictor;
import org.lora4j.serve.ServingException;
import org.lora4j.train.Trainer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Adapters whose heads have other numbers of outputs than that of the base, each with its own rows of a batch. */
@Tag("numbers")
class OwnHeadsTest {
    private static final String BASE = LoRAModel.BASE;
    private static final List<Integer> WIDTHS = List.of(1, 2, 9);

    /** Adds an adapter of random factors with a random head. */
    static void add(LoRAModel model, String name, int outputs, long seed) {
        model.add(name, withHead(model.network(), outputs, seed));
    }

    private static LoRAAdapter withHead(Network network, int outputs, long seed) {
        String head = network.replaceableHead().orElseThrow();
        LoRAConfig config = LoRAConfig.builder()
                .rank(2)
                .alpha(3)
                .init(LoRAInit.random())
                .seed(seed)
                .targetModules(TargetModules.allLinear())
                .modulesToSave(head)
                .build();
        LoRAAdapter made = LoRAAdapter.initialize(network, config).adapter();
        SplittableRandom random = new SplittableRandom(seed);
        DataType type = network.dataType();
        INDArray weight = RandomArrays.gaussian(
                random, 0.5, type, outputs, network.baseLayer(head).shape()[1]);
        INDArray bias = network.baseLayer(head).bias() == null ? null : RandomArrays.gaussian(random, 1, type, outputs);
        Map<String, LoRAAdapter.SavedModule> saved = new LinkedHashMap<>(made.savedModules());
        saved.put(head, new LoRAAdapter.SavedModule(weight, bias));
        return new LoRAAdapter(made.config(), made.weights(), made.biases(), saved, made.tokenRows());
    }

    /** A model with adapters of 1, 2 and 9 outputs, one with the base's number and one without a head of its own. */
    private static LoRAModel model(Network network) {
        LoRAModel model = LoRAModel.of(network);
        for (int width : WIDTHS) {
            add(model, "of" + width, width, width);
        }
        add(model, "same", (int) network.outputSize(), 20);
        model.add("plain", SmallModels.random(21).build());
        return model;
    }

    private static INDArray alone(LoRAModel model, Input x, String name) {
        return (name.equals(BASE) ? model.base() : model.using(name)).predict(x);
    }

    private static List<String> drawn(int examples, String... names) {
        SplittableRandom random = new SplittableRandom(examples);
        List<String> list = new ArrayList<>();
        for (int i = 0; i < examples; i++) {
            list.add(names[random.nextInt(names.length)]);
        }
        return list;
    }

    private static List<String> drawn(int examples) {
        return drawn(examples, "of1", "of2", "of9", "same", "plain", BASE);
    }

    private static void assertRows(LoRAModel model, INDArray x, List<String> names, double tolerance) {
        List<INDArray> outputs = model.predictEach(Input.of(x), names);
        assertThat(outputs).hasSameSizeAs(names);
        for (int i = 0; i < names.size(); i++) {
            INDArray row = x.getRow(i, true).dup('c');
            assertThat(outputs.get(i).ordering()).isEqualTo('c');
            assertClose(outputs.get(i), alone(model, Input.of(row), names.get(i)), tolerance);
        }
    }

    @ParameterizedTest
    @CsvSource({"FLOAT, 1e-5", "DOUBLE, 1e-12"})
    @Tag("slow")
    void rowsOfFeaturesHaveTheOutputsOfTheirOwnHead(DataType type, double tolerance) {
        LoRAModel model = model(SmallModels.network(type, 1));
        for (int rows : new int[] {1, 2, 7, 64, 600, 1030}) {
            assertRows(model, SmallModels.input(type, rows, rows), drawn(rows), tolerance);
        }
    }

    @Test
    void equalsRowByRowForRunsOfEveryLengthAndPlace() {
        LoRAModel model = model(SmallModels.network());
        for (int from = 0; from < 7; from++) {
            for (int to = from + 1; to <= 7; to++) {
                List<String> names = new ArrayList<>(Collections.nCopies(7, "of9"));
                for (int row = from; row < to; row++) {
                    names.set(row, "of1");
                }
                assertRows(model, SmallModels.input(7), names, 1e-5);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"FLOAT", "DOUBLE"})
    void oneAdapterHasTheOutputOfTheMergedNetwork(DataType type) {
        LoRAModel model = model(SmallModels.network(type, 1));
        INDArray x = SmallModels.input(type, 5, 3);
        for (int width : WIDTHS) {
            String name = "of" + width;
            INDArray y = model.using(name).predict(x);
            assertThat(y.shape()).containsExactly(5, width);
            assertClose(y, model.merge(name).predict(x), type == DataType.FLOAT ? 1e-5 : 1e-12);
            assertThat(model.using(name).outputSize()).isEqualTo(width);
            assertThat(model.merge(name).outputSize()).isEqualTo(width);
            // All rows have one width, so one array has room for all.
            assertClose(model.predict(x, Collections.nCopies(5, name)), y, 1e-5);
        }
        assertThat(model.base().outputSize()).isEqualTo(SmallModels.OUT);
    }

    @Test
    void adaptersOfOneWidthFitIntoOneArray() {
        LoRAModel model = model(SmallModels.network());
        add(model, "other", 9, 30);
        INDArray x = SmallModels.input(4);
        List<String> names = List.of("of9", "other", "other", "of9");
        INDArray y = model.predict(x, names);
        assertThat(y.shape()).containsExactly(4, 9);
        List<INDArray> each = model.predictEach(Input.of(x), names);
        for (int i = 0; i < 4; i++) {
            assertSameBits(y.getRow(i, true), each.get(i));
        }
    }

    @Test
    void headsOfDifferentWidthsDoNotFitIntoOneArray() {
        LoRAModel model = model(SmallModels.network());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> model.predict(SmallModels.input(3), List.of("of9", "of1", "of9")))
                .withMessage(
                        "adapters whose outputs are rows of one array must have heads of one size, found 9 outputs of"
                                + " 'of9' and 1 of 'of1'; call predictEach, which returns an array for each of them");
    }

    @ParameterizedTest
    @CsvSource({
        "encoder_classifier",
        "distilbert_classifier",
        "electra_classifier",
        "modernbert_classifier",
        "gte_classifier",
        "nomic_classifier",
        "decoder_gradients_classifier"
    })
    void textsOfEachFamilyHaveTheOutputsOfTheirOwnHead(String golden) throws Exception {
        for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
            LoRAModel model = LoRAModel.of(GoldenCase.of(golden).model(type).classifier(3, 1));
            for (int width : WIDTHS) {
                add(model, "of" + width, width, width);
            }
            List<String> names = List.of("of9", "of1", BASE, "of9", "of9", "of2");
            Sequences texts = Sequences.of(
                    new int[][] {{5, 9, 3}, {7, 2, 2, 8, 1}, {4}, {8, 8, 1}, {3, 1}, {6, 5, 4, 3, 2, 1}}, null, null);
            List<INDArray> outputs = model.predictEach(texts, names);
            for (int i = 0; i < names.size(); i++) {
                assertClose(
                        outputs.get(i),
                        alone(model, texts.part(i, i + 1), names.get(i)),
                        type == DataType.FLOAT ? 2e-5 : 1e-11);
            }
            assertClose(
                    model.using("of9").predict(texts),
                    model.merge("of9").predict(texts),
                    type == DataType.FLOAT ? 2e-5 : 1e-11);
        }
    }

    @ParameterizedTest
    @CsvSource({"FLOAT, 1e-5", "DOUBLE, 1e-12"})
    void aPredictorGivesEachCallTheWidthOfItsAdapter(DataType type, double tolerance) throws Exception {
        LoRAModel model = model(SmallModels.network(type, 1));
        List<CompletableFuture<INDArray>> futures = new ArrayList<>();
        List<String> names = drawn(60);
        try (BatchingPredictor predictor =
                BatchingPredictor.builder(model).allowBase(true).build()) {
            for (int i = 0; i < names.size(); i++) {
                futures.add(predictor.predictAsync(SmallModels.input(type, 1 + i % 3, i), names.get(i)));
            }
            for (int i = 0; i < names.size(); i++) {
                INDArray x = SmallModels.input(type, 1 + i % 3, i);
                assertClose(futures.get(i).get(), alone(model, Input.of(x), names.get(i)), tolerance);
            }
            assertThat(predictor.stats().batchRequests().max()).isGreaterThan(1);
        }
    }

    @Test
    void aDeletedAdapterFailsItsOwnCallsOnly() throws Exception {
        LoRAModel model = model(SmallModels.network());
        List<Runnable> tasks = new ArrayList<>();
        try (BatchingPredictor predictor =
                BatchingPredictor.builder(model).executor(tasks::add).build()) {
            INDArray x = SmallModels.input(2);
            CompletableFuture<INDArray> deleted = predictor.predictAsync(x, "of1");
            CompletableFuture<INDArray> kept = predictor.predictAsync(x, "of9");
            CompletableFuture<INDArray> other = predictor.predictAsync(x, "of2");
            model.delete("of1");
            while (!tasks.isEmpty()) {
                tasks.remove(0).run();
            }
            assertThatExceptionOfType(ExecutionException.class)
                    .isThrownBy(deleted::get)
                    .withCauseInstanceOf(ServingException.class);
            assertClose(kept.get(), model.using("of9").predict(x), 1e-5);
            assertClose(other.get(), model.using("of2").predict(x), 1e-5);
        }
    }

    @Test
    void isSavedAndLoadedWithItsHead(@TempDir Path folder) throws Exception {
        LoRAModel model = model(SmallModels.network());
        model.save("of9", folder);
        LoRAModel other = LoRAModel.of(SmallModels.network());
        other.load("loaded", folder);
        INDArray x = SmallModels.input(3);
        assertSameBits(other.using("loaded").predict(x), model.using("of9").predict(x));
        // The first adapter of a model is active.
        assertSameBits(other.predict(x), model.using("of9").predict(x));
        assertThat(other.outputSize()).isEqualTo(9);
        other.mergeForPrediction();
        assertThat(other.predict(x).shape()).containsExactly(3, 9);
        assertClose(other.predict(x), model.using("of9").predict(x), 1e-5);
        other.unmerge();
        assertSameBits(other.predict(x), model.using("of9").predict(x));
    }

    @Test
    void onlyTheHeadMayHaveAnotherSize(@TempDir Path folder) throws Exception {
        LoRAModel model = model(SmallModels.network());
        model.save("of9", folder);
        // Its linear3 takes 5 inputs; here it is a layer in the middle, or takes others.
        LoRAModel inTheMiddle = LoRAModel.of(Models.dense(6, 8, 5, 4, 4));
        assertThatExceptionOfType(PeftFormatException.class)
                .isThrownBy(() -> inTheMiddle.load("a", folder))
                .withMessageContaining("linear3.weight' must be [4, 5], found [9, 5]");
        LoRAModel otherInput = LoRAModel.of(Models.dense(6, 8, 6, 4));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> otherInput.add("a", model.adapter("of9")))
                .withMessageContaining("linear3.weight must be [4, 6], found [9, 5]");
    }

    @Test
    void aBiasHasTheSizeOfItsHead() {
        LoRAModel model = LoRAModel.of(SmallModels.network());
        LoRAAdapter good = withHead(model.network(), 9, 1);
        LoRAAdapter.SavedModule head = requireNonNull(good.savedModules().get("linear3"));
        LoRAAdapter bad = new LoRAAdapter(
                good.config(),
                good.weights(),
                Map.of(),
                Map.of(
                        "linear3",
                        new LoRAAdapter.SavedModule(
                                head.weight(), RandomArrays.gaussian(new SplittableRandom(1), 1, DataType.FLOAT, 4))));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> model.add("a", bad))
                .withMessageContaining("linear3.bias must be [9], found [4]");
    }

    @Test
    void aLanguageModelKeepsItsVocabulary() throws Exception {
        Network network = GoldenCase.of("decoder_llama").model(DataType.FLOAT).causal();
        assertThat(network.replaceableHead()).isEmpty();
        assertThat(SmallModels.network().replaceableHead()).contains("linear3");
    }

    @Test
    void aHeadIsNotUpdatedByAnotherAdapter() {
        LoRAModel model = model(SmallModels.network());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> model.using("of9", "plain"))
                .withMessageContaining(
                        "linear3: adapters that are applied together must have a head of the base's 4 outputs")
                .withMessageContaining("found a head with 9 outputs and an update");
        assertThatIllegalArgumentException().isThrownBy(() -> model.using("plain", "of9"));
        assertThatIllegalArgumentException().isThrownBy(() -> model.using("of9", "of1"));
        model.add("below", SmallModels.random(40).targetModules("linear1").build());
        assertThat(model.using("of9", "below").outputSize()).isEqualTo(9);
    }

    @Test
    void aHeadOfAnotherSizeTrainsOnABaseWithThatSize() {
        LoRAModel model = model(SmallModels.network());
        assertThatIllegalStateException()
                .isThrownBy(() -> Trainer.builder(model.using("of9")).build().fit(List.of()))
                .withMessage(
                        "an adapter trains on a base whose head has as many outputs as its own, found 9 outputs of [of9]"
                                + " and 4 of the base; put a classifier with 9 labels on the base to train further");
        // So nothing says that it can train.
        assertThat(model.parameters("of9")).isNotEmpty().noneMatch(Parameter::isTrainable);
    }
}
