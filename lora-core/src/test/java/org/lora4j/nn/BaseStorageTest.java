package org.lora4j.nn;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.withinPercentage;

import ch.qos.logback.classic.Level;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.Models;
import org.lora4j.adapter.BiasTraining;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.algebra.AdapterExtraction;
import org.lora4j.algebra.TargetRank;
import org.lora4j.internal.Logged;
import org.lora4j.internal.memory.ArrayBits;
import org.lora4j.io.FingerprintCheck;
import org.lora4j.io.ReadOptions;
import org.lora4j.io.safetensors.Dtype;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.io.safetensors.SafeTensorsHeader;
import org.lora4j.linalg.Precision;
import org.lora4j.linalg.WeightStorage;
import org.lora4j.nn.input.Input;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.train.Batch;
import org.lora4j.train.Loss;
import org.lora4j.train.Trainer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Sgd;

@Tag("numbers")
class BaseStorageTest {
    private static final int FEATURES = 260;

    private final INDArray x = Samples.gaussian(2, DataType.FLOAT, 20, FEATURES);
    private final INDArray target = Samples.gaussian(3, DataType.FLOAT, 20, 3);

    private static Network network() {
        return Models.dense(FEATURES, 200, 251, 3);
    }

    private static Network stored(Precision precision) {
        Network network = network();
        network.freeze();
        network.setBaseStorage(BaseStorage.of(precision));
        return network;
    }

    /** A network of arrays of the rounded weights. */
    private static Network rounded(Network network) {
        Network copy = network.copy();
        copy.setBaseStorage(BaseStorage.of(Precision.FLOAT));
        return copy;
    }

    private static List<String> precisions(Network network) {
        return network.weightStorage().stream().map(WeightStorage::precision).toList();
    }

    @Test
    void largeFrozenMatricesAreStoredInFewerBits() {
        Network network = network();
        network.setBaseStorage(BaseStorage.of(Precision.INT8));
        assertThat(precisions(network)).containsExactly("FLOAT", "FLOAT", "FLOAT");
        network.freeze();
        assertThat(network.weightStorage())
                .containsExactly(
                        new WeightStorage("linear1", "ND4J", "INT8", 200 * FEATURES + 4 * 200),
                        new WeightStorage("linear2", "ND4J", "INT8", 251 * 200 + 4 * 251),
                        new WeightStorage("linear3", "ND4J", "FLOAT", 4 * 3 * 251));
        network.setBaseStorage(BaseStorage.of(Precision.BFLOAT16));
        assertThat(network.weightStorage().get(0))
                .isEqualTo(new WeightStorage("linear1", "ND4J", "BFLOAT16", 2 * 200 * FEATURES));
    }

    @Test
    void saysThatMatricesThatTrainAreStoredLater() {
        Network network = network();
        try (Logged logged = Logged.by(Network.class, Level.WARN)) {
            network.setBaseStorage(BaseStorage.of(Precision.INT8));
            assertThat(logged.messages())
                    .containsExactly(
                            "WARN 2 matrices train, so they are stored in INT8 only when they are frozen, such as"
                                    + " linear1: call freeze(), or give the network to LoRAModel.of");
            network.freeze();
            network.setBaseStorage(BaseStorage.of(Precision.BFLOAT16));
            network().setBaseStorage(BaseStorage.of(Precision.FLOAT));
            assertThat(logged.messages()).hasSize(1);
        }
    }

    @Test
    void matricesOfDoubleStayAsTheyAre() {
        Network network = Network.builder(FEATURES)
                .dataType(DataType.DOUBLE)
                .linear("linear1", 200)
                .build(1);
        network.freeze();
        network.setBaseStorage(BaseStorage.of(Precision.INT8));
        assertThat(network.weightStorage())
                .containsExactly(new WeightStorage("linear1", "ND4J", "DOUBLE", 8 * 200 * FEATURES));
    }

    @ParameterizedTest
    @EnumSource(value = Precision.class, mode = Mode.EXCLUDE, names = "FLOAT")
    void predictsWithTheRoundedWeights(Precision precision) {
        Network network = stored(precision);
        INDArray found = network.predict(Input.of(x));
        assertThat(found.equalsWithEps(rounded(network).predict(Input.of(x)), 1e-5))
                .isTrue();
        assertThat(found.equalsWithEps(network().predict(Input.of(x)), 1e-5)).isFalse();
    }

    @Test
    void unfreezingIsRefusedAndChangesNothing() {
        Network network = stored(Precision.BFLOAT16);
        assertThatIllegalStateException()
                .isThrownBy(network::unfreeze)
                .withMessageStartingWith("linear1.weight: must be stored in FLOAT to be unfrozen, found BFLOAT16");
        assertThat(network.parameters()).noneMatch(Parameter::isTrainable);
        network.setBaseStorage(BaseStorage.of(Precision.FLOAT));
        network.unfreeze();
        assertThat(network.parameters()).allMatch(Parameter::isTrainable);
        Network copy = stored(Precision.BFLOAT16).copy();
        assertThat(copy.parameters()).allMatch(Parameter::isTrainable);
        copy.freeze();
        assertThat(precisions(copy)).containsExactly("BFLOAT16", "BFLOAT16", "FLOAT");
    }

    private static LoRAConfig config(boolean dora) {
        return LoRAConfig.builder().rank(4).alpha(8).seed(5).dora(dora).build();
    }

    private AdapterView train(Network network, LoRAConfig config) {
        AdapterView view = LoRAModel.of(network).add("a", config);
        Trainer.builder(view)
                .loss(Loss.meanSquaredError())
                .updater(new Sgd(0.3))
                .epochs(6)
                .build()
                .fit(List.of(new Batch(Input.of(x), target)));
        return view;
    }

    /** Training through a quantised base is training on a plain network of the dequantised weights. */
    @ParameterizedTest
    @EnumSource(value = Precision.class, mode = Mode.EXCLUDE, names = "FLOAT")
    void trainsAsOnTheRoundedWeights(Precision precision) {
        for (LoRAConfig config : List.of(
                config(false),
                config(true),
                LoRAConfig.builder().rank(3).alpha(6).init(LoRAInit.pissa()).build(),
                LoRAConfig.builder().rank(3).alpha(6).init(LoRAInit.olora()).build())) {
            Network network = stored(precision);
            AdapterView found = train(network, config);
            AdapterView expected = train(rounded(network), config);
            for (int i = 0; i < found.parameters().size(); i++) {
                INDArray value = found.parameters().get(i).value();
                INDArray other = expected.parameters().get(i).value();
                assertThat(value.sub(other).norm2Number().doubleValue())
                        .as(found.parameters().get(i).name() + " with " + config)
                        .isLessThan(2e-4 * other.norm2Number().doubleValue());
            }
        }
    }

    /** The gradient of a factor is the slope of the loss, which is computed from the outputs in double. */
    @ParameterizedTest
    @EnumSource(value = Precision.class, mode = Mode.EXCLUDE, names = "FLOAT")
    void gradientsAreTheSlopesOfTheLoss(Precision precision) {
        Network network = StoredNetwork.of(network(), precision);
        LoRAModel model = LoRAModel.of(network);
        AdapterView view = model.add("a", config(false));
        view.parameters()
                .forEach(parameter -> parameter
                        .value()
                        .addi(Samples.gaussian(
                                        7, DataType.FLOAT, parameter.value().shape())
                                .mul(0.05)));
        Map<Parameter, INDArray> before = view.parameters().stream()
                .collect(Collectors.toMap(
                        parameter -> parameter, parameter -> parameter.value().dup()));
        double rate = 0x1p-10;
        Trainer.builder(view)
                .loss(Loss.meanSquaredError())
                .updater(new Sgd(rate))
                .epochs(1)
                .build()
                .fit(List.of(new Batch(Input.of(x), target)));
        double squares = 0;
        Map<Parameter, INDArray> gradients = before.keySet().stream()
                .collect(Collectors.toMap(
                        parameter -> parameter,
                        parameter -> requireNonNull(before.get(parameter))
                                .castTo(DataType.DOUBLE)
                                .sub(parameter.value().castTo(DataType.DOUBLE))
                                .div(rate)));
        for (INDArray gradient : gradients.values()) {
            squares += gradient.mul(gradient).sumNumber().doubleValue();
        }
        // The loss along the gradient rises by the square of its norm.
        double step = 1e-3 / Math.sqrt(squares);
        double up = lossAt(view, before, gradients, step);
        double down = lossAt(view, before, gradients, -step);
        assertThat((up - down) / (2 * step)).isCloseTo(squares, withinPercentage(1));
    }

    private double lossAt(
            AdapterView view, Map<Parameter, INDArray> at, Map<Parameter, INDArray> gradients, double step) {
        at.forEach((parameter, value) -> parameter
                .value()
                .assign(value.castTo(DataType.DOUBLE)
                        .add(requireNonNull(gradients.get(parameter)).mul(step))
                        .castTo(DataType.FLOAT)));
        INDArray difference = view.predict(Input.of(x)).castTo(DataType.DOUBLE).sub(target.castTo(DataType.DOUBLE));
        return difference.mul(difference).meanNumber().doubleValue();
    }

    @ParameterizedTest
    @EnumSource(value = Precision.class, mode = Mode.EXCLUDE, names = "FLOAT")
    void anAdapterOfTheOriginalFitsItsRoundedBase(Precision precision, @TempDir Path folder) throws Exception {
        train(network(), config(true)).save(folder.resolve("original"));
        Network network = stored(precision);
        LoRAModel model = LoRAModel.of(network);
        AdapterView view = model.load("a", folder.resolve("original"), ReadOptions.of(FingerprintCheck.REQUIRE));
        view.save(folder.resolve("stored"));
        AdapterView again =
                LoRAModel.of(network()).load("a", folder.resolve("stored"), ReadOptions.of(FingerprintCheck.REQUIRE));
        assertThat(again.parameters()).hasSameSizeAs(view.parameters());
    }

    @ParameterizedTest
    @EnumSource(value = Precision.class, mode = Mode.EXCLUDE, names = "FLOAT")
    void mergedAndExtractedWeightsAreThoseThatAreMultiplied(Precision precision, @TempDir Path folder)
            throws Exception {
        Network network = stored(precision);
        AdapterView view = train(network, config(false));
        Network merged = view.merge();
        assertThat(merged.predict(Input.of(x)).equalsWithEps(view.predict(Input.of(x)), 1e-4))
                .isTrue();
        assertThat(precisions(merged)).containsOnly("FLOAT");
        network.save(folder.resolve("network"));
        Network loaded = Network.load(folder.resolve("network"));
        IntStream.range(0, 3)
                .forEach(i -> assertThat(ArrayBits.equal(
                                loaded.linears().get(i).weight(),
                                network.linears().get(i).weight()))
                        .isTrue());
        assertThat(LoRAModel.of(loaded)
                        .add(
                                "b",
                                AdapterExtraction.extract(network, merged, TargetRank.of(4), BiasTraining.NONE)
                                        .adapter())
                        .predict(Input.of(x))
                        .equalsWithEps(view.predict(Input.of(x)), 1e-3))
                .isTrue();
    }

    private static Network reloaded(Path file, Precision precision) throws Exception {
        Network loaded = Network.load(file);
        loaded.freeze();
        loaded.setBaseStorage(BaseStorage.of(precision));
        return loaded;
    }

    private static void assertSameWeights(Network found, Network expected) {
        assertThat(IntStream.range(0, 3))
                .allMatch(i -> ArrayBits.equal(
                        found.linears().get(i).weight(),
                        expected.linears().get(i).weight()));
    }

    @Test
    void aBaseInBfloat16IsSavedAsBf16WithItsBits(@TempDir Path folder) throws Exception {
        Network network = stored(Precision.BFLOAT16);
        Path file = folder.resolve("half.safetensors");
        network.save(file, Dtype.BF16);
        SafeTensorsHeader header = SafeTensors.readHeader(file);
        assertThat(header.dtype("linear1.weight")).isEqualTo(Dtype.BF16);
        assertThat(header.dtype("linear3.weight")).isEqualTo(Dtype.F32);
        assertThat(header.dtype("linear1.bias")).isEqualTo(Dtype.F32);
        assertSameWeights(Network.load(file), network);
        assertSameWeights(reloaded(file, Precision.BFLOAT16), network);
        assertThat(ArrayBits.equal(reloaded(file, Precision.BFLOAT16).predict(x), network.predict(x)))
                .isTrue();
    }

    @Test
    void otherBasesAreRoundedOnceWhenTheyAreSavedAsBf16(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("half.safetensors");
        network().save(file, Dtype.BF16);
        assertSameWeights(Network.load(file), stored(Precision.BFLOAT16));
        Network integers = stored(Precision.INT8);
        integers.save(file, Dtype.BF16);
        integers.setBaseStorage(BaseStorage.of(Precision.BFLOAT16));
        assertSameWeights(Network.load(file), integers);
    }

    @Test
    void otherTypesOfFilesAreRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> network().toTensors(Dtype.F16))
                .withMessage("precision: must be F32 or BF16 for a network of FLOAT, found F16");
        Network exact =
                Network.builder(2).dataType(DataType.DOUBLE).linear("l", 2).build(1);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> exact.toTensors(Dtype.BF16))
                .withMessage("precision: must be F64 for a network of DOUBLE, found BF16");
        assertThat(exact.toTensors(Dtype.F64).toBytes())
                .isEqualTo(exact.toTensors().toBytes());
    }

    @Test
    void aWeightThatIsNotFiniteIsRefusedAsBf16Too() {
        Network network = network();
        network.linears().get(0).weight().putScalar(0, 3, Float.NaN);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> network.toTensors(Dtype.BF16))
                .withMessageContaining("linear1.weight")
                .withMessageContaining("NaN at element 3");
    }
}
