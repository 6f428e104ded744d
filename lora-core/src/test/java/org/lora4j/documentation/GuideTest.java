package org.lora4j.documentation;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.LoRAModel;
import org.lora4j.LoRAParametrization;
import org.lora4j.adapter.BiasTraining;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.algebra.AdapterApproximation;
import org.lora4j.algebra.AdapterCombination;
import org.lora4j.algebra.AdapterConversion;
import org.lora4j.algebra.AdapterExtraction;
import org.lora4j.algebra.TargetRank;
import org.lora4j.internal.RandomArrays;
import org.lora4j.io.FingerprintCheck;
import org.lora4j.io.PeftAdapters;
import org.lora4j.io.SafeTensors;
import org.lora4j.nn.Network;
import org.lora4j.nn.Samples;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingListener;
import org.lora4j.train.TrainingResult;
import org.lora4j.train.TrainingState;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.ViewIterator;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;

/** The programs whose pieces the user guide shows. Indentation aside, the guide holds their lines as they stand. */
@SuppressWarnings("try") // scopes are not referenced in their bodies
class GuideTest {
    private final long seed = 42;
    private final DataSetIterator allDigits = data(100, false);
    private final DataSetIterator digitNine = data(40, true);
    private final INDArray x = allDigits.next().getFeatures();
    private Network network;

    @TempDir
    private Path folder;

    private static DataSetIterator data(int rows, boolean onlyNine) {
        SplittableRandom random = new SplittableRandom(7);
        INDArray labels = Nd4j.zeros(DataType.FLOAT, rows, 10);
        for (int i = 0; i < rows; i++) {
            labels.putScalar(i, onlyNine ? 9 : i % 10, 1);
        }
        return new ViewIterator(new DataSet(RandomArrays.gaussian(random, 1, DataType.FLOAT, rows, 784), labels), 10);
    }

    @BeforeEach
    void buildTheNetwork() {
        network = network();
    }

    // spotless:off
    private Network network() {
        Network network = Network.builder(784)
                .linear("linear1", 100).relu()
                .linear("linear2", 10).build(seed);
        Trainer.builder(network).updater(new Adam(1e-3)).epochs(3).build().fit(allDigits);
        return network;
    }

    private LoRAModel modelWithNine() {
        TrainingListener listener = new TrainingListener() {};
        LoRAModel model = LoRAModel.of(network);
        model.add("nine", LoRAConfig.builder().rank(4).alpha(8).targetModules("linear1", "linear2").build());
        TrainingResult result = Trainer.builder(model)
                .updater(new Adam(1e-3)).maxIterations(50)
                .listener(listener).build().fit(digitNine);
        assertThat(result.iterations()).isEqualTo(50);
        return model;
    }

    @Test
    void networkFiles() throws IOException {
        Network sameLayers = Network.builder(784)
                .linear("linear1", 100).relu()
                .linear("linear2", 10).build(1);
        network.save(folder.resolve("base.safetensors"));
        sameLayers.loadParameters(folder.resolve("base.safetensors"));
        assertThat(Samples.bits(sameLayers.predict(x))).isEqualTo(Samples.bits(network.predict(x)));
    }

    @Test
    void oneWeightAlone() {
        INDArray before = network.predict(x);
        LoRAParametrization lora = LoRAParametrization.register(network.linear("linear1"), LoRAConfig.of(1, 1.0));
        INDArray effective = lora.effectiveWeight(); // original + (B·A)·scale
        lora.setEnabled(false); // the layer computes with the original again, bit for bit
        assertThat(Samples.bits(network.predict(x))).isEqualTo(Samples.bits(before));
        lora.remove();
        assertThat(Samples.bits(effective)).isEqualTo(Samples.bits(lora.originalWeight().add(lora.delta())));
    }

    @Test
    void manyAdapters() {
        LoRAModel model = LoRAModel.of(network);
        LoRAAdapter adapterA = adapter(1);
        LoRAAdapter adapterB = adapter(2);
        model.add("customer-a", adapterA);
        model.add("customer-b", adapterB);

        INDArray a = model.using("customer-a").predict(x);
        INDArray b = model.using("customer-b").predict(x);
        INDArray both = model.using("customer-a", "customer-b").predict(x); // their deltas add up
        INDArray base = model.base().predict(x);
        assertThat(List.of(a, b, both)).doesNotContain(base).doesNotHaveDuplicates();

        INDArray batch = Nd4j.vstack(x.getRow(0), x.getRow(1), x.getRow(2), x.getRow(3));
        INDArray mixed = model.predict(batch, List.of("customer-a", "customer-b", LoRAModel.BASE, "customer-a"));
        assertThat(mixed.getRow(1).equalsWithEps(b.getRow(1), 1e-4)).isTrue();
        assertThat(mixed.getRow(2).equalsWithEps(base.getRow(2), 1e-4)).isTrue();

        LoRAAdapter newWeights = adapter(3);
        model.replace("customer-a", newWeights); // of the same rank or another
        model.rename("customer-b", "customer-c");
        model.delete("customer-c");
        assertThat(model.names()).containsExactly("customer-a");

        model.activate("customer-a");
        INDArray active = model.predict(x);
        try (LoRAModel.Scope off = model.disable()) {
            INDArray withoutAny = model.predict(x);
            assertThat(withoutAny).isEqualTo(base).isNotEqualTo(active);
        }
    }

    private LoRAAdapter adapter(long adapterSeed) {
        LoRAModel made = LoRAModel.of(network);
        made.add("made", LoRAConfig.builder().rank(2).init(LoRAInit.random()).seed(adapterSeed).build());
        return made.adapter("made");
    }

    @Test
    void mergeAndShip() throws IOException {
        LoRAModel model = modelWithNine();
        INDArray before = model.using("nine").predict(x);
        Network merged = model.merge("nine");
        merged.save(folder.resolve("nine.safetensors"));
        assertThat(merged.predict(x).equalsWithEps(before, 1e-4)).isTrue();

        model.activate("nine");
        model.mergeForPrediction(); // predictions use the copy
        model.unmerge(); // and again the factors, with the outputs from before, bit for bit
        assertThat(Samples.bits(model.predict(x))).isEqualTo(Samples.bits(before));
    }

    @Test
    void loraPlus() {
        LoRAModel model = modelWithNine();
        Trainer.builder(model)
                .updater(model::isLoraB, new Adam(16e-4))
                .updater(new Adam(1e-4)).maxIterations(20).build().fit(digitNine);
        assertThat(model.parameters("nine").stream().filter(model::isLoraB)).hasSize(2);
    }

    @Test
    void exchange() throws IOException {
        LoRAModel model = modelWithNine();
        network.save(folder.resolve("base.safetensors"));
        PeftAdapters.save(model.adapter("nine"), network, folder.resolve("nine"));

        LoRAAdapter adapter = PeftAdapters.load(folder.resolve("nine"), network);
        model.add("from-python", adapter); // frozen
        model.setTrainable("from-python"); // to train on
        assertThat(Samples.bits(model.using("from-python").predict(x)))
                .isEqualTo(Samples.bits(model.using("nine").predict(x)));

        LoRAAdapter checked = PeftAdapters.load(folder.resolve("nine"), network, FingerprintCheck.REQUIRE);
        assertThat(checked.weights()).containsOnlyKeys("linear1", "linear2");
    }

    @Test
    void setsOfAdapters() throws IOException {
        LoRAModel model = LoRAModel.of(network);
        LoRAAdapter adapterA = adapter(1);
        LoRAAdapter adapterB = adapter(2);
        PeftAdapters.saveAll(Map.of("a", adapterA, "b", adapterB), network, folder.resolve("all"));
        Map<String, LoRAAdapter> all = PeftAdapters.loadAll(folder.resolve("all"), network, FingerprintCheck.WARN);
        all.forEach(model::add);
        assertThat(model.names()).containsExactly("a", "b");
    }

    @Test
    void resume() throws IOException {
        LoRAModel model = LoRAModel.of(network);
        model.add("nine", LoRAConfig.of(2, 4));
        Path checkpoint = folder.resolve("training.safetensors");
        Trainer.builder(model).updater(new Adam(1e-3)).maxIterations(30)
                .checkpointEvery(10, state -> SafeTensors.of(state.tensors(), state.metadata()).write(checkpoint))
                .build().fit(digitNine);
        model = LoRAModel.of(network);
        model.add("nine", LoRAConfig.of(2, 4));
        SafeTensors stored = SafeTensors.read(checkpoint);
        Trainer.builder(model).updater(new Adam(1e-3)).maxIterations(60)
                .resume(TrainingState.of(stored.tensors(), stored.metadata()))
                .build().fit(digitNine);
        LoRAModel uninterrupted = LoRAModel.of(network);
        uninterrupted.add("nine", LoRAConfig.of(2, 4));
        Trainer.builder(uninterrupted).updater(new Adam(1e-3)).maxIterations(60).build().fit(digitNine);
        assertThat(Samples.bits(model.predict(x))).isEqualTo(Samples.bits(uninterrupted.predict(x)));
    }

    @Test
    void combineExtractConvert() {
        LoRAAdapter adapterA = adapter(1);
        LoRAAdapter adapterB = adapter(2);
        LoRAAdapter cat = AdapterCombination.of(adapterA, 0.7).plus(adapterB, 0.3).cat();
        LoRAAdapter without = AdapterCombination.of(adapterA, 1).plus(adapterB, -1).cat();
        AdapterApproximation svd = AdapterCombination.of(adapterA, 0.7).plus(adapterB, 0.3).svd(TargetRank.of(2));
        assertThat(List.of(cat, without)).allMatch(combined -> combined.config().rank() == 4);
        assertThat(svd.layers().get("linear1").rank()).isEqualTo(2);

        LoRAModel model = LoRAModel.of(network);
        model.add("a", adapterA);
        Network tuned = model.merge("a");
        AdapterApproximation extracted = AdapterExtraction.extract(network, tuned, TargetRank.of(4), BiasTraining.NONE);
        assertThat(extracted.layers().get("linear1").relativeError()).isLessThan(1e-3);

        AdapterApproximation smaller = AdapterConversion.resize(adapterA, TargetRank.of(1));
        assertThat(smaller.adapter().config().rank()).isEqualTo(1);
    }
    // spotless:on
}
