package org.lora4j.onednn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Scanner;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.BiasTraining;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.algebra.AdapterExtraction;
import org.lora4j.algebra.TargetRank;
import org.lora4j.internal.memory.ArrayBits;
import org.lora4j.linalg.Precision;
import org.lora4j.linalg.ProductEngine;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.Network;
import org.lora4j.nn.layer.WeightedLayer;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.nn.weight.internal.Engines;
import org.lora4j.train.Loss;
import org.lora4j.train.Trainer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.adapter.SingletonDataSetIterator;
import org.nd4j.linalg.learning.config.Sgd;

/** A base that the library loaded is held in the packed form only, and everything else finds the same bits there. */
@Tag("numbers")
class HeldOnceTest {
    private static final long PLAIN = 4L * (500 * 320 + 384 * 500);

    private final INDArray x = Matrices.random(7, 6, 320);
    private final INDArray target = Matrices.random(8, 6, 384);

    @TempDir
    private Path folder;

    @BeforeEach
    void needsTheEngine() {
        ProductEngine engine = Engines.engine();
        assumeTrue(engine != null, "oneDNN is fast on this processor");
        assertThat(Objects.requireNonNull(engine)).isInstanceOf(OneDnnEngine.class);
    }

    private static Network network() {
        return Network.builder(320)
                .linear("first", 500)
                .relu()
                .linear("second", 384)
                .build(1);
    }

    /** The network from a file, whose arrays nobody else has. */
    private Network loaded(Precision precision) throws Exception {
        Path file = folder.resolve("base.safetensors");
        network().save(file);
        Network network = Network.load(file);
        network.freeze();
        network.setBaseStorage(BaseStorage.of(precision));
        return network;
    }

    private Network used(Precision precision) throws Exception {
        Network network = loaded(precision);
        network.predict(x);
        return network;
    }

    private static long bytes(Network network) {
        return network.weightStorage().stream()
                .mapToLong(storage -> storage.bytes())
                .sum();
    }

    private static boolean isHeldOnce(Network network, Precision precision) {
        int bits = switch (precision) {
            case FLOAT -> 32;
            case BFLOAT16 -> 16;
            case INT8, INT8_DYNAMIC -> 8;
            case INT4 -> 5;
        };
        return bytes(network) < 1.2 * PLAIN / 32 * bits;
    }

    @Test
    void isHeldOnceForPredictionsAndTwiceForTrainings() throws Exception {
        Network network = loaded(Precision.FLOAT);
        assertThat(bytes(network)).isEqualTo(PLAIN);
        network.predict(x);
        assertThat(bytes(network)).isBetween(PLAIN, PLAIN * 11 / 10);
        train(LoRAModel.of(network).add("a", LoRAConfig.of(2, 4)));
        assertThat(bytes(network)).isBetween(PLAIN * 15 / 10, PLAIN * 21 / 10);
    }

    private void train(AdapterView view) {
        Trainer.builder(view)
                .loss(Loss.meanSquaredError())
                .updater(new Sgd(0.1))
                .epochs(3)
                .build()
                .fit(new SingletonDataSetIterator(new DataSet(x, target)));
    }

    /** Memory is given back at once, not at some later collection. */
    @Test
    @EnabledOnOs(OS.LINUX)
    @Tag("slow")
    void theMemoryOfThePlainMatrixIsFree() throws Exception {
        used(Precision.FLOAT);
        Path file = folder.resolve("large.safetensors");
        Network.builder(320).linear("first", 80_000).build(1).save(file);
        Network network = Network.load(file);
        network.freeze();
        System.gc();
        long before = residentMegabytes();
        network.predict(Matrices.random(7, 2, 320));
        assertThat(residentMegabytes() - before).as("the weight has 102 MB").isLessThan(60);
    }

    /** A table of words is packed in parts. */
    @ParameterizedTest
    @EnumSource(Precision.class)
    @Tag("slow")
    void aLargeMatrixIsPackedInParts(Precision precision) {
        Network network = Network.builder(512).linear("head", 33_001).build(1);
        network.freeze();
        network.setBaseStorage(BaseStorage.of(precision));
        Network one = network.copy();
        INDArray w = one.linear("head").weight();
        INDArray rows = Matrices.random(7, 6, 512);
        INDArray found = network.predict(rows);
        INDArray expected = rows.mmul(w.transpose())
                .addiRowVector(Objects.requireNonNull(one.linear("head").bias()));
        assertThat(found.distance2(expected) / expected.norm2Number().doubleValue())
                .isLessThan(precision == Precision.FLOAT ? 1e-6 : 5e-3);
        INDArray single = network.predict(rows.getRow(3, true).dup());
        assertThat(single.distance2(expected.getRow(3, true))
                        / expected.getRow(3).norm2Number().doubleValue())
                .isLessThan(precision == Precision.FLOAT ? 1e-6 : 5e-3);
        assertThat(ArrayBits.equal(network.linear("head").weight(), w)).isTrue();
        assertThat(ArrayBits.equal(network.predict(rows), found)).isTrue();
    }

    private static long residentMegabytes() throws Exception {
        try (Scanner numbers = new Scanner(Path.of("/proc/self/statm"), StandardCharsets.UTF_8)) {
            numbers.nextLong();
            return numbers.nextLong() * 4096 / 1_000_000;
        }
    }

    @Test
    void anArrayOfTheCallerIsNeverDropped() {
        Network network = network();
        INDArray array = network.linear("first").weight();
        network.freeze();
        network.predict(x);
        assertThat(network.linear("first").weight()).isSameAs(array);
        assertThat(bytes(network)).isGreaterThan(2 * PLAIN);
    }

    @Test
    void anArrayThatTheCallerGotStaysReadable() throws Exception {
        Network network = loaded(Precision.FLOAT);
        INDArray array = network.linear("first").weight();
        network.predict(x);
        assertThat(isHeldOnce(network, Precision.FLOAT)).isTrue();
        System.gc();
        assertThat(ArrayBits.equal(array, network().linear("first").weight())).isTrue();
    }

    @ParameterizedTest
    @EnumSource(Precision.class)
    void everythingFindsTheSameBits(Precision precision) throws Exception {
        Network expected = loaded(precision);
        Network found = used(precision);
        assumeTrue(isHeldOnce(found, precision)
                || Objects.requireNonNull(Engines.engine()).isFast(precision));
        assertThat(isHeldOnce(found, precision)).isTrue();
        for (WeightedLayer layer : found.weightedLayers()) {
            WeightedLayer other = expected.baseLayer(layer.path());
            assertThat(ArrayBits.equal(layer.weight(), other.weight())).isTrue();
            Parameter weight = layer.weightParameter();
            Parameter otherWeight = other.weightParameter();
            assertThat(weight.weight().matrix().fingerprint())
                    .isEqualTo(otherWeight.weight().matrix().fingerprint());
            assertThat(weight.weight().rowNorms())
                    .isEqualTo(otherWeight.weight().rowNorms());
            assertThat(weight.weight().columnNorms())
                    .isEqualTo(otherWeight.weight().columnNorms());
            assertThat(weight.weight().matrix().row(3))
                    .isEqualTo(otherWeight.weight().matrix().row(3));
            assertThat(weight.weight().matrix().column(5))
                    .isEqualTo(otherWeight.weight().matrix().column(5));
            INDArray rows = Matrices.random(1, 2, weight.shape()[1]);
            weight.weight().matrix().rows(new int[] {80, 0}, rows);
            assertThat(ArrayBits.equal(rows.getRow(0), other.weight().getRow(80)))
                    .isTrue();
            assertThat(ArrayBits.equal(rows.getRow(1), other.weight().getRow(0)))
                    .isTrue();
            assertThat(weight.isFinite()).isTrue();
        }
        assertThat(found.toTensors().toBytes()).isEqualTo(expected.toTensors().toBytes());
        assertThat(found.copy().toTensors().toBytes())
                .isEqualTo(expected.copy().toTensors().toBytes());
        assertThat(isHeldOnce(found, precision))
                .as("reading brings nothing back")
                .isTrue();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    @Tag("slow")
    void anAdaptersMergeAndExtractionFindTheSameBits(boolean dora) throws Exception {
        LoRAConfig config = LoRAConfig.builder().rank(2).alpha(4).dora(dora).build();
        Network base = used(Precision.FLOAT);
        AdapterView found = LoRAModel.of(base).add("a", config);
        AdapterView expected = LoRAModel.of(network()).add("a", config);
        train(found);
        train(expected);
        assertThat(isHeldOnce(base, Precision.FLOAT))
                .as("the other direction was packed")
                .isFalse();
        Network merged = found.merge();
        assertThat(merged.toTensors().toBytes())
                .isEqualTo(expected.merge().toTensors().toBytes());
        LoRAModel one = LoRAModel.of(network());
        LoRAModel other = LoRAModel.of(network());
        one.add("a", extracted(base, merged));
        other.add("a", extracted(network(), merged));
        assertThat(ArrayBits.equal(one.predict(x), other.predict(x))).isTrue();
    }

    private static LoRAAdapter extracted(Network base, Network tuned) {
        return AdapterExtraction.extract(base, tuned, TargetRank.of(2), BiasTraining.NONE)
                .adapter();
    }

    @Test
    void unfreezingBringsTheArraysBack() throws Exception {
        Network network = used(Precision.FLOAT);
        network.unfreeze();
        assertThat(bytes(network)).isEqualTo(PLAIN);
        INDArray array = network.linear("first").weight();
        assertThat(network.linear("first").weight()).isSameAs(array);
        assertThat(ArrayBits.equal(array, network().linear("first").weight())).isTrue();
        Network expected = network();
        for (Network one : List.of(network, expected)) {
            Trainer.builder(one)
                    .loss(Loss.meanSquaredError())
                    .updater(new Sgd(0.1))
                    .epochs(3)
                    .build()
                    .fit(new SingletonDataSetIterator(new DataSet(x, target)));
        }
        assertThat(network.toTensors().toBytes()).isEqualTo(expected.toTensors().toBytes());
    }

    /** What reads while the weights are packed sees the array or the packed copy, never released memory. */
    @ParameterizedTest
    @EnumSource(Precision.class)
    @Tag("slow")
    void othersReadWhileItIsPacked(Precision precision) throws Exception {
        byte[] expected = loaded(precision).toTensors().toBytes();
        INDArray y = used(precision).predict(x);
        ExecutorService pool = Executors.newFixedThreadPool(4);
        try {
            for (int i = 0; i < 20; i++) {
                Network network = loaded(precision);
                List<Future<?>> all = new ArrayList<>();
                for (int thread = 0; thread < 2; thread++) {
                    all.add(pool.submit(() ->
                            assertThat(ArrayBits.equal(network.predict(x), y)).isTrue()));
                    all.add(pool.submit(
                            () -> assertThat(network.toTensors().toBytes()).isEqualTo(expected)));
                }
                for (Future<?> one : all) {
                    one.get();
                }
            }
        } finally {
            pool.shutdown();
        }
    }

    @Test
    void anotherPrecisionIsMadeFromThePackedOne() throws Exception {
        Network network = used(Precision.FLOAT);
        network.setBaseStorage(BaseStorage.of(Precision.INT8));
        assertThat(network.toTensors().toBytes())
                .isEqualTo(loaded(Precision.INT8).toTensors().toBytes());
    }
}
