package org.lora4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.lora4j.SmallModels.OUT;
import static org.lora4j.SmallModels.assertClose;
import static org.lora4j.SmallModels.assertSameBits;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.adapter.BiasTraining;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.internal.math.RandomArrays;
import org.lora4j.nn.NativeObjects;
import org.lora4j.nn.NativeThreads;
import org.lora4j.nn.Network;
import org.lora4j.nn.SteadyState;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** A batch with an adapter for each row equals what each adapter computes by itself. */
@SuppressWarnings("try") // A scope works by being open.
@Tag("numbers")
class MixedBatchTest {
    private static final String BASE = LoRAModel.BASE;

    private final Network network = SmallModels.network();
    private final LoRAModel model = LoRAModel.of(network);

    private void addPlain() {
        model.add("a", SmallModels.random(1).build());
        model.add("b", SmallModels.random(2).rank(5).alpha(2).build());
        model.add(
                "c",
                SmallModels.random(3)
                        .targetModules("linear2")
                        .rankStabilized(true)
                        .build());
    }

    private void assertRowByRow(INDArray x, List<String> names) {
        assertRowByRow(model, x, names);
    }

    private static void assertRowByRow(LoRAModel model, INDArray x, List<String> names) {
        INDArray y = model.predict(x, names);
        assertThat(y.shape()).containsExactly(x.size(0), model.outputSize());
        assertThat(y.ordering()).isEqualTo('c');
        for (int row = 0; row < names.size(); row++) {
            String name = names.get(row);
            AdapterView view = name.equals(BASE) ? model.base() : model.using(name);
            INDArray expected = view.predict(x.getRow(row, true).dup('c'));
            assertClose(y.getRow(row, true), expected, 1e-5);
        }
    }

    private static List<String> drawn(int rows, String... names) {
        SplittableRandom random = new SplittableRandom(rows);
        List<String> list = new ArrayList<>();
        for (int i = 0; i < rows; i++) {
            list.add(names[random.nextInt(names.length)]);
        }
        return list;
    }

    @Test
    void equalsRowByRow() {
        addPlain();
        assertRowByRow(SmallModels.input(7), List.of("a", "b", BASE, "a", "c", "c", "b"));
    }

    @Test
    void adaptersDiffer() {
        addPlain();
        INDArray row = SmallModels.input(1);
        INDArray x = row.repeat(0, 3);
        INDArray y = model.predict(x, List.of("a", "b", BASE));
        assertThat(SmallModels.sameBits(y.getRow(0), y.getRow(1))).isFalse();
        assertThat(SmallModels.sameBits(y.getRow(0), y.getRow(2))).isFalse();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 64, 65, 511, 512, 513, 1030})
    void equalsRowByRowForEverySize(int rows) {
        addPlain();
        assertRowByRow(SmallModels.input(rows), drawn(rows, "a", "b", "c", BASE));
    }

    @ParameterizedTest
    @ValueSource(ints = {15, 16, 65, 1030})
    void equalsRowByRowWhenProcessorsAreLeft(int rows) {
        addPlain();
        try (NativeThreads threads = NativeThreads.forBlas(1)) {
            assertThat(threads).isNotNull();
            assertRowByRow(SmallModels.input(rows), drawn(rows, "a", "b", "c", BASE));
        }
    }

    @Test
    void equalsRowByRowForRunsOfEveryLengthAndPlace() {
        addPlain();
        for (int from = 0; from < 9; from++) {
            for (int to = from + 1; to <= 9; to++) {
                List<String> names = new ArrayList<>(Collections.nCopies(9, "a"));
                for (int row = from; row < to; row++) {
                    names.set(row, "b");
                }
                assertRowByRow(SmallModels.input(9), names);
            }
        }
    }

    @Test
    void equalsRowByRowOnWideLayers() {
        int in = 300;
        Network wide = Models.dense(in, 517, 256, 1);
        LoRAModel wideModel = LoRAModel.of(wide);
        wideModel.add("a", SmallModels.random(1).build());
        wideModel.add("b", SmallModels.random(2).rank(1).build());
        wideModel.add(
                "c",
                SmallModels.random(3)
                        .rank(70)
                        .targetModules("linear1", "linear2")
                        .build());
        int rows = 71;
        INDArray x = RandomArrays.gaussian(new SplittableRandom(4), 1, DataType.FLOAT, rows, in);
        List<String> names = drawn(rows, "a", "b", "c", BASE);
        assertRowByRow(wideModel, x, names);
    }

    @Test
    void oneModelServesBatchesOfChangingSizes() {
        addPlain();
        for (int rows : new int[] {5, 64, 5, 3, 100, 64, 1}) {
            assertRowByRow(SmallModels.input(DataType.FLOAT, rows, rows), drawn(rows, "a", "b", BASE));
        }
    }

    @Test
    void adaptersWithABiasOfBAndPartsOfTheBaseTakePart() {
        model.add("bias", SmallModels.random(1).loraBias(true).build());
        model.parameters("bias").stream()
                .filter(parameter -> parameter.name().endsWith("lora_B.bias"))
                .forEach(parameter -> parameter.value().assign(0.7));
        model.add("pissa", SmallModels.random(2).init(LoRAInit.pissa()).build());
        model.add("olora", SmallModels.random(3).init(LoRAInit.olora()).build());
        SplittableRandom random = new SplittableRandom(1);
        for (String name : List.of("pissa", "olora")) {
            model.parameters(name)
                    .forEach(parameter -> parameter
                            .value()
                            .addi(RandomArrays.gaussian(
                                    random,
                                    0.1,
                                    DataType.FLOAT,
                                    parameter.value().shape())));
        }
        assertRowByRow(
                SmallModels.input(8), List.of("bias", "pissa", "olora", BASE, "olora", "olora", "bias", "pissa"));
    }

    @Test
    void adaptersThatAreMoreThanFactorsTakePart() {
        addPlain();
        model.add("biases", SmallModels.random(4).bias(BiasTraining.ALL).build());
        model.add("layer", SmallModels.random(5).modulesToSave("linear3").build());
        model.add("dora", LoRAConfig.builder().rank(2).alpha(3).dora(true).build());
        for (String name : List.of("biases", "layer", "dora")) {
            model.parameters(name).forEach(parameter -> parameter.value().muli(1.5));
        }
        assertRowByRow(SmallModels.input(8), List.of("biases", "a", "layer", BASE, "dora", "b", "biases", "dora"));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7, 64, 600})
    void rowsOfAdaptersThatReplaceLayersAreComputedWithTheirCopies(int rows) {
        addPlain();
        addReplacingLayers();
        assertRowByRow(SmallModels.input(rows), drawn(rows, "a", "first", "last", BASE));
    }

    @Test
    void everyKindOfAdapterEqualsRowByRowWhenThreadsDivideTheRows() {
        Network wide = Models.dense(300, 400, 256, OUT);
        LoRAModel wideModel = LoRAModel.of(wide);
        wideModel.add("plain", SmallModels.random(1).rank(32).build());
        wideModel.add(
                "pissa",
                LoRAConfig.builder()
                        .rank(24)
                        .init(LoRAInit.pissa())
                        .targetModules("linear1", "linear2")
                        .build());
        wideModel.add("dora", LoRAConfig.builder().rank(40).dora(true).build());
        wideModel.add(
                "biases", SmallModels.random(4).rank(32).bias(BiasTraining.ALL).build());
        wideModel.add(
                "layer", SmallModels.random(5).rank(32).modulesToSave("linear2").build());
        String[] names = {"plain", "pissa", "dora", "biases", "layer", BASE};
        for (String name : wideModel.names()) {
            wideModel.parameters(name).forEach(parameter -> parameter.value().muli(1.25));
        }
        SplittableRandom random = new SplittableRandom(7);
        INDArray x = RandomArrays.gaussian(random, 1, DataType.FLOAT, 96, 300);
        try (NativeThreads threads = NativeThreads.forBlas(1)) {
            assertThat(threads).isNotNull();
            assertRowByRow(wideModel, x, drawn(96, names));
            // Blocks of many rows, which are cut where the part of a thread ends.
            List<String> blocks = new ArrayList<>();
            for (String name : names) {
                blocks.addAll(Collections.nCopies(16, name));
            }
            assertRowByRow(wideModel, x, blocks);
        }
    }

    private void addReplacingLayers() {
        model.add(
                "first",
                SmallModels.random(5)
                        .targetModules("linear3")
                        .modulesToSave("linear1")
                        .build());
        model.add("last", SmallModels.random(6).modulesToSave("linear3").build());
        for (String name : List.of("first", "last")) {
            model.parameters(name).forEach(parameter -> parameter.value().muli(1.5));
        }
    }

    @Test
    void worksInDouble() {
        LoRAModel doubles = LoRAModel.of(SmallModels.network(DataType.DOUBLE, 1));
        doubles.add("a", SmallModels.random(1).build());
        doubles.add("b", SmallModels.random(2).rank(4).build());
        INDArray x = SmallModels.input(DataType.DOUBLE, 3, 5);
        INDArray y = doubles.predict(x, List.of("b", "a", "b"));
        assertClose(
                y.getRow(1, true), doubles.using("a").predict(x.getRow(1, true).dup('c')), 1e-12);
    }

    @Test
    void neitherActiveAdaptersNorMergedCopiesNorScopesMatter() {
        addPlain();
        INDArray x = SmallModels.input(3);
        List<String> names = List.of("b", BASE, "a");
        INDArray y = model.predict(x, names);
        model.activate("b", "c");
        assertSameBits(model.predict(x, names), y);
        model.mergeForPrediction();
        assertSameBits(model.predict(x, names), y);
        try (LoRAModel.Scope scope = model.disable()) {
            assertSameBits(model.predict(x, names), y);
        }
    }

    @Test
    void aRowThatIsNotFiniteLeavesTheOthersAlone() {
        addPlain();
        INDArray x = SmallModels.input(4);
        List<String> names = List.of("a", "b", "a", BASE);
        INDArray y = model.predict(x, names);
        x.getRow(1).assign(Double.NaN);
        INDArray spoilt = model.predict(x, names);
        for (int row : new int[] {0, 2, 3}) {
            assertSameBits(spoilt.getRow(row), y.getRow(row));
        }
    }

    @Test
    void batchesThatComeAgainMakeNothingNativeButTheirResult() {
        addPlain();
        addReplacingLayers();
        INDArray x = SmallModels.input(9);
        List<String> names = drawn(9, "a", "b", "c", "first", "last", BASE);
        Supplier<INDArray> result = () -> Nd4j.createUninitializedDetached(DataType.FLOAT, 'c', 9, SmallModels.OUT);
        assertThat(result.get().length()).isPositive();
        long before = NativeObjects.made();
        assertThat(result.get().length()).isPositive();
        SteadyState.assertReached(3, NativeObjects.made() - before, () -> model.predict(x, names));
    }

    @Test
    void theInputIsNotWrittenTo() {
        addPlain();
        INDArray x = SmallModels.input(4);
        INDArray before = x.dup();
        model.predict(x, List.of("a", "b", "a", BASE));
        assertSameBits(x, before);
    }

    @Test
    void inputsInAnyOrderAndViewsGiveTheSame() {
        addPlain();
        INDArray x = SmallModels.input(4);
        List<String> names = List.of("a", "b", "a", BASE);
        INDArray y = model.predict(x, names);
        assertSameBits(model.predict(x.dup('f'), names), y);
        INDArray larger = SmallModels.input(6);
        INDArray view = larger.get(NDArrayIndex.interval(2, 6), NDArrayIndex.all());
        view.assign(x);
        assertSameBits(model.predict(view, names), y);
    }

    @Test
    void aDeletedAdapterIsNotFoundAndASwappedOneIsSeen() {
        addPlain();
        INDArray x = SmallModels.input(2);
        model.predict(x, List.of("a", "b"));
        LoRAModel other = SmallModels.model();
        other.add("b", SmallModels.random(9).rank(3).build());
        model.replace("b", other.adapter("b"));
        assertRowByRow(x, List.of("a", "b"));
        model.delete("a");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> model.predict(x, List.of("a", "b")))
                .withMessage("no adapter 'a'; there are [b, c]");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void refusesAnotherNumberOfNamesThanOfRows(int names) {
        addPlain();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> model.predict(SmallModels.input(2), Collections.nCopies(names, "a")))
                .withMessage("there must be one adapter for each row of the input, found " + names + " for [2, 6]");
    }

    @Test
    void refusesANullName() {
        addPlain();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> model.predict(SmallModels.input(2), Arrays.asList("a", null)))
                .withMessage("each row must have the name of an adapter, or '__base__' for the base alone,"
                        + " found null for row 1");
    }

    @Test
    void refusesUnknownNames() {
        addPlain();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> model.predict(SmallModels.input(2), List.of("a", "d")))
                .withMessage("no adapter 'd'; there are [a, b, c]");
    }

    @Test
    void refusesInputsOfAnotherWidthOrType() {
        addPlain();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> model.predict(
                        RandomArrays.gaussian(new SplittableRandom(1), 1, DataType.FLOAT, 1, 5), List.of("a")))
                .withMessage("input: must be a matrix [n, 6] of FLOAT with n ≥ 1, found [1, 5] of FLOAT");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> model.predict(SmallModels.input(DataType.DOUBLE, 1, 1), List.of("a")))
                .withMessage("input: must be a matrix [n, 6] of FLOAT with n ≥ 1, found [1, 6] of DOUBLE");
    }
}
