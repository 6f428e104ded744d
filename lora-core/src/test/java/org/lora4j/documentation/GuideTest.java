package org.lora4j.documentation;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Function;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.LoRAParametrization;
import org.lora4j.adapter.BaseLayer;
import org.lora4j.adapter.BaseModel;
import org.lora4j.adapter.BiasTraining;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.adapter.ParameterReport;
import org.lora4j.adapter.UsedAdapter;
import org.lora4j.algebra.AdapterApproximation;
import org.lora4j.algebra.AdapterCombination;
import org.lora4j.algebra.AdapterConversion;
import org.lora4j.algebra.AdapterExtraction;
import org.lora4j.algebra.TargetRank;
import org.lora4j.internal.math.RandomArrays;
import org.lora4j.io.FingerprintCheck;
import org.lora4j.io.ReadOptions;
import org.lora4j.io.peft.PeftAdapters;
import org.lora4j.io.peft.PeftFiles;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.nn.Model;
import org.lora4j.nn.Network;
import org.lora4j.nn.Samples;
import org.lora4j.nn.input.Input;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.serve.AdapterCache;
import org.lora4j.serve.BatchingPredictor;
import org.lora4j.serve.Prediction;
import org.lora4j.serve.RequestOptions;
import org.lora4j.serve.ServingStats;
import org.lora4j.train.Batch;
import org.lora4j.train.Evaluator;
import org.lora4j.train.MultiTrainer;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingListener;
import org.lora4j.train.TrainingResult;
import org.lora4j.train.TrainingState;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.ViewIterator;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The programs of the how-to pages. Apart from indentation and assertions, the pages show their lines as they are. */
@SuppressWarnings("try") // the scopes are not referenced in their bodies
class GuideTest {
    private static final Logger log = LoggerFactory.getLogger(GuideTest.class);
    private static final int ALL = -1;

    private final long seed = 42;
    private final DataSetIterator allDigits = data(100, ALL);
    private final DataSetIterator digitNine = data(40, 9);
    private final DataSetIterator digitFour = data(40, 4);
    private final INDArray x = allDigits.next().getFeatures();
    private Network network;

    @TempDir
    private Path folder;

    private static DataSetIterator data(int rows, int digit) {
        SplittableRandom random = new SplittableRandom(7);
        INDArray labels = Nd4j.zeros(DataType.FLOAT, rows, 10);
        for (int i = 0; i < rows; i++) {
            labels.putScalar(i, digit == ALL ? i % 10 : digit, 1);
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
        LoRAConfig config = LoRAConfig.builder().rank(4).alpha(8).targetModules("linear1", "linear2").build();
        AdapterView nine = model.add("nine", config);
        TrainingResult result = Trainer.builder(nine)
                .updater(new Adam(1e-3)).maxIterations(50)
                .listener(listener).build().fit(digitNine);
        INDArray y = nine.predict(x);
        assertThat(result.iterations()).isEqualTo(50);
        assertThat(y).isEqualTo(model.using("nine").predict(x)).isNotEqualTo(network.predict(x));
        return model;
    }

    @Test
    void evaluation() {
        AdapterView nine = modelWithNine().using("nine");
        double accuracy = Evaluator.evaluate(nine, allDigits).accuracy();
        assertThat(accuracy).isBetween(0.0, 1.0);
    }

    @Test
    void batchesFromAList() {
        AdapterView nine = modelWithNine().using("nine");
        DataSet first = digitNine.next();
        DataSet second = digitNine.next();
        List<Batch> batches = List.of(Batch.of(first), Batch.of(second));
        TrainingResult result = Trainer.builder(nine).epochs(5).build().fit(batches);
        assertThat(result.iterations()).isEqualTo(10);
    }

    @Test
    void networkFiles() throws IOException {
        network.save(folder.resolve("base.safetensors"));
        Network loaded = Network.load(folder.resolve("base.safetensors"));
        assertThat(Samples.bits(loaded.predict(x))).isEqualTo(Samples.bits(network.predict(x)));

        writeAsPyTorchDoes(folder.resolve("pytorch.safetensors"));
        Network fromPyTorch = Network.builder(784)
                .linear("linear1", 100).relu()
                .linear("linear2", 10).build(seed);
        fromPyTorch.loadParameters(folder.resolve("pytorch.safetensors"));
        assertThat(Samples.bits(fromPyTorch.predict(x))).isEqualTo(Samples.bits(network.predict(x)));
    }

    private void writeAsPyTorchDoes(Path file) throws IOException {
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        network.parameters().forEach(parameter -> tensors.put(parameter.name(), parameter.value()));
        SafeTensors.of(tensors, Map.of("format", "pt")).write(file);
    }

    @Test
    void severalAdapters() {
        LoRAModel model = LoRAModel.of(network);
        LoRAConfig config = LoRAConfig.of(4, 8);
        AdapterView nine = model.add("nine", config);
        AdapterView four = model.add("four", config);
        Trainer.builder(nine).maxIterations(50).build().fit(digitNine); // trains "nine" and nothing else
        Trainer.builder(four).maxIterations(50).build().fit(digitFour); // trains "four" and nothing else
        assertThat(nine.adapter()).isEqualTo(trainedAlone(config, digitNine));
        assertThat(four.adapter()).isEqualTo(trainedAlone(config, digitFour));

        LoRAAdapter trainedNine = nine.adapter();
        LoRAAdapter trainedFour = four.adapter();
        model.setTrainable("four"); // freezes "nine"
        Trainer.builder(model.using("nine", "four")).maxIterations(50).build().fit(digitFour);
        assertThat(nine.adapter()).isEqualTo(trainedNine);
        assertThat(four.adapter()).isNotEqualTo(trainedFour);
    }

    private LoRAAdapter trainedAlone(LoRAConfig config, DataSetIterator digit) {
        AdapterView alone = LoRAModel.of(network).add("alone", config);
        Trainer.builder(alone).maxIterations(50).build().fit(digit);
        return alone.adapter();
    }

    @Test
    void whatStopsATrainingOfAView() {
        Function<LoRAModel, Model> nine = model -> model.using("nine");
        assertThat(stepsOfTraining(nine, model -> model.delete("nine"))).isEqualTo(10);
        assertThat(stepsOfTraining(nine, model -> model.replace("nine", model.adapter("four")))).isEqualTo(10);
        assertThat(stepsOfTraining(nine, model -> model.setTrainable("four"))).isEqualTo(10);

        assertThat(stepsOfTraining(nine, model -> model.activate("four"))).isEqualTo(30);
        assertThat(stepsOfTraining(nine, LoRAModel::disable)).isEqualTo(30);
        doesNotStop(nine);
    }

    @Test
    void whatStopsATrainingOfTheModel() {
        Function<LoRAModel, Model> itself = model -> model;
        assertThat(stepsOfTraining(itself, model -> model.delete("nine"))).isEqualTo(10);
        assertThat(stepsOfTraining(itself, model -> model.replace("nine", model.adapter("four")))).isEqualTo(10);
        assertThat(stepsOfTraining(itself, model -> model.setTrainable("four"))).isEqualTo(10);

        assertThat(stepsOfTraining(itself, model -> model.activate("four"))).isEqualTo(10);
        assertThat(stepsOfTraining(itself, LoRAModel::disable)).isEqualTo(10);
        doesNotStop(itself);
    }

    private void doesNotStop(Function<LoRAModel, Model> trained) {
        assertThat(stepsOfTraining(trained, model -> model.rename("nine", "9"))).isEqualTo(30);
        assertThat(stepsOfTraining(trained, model -> model.add("new", LoRAConfig.of(1, 1)))).isEqualTo(30);
        assertThat(stepsOfTraining(trained, model ->
                Trainer.builder(model.using("four")).build().fit(digitFour))).isEqualTo(30);
        assertThat(stepsOfTraining(trained, model -> model.replace("four", model.adapter("nine")))).isEqualTo(30);
        assertThat(stepsOfTraining(trained, model -> model.delete("four"))).isEqualTo(30);
        assertThat(stepsOfTraining(trained, LoRAModel::mergeForPrediction)).isEqualTo(30);
        assertThat(stepsOfTraining(trained, LoRAModel::unmerge)).isEqualTo(30);
    }

    /** Trains for 30 steps, changes the model after 10, and returns the number of steps. */
    private long stepsOfTraining(Function<LoRAModel, Model> trained, Consumer<LoRAModel> change) {
        LoRAModel model = LoRAModel.of(network);
        model.add("nine", LoRAConfig.of(4, 8));
        model.add("four", adapter(1));
        AtomicLong last = new AtomicLong();
        TrainingListener listener = new TrainingListener() {
            @Override
            public void onIteration(Iteration iteration) {
                last.set(iteration.iteration());
                if (iteration.iteration() == 10) {
                    change.accept(model);
                }
            }
        };
        Trainer trainer = Trainer.builder(trained.apply(model)).maxIterations(30).listener(listener).build();
        try {
            trainer.fit(digitNine);
            assertThat(last.get()).isEqualTo(30);
        } catch (IllegalStateException e) {
            assertThat(e).hasMessageStartingWith("the training must keep the");
        }
        return last.get();
    }

    @Test
    void oneWeightAlone() {
        INDArray before = network.predict(x);
        network.freeze();
        LoRAParametrization lora = LoRAParametrization.register(network.linear("linear1"), LoRAConfig.of(1, 1));
        Trainer.builder(network).maxIterations(20).build().fit(digitNine); // trains A and B
        INDArray effective = lora.effectiveWeight(); // W + (B·A)·s, a new array
        lora.setEnabled(false); // the layer computes with W again, bit for bit
        assertThat(Samples.bits(network.predict(x))).isEqualTo(Samples.bits(before));
        lora.remove();
        assertThat(Samples.bits(effective)).isEqualTo(Samples.bits(lora.originalWeight().add(lora.delta())));
        assertThat(effective).isNotEqualTo(lora.originalWeight());
    }

    private static LoRAAdapter withFiveLabels(LoRAModel model) {
        String head = model.network().replaceableHead().orElseThrow();
        LoRAConfig config = LoRAConfig.builder().rank(2).targetModules("linear1").modulesToSave(head).build();
        LoRAAdapter made = LoRAAdapter.initialize(model.network(), config).adapter();
        INDArray weight = Nd4j.ones(DataType.FLOAT, 5, model.network().baseLayer(head).shape()[1]);
        INDArray bias = Nd4j.zeros(DataType.FLOAT, 5);
        return new LoRAAdapter(config, made.weights(), Map.of(), Map.of(head, new LoRAAdapter.SavedModule(weight, bias)));
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
        INDArray both = model.using("customer-a", "customer-b").predict(x); // the updates of both add up
        INDArray base = model.base().predict(x);
        assertThat(List.of(a, b, both)).doesNotContain(base).doesNotHaveDuplicates();

        INDArray half = model.using("customer-a").withScale(0.5).predict(x);
        assertThat(half).isNotEqualTo(a).isNotEqualTo(base);

        INDArray batch = Nd4j.vstack(x.getRow(0), x.getRow(1), x.getRow(2), x.getRow(3));
        INDArray mixed = model.predict(batch, List.of("customer-a", "customer-b", LoRAModel.BASE, "customer-a"));
        model.add("five-labels", withFiveLabels(model));
        List<INDArray> each = model.predictEach(Input.of(batch), List.of("customer-a", "five-labels", "customer-b", "customer-a"));
        assertThat(each.get(1).size(1)).isEqualTo(5);
        INDArray row = batch.getRow(1, true);
        List<INDArray> ofEach = model.predictWithAll(Input.of(row), List.of("customer-a", "customer-b", "five-labels"));
        assertThat(ofEach.get(1).equalsWithEps(b.getRow(1, true), 1e-4)).isTrue();
        model.delete("five-labels");
        assertThat(mixed.getRow(1).equalsWithEps(b.getRow(1), 1e-4)).isTrue();
        assertThat(mixed.getRow(2).equalsWithEps(base.getRow(2), 1e-4)).isTrue();

        LoRAAdapter newWeights = adapter(3);
        model.replace("customer-a", newWeights); // the rank may differ
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

    @Test
    void manyRequestsAtOnce() throws Exception {
        LoRAModel model = LoRAModel.of(network);
        model.add("customer-a", adapter(1));
        model.add("customer-b", adapter(2));
        INDArray row = x.getRow(0, true).dup();

        BatchingPredictor predictor = BatchingPredictor.builder(model)
                .maxBatchRows(64)
                .maxWaitingRows(1000)
                .build();
        INDArray y = predictor.predict(row, "customer-a"); // from any number of threads
        CompletableFuture<INDArray> later = predictor.predictAsync(row, "customer-b");
        assertThat(y).isEqualTo(model.using("customer-a").predict(row));
        assertThat(later.get()).isEqualTo(model.using("customer-b").predict(row));

        model.add("customer-c", model.adapter("customer-a"));
        String fingerprint = model.fingerprint("customer-a");
        Prediction answer = predictor.prediction(Input.of(row), "customer-a", RequestOptions.defaults());
        UsedAdapter used = answer.adapter(); // its name and fingerprint; null for the base alone
        assertThat(used).isEqualTo(new UsedAdapter("customer-a", fingerprint));
        assertThat(model.fingerprint("customer-c")).isEqualTo(fingerprint);
        model.delete("customer-c");
        ServingStats stats = predictor.stats();
        long median = stats.all().latencyNanos().percentile(50);
        long slow = stats.all().latencyNanos().percentile(99);
        double rows = stats.batchUnits().mean();
        long ofCustomer = stats.adapter("customer-a").queueNanos().percentile(99);
        assertThat(List.of(median, slow)).doesNotContain(0L);
        assertThat(ofCustomer).isNotNegative();
        assertThat(rows).isEqualTo(1);
        predictor.close();
    }

    @Test
    void adaptersFromAFolder() throws IOException {
        LoRAModel model = LoRAModel.of(network);
        Path adapters = folder.resolve("adapters");
        PeftAdapters.save(adapter(1), network, adapters.resolve("customer-a"));

        AdapterCache cache = AdapterCache.builder(model, adapters)
                .maxBytes(512L << 20)
                .readOptions(ReadOptions.of(FingerprintCheck.REQUIRE))
                .build();
        try (BatchingPredictor predictor = BatchingPredictor.builder(model).adapters(cache).build()) {
            INDArray y = predictor.predict(x, "customer-a"); // loads adapters/customer-a if it is not in the model
            assertThat(y).isEqualTo(model.using("customer-a").predict(x));
        }
        assertThat(cache.stats().loads()).isEqualTo(1);

        PeftAdapters.save(adapter(2), network, adapters.resolve("customer-a"));
        boolean wasLoaded = cache.refresh("customer-a"); // loads the new one in its place
        assertThat(wasLoaded).isTrue();
        long bytes = model.residentBytes("customer-a");
        assertThat(cache.stats().bytes()).isEqualTo(bytes);
    }

    private LoRAAdapter adapter(long adapterSeed) {
        LoRAConfig config = LoRAConfig.builder().rank(2).init(LoRAInit.random()).seed(adapterSeed).build();
        return LoRAAdapter.initialize(network, config).adapter();
    }

    @Test
    void mergeAndShip() throws IOException {
        LoRAModel model = modelWithNine();
        INDArray before = model.using("nine").predict(x);
        Network merged = model.merge("nine");
        merged.save(folder.resolve("merged.safetensors"));
        assertThat(merged.predict(x).equalsWithEps(before, 1e-4)).isTrue();

        model.activate("nine");
        model.mergeForPrediction(); // predictions with "nine" use a merged copy
        model.unmerge(); // they use the factors again, with the same output as before, bit for bit
        assertThat(Samples.bits(model.predict(x))).isEqualTo(Samples.bits(before));
    }

    @Test
    void loraPlus() {
        LoRAModel model = modelWithNine();
        AdapterView nine = model.using("nine");
        Trainer.builder(nine)
                .updater(model::isLoraB, new Adam(16e-4))
                .updater(new Adam(1e-4)).maxIterations(20).build().fit(digitNine);
        assertThat(nine.parameters().stream().filter(model::isLoraB)).hasSize(2);
    }

    @Test
    void exchange() throws IOException {
        LoRAModel model = modelWithNine();
        AdapterView nine = model.using("nine");
        network.save(folder.resolve("base.safetensors"));
        nine.save(folder.resolve("nine"));

        AdapterView loaded = model.load("from-python", folder.resolve("nine"));
        INDArray y = loaded.predict(x);
        assertThat(Samples.bits(y)).isEqualTo(Samples.bits(nine.predict(x)));
        assertThat(loaded.parameters()).noneMatch(Parameter::isTrainable);

        Trainer.builder(loaded).maxIterations(20).build().fit(digitNine);
        assertThat(loaded.parameters()).allMatch(Parameter::isTrainable);

        AdapterView checked = model.load("checked", folder.resolve("nine"), ReadOptions.of(FingerprintCheck.REQUIRE));

        ReadOptions options = ReadOptions.of(FingerprintCheck.REQUIRE).withFileBytes(10 << 20).withTensors(1000);
        LoRAAdapter upload = PeftAdapters.load(folder.resolve("nine"), network, options);
        assertThat(upload).isEqualTo(checked.adapter());
        assertThat(checked.adapter()).isEqualTo(nine.adapter());
    }

    @Test
    void bytes() throws IOException {
        AdapterView nine = modelWithNine().using("nine");
        PeftFiles files = PeftFiles.of(nine.adapter(), network);
        byte[] config = files.config(); // the content of adapter_config.json
        byte[] tensors = files.tensors(); // the content of adapter_model.safetensors

        ReadOptions options = ReadOptions.of(FingerprintCheck.REQUIRE);
        LoRAAdapter adapter = PeftFiles.read(config, tensors, options).adapter(network);
        assertThat(adapter).isEqualTo(nine.adapter());

        byte[] base = network.toTensors().toBytes();
        Network same = Network.fromTensors(SafeTensors.read(base));
        assertThat(Samples.bits(same.predict(x))).isEqualTo(Samples.bits(network.predict(x)));
    }

    @Test
    void setsOfAdapters() throws IOException {
        LoRAModel model = LoRAModel.of(network);
        LoRAAdapter adapterA = adapter(1);
        LoRAAdapter adapterB = adapter(2);
        PeftAdapters.saveAll(Map.of("a", adapterA, "b", adapterB), network, folder.resolve("all"));
        Map<String, LoRAAdapter> all = PeftAdapters.loadAll(folder.resolve("all"), network);
        all.forEach(model::add);
        assertThat(model.names()).containsExactly("a", "b");
    }

    @Test
    void resume() throws IOException {
        AdapterView nine = newNine();
        Path checkpoint = folder.resolve("training.safetensors");
        Trainer.builder(nine).updater(new Adam(1e-3)).maxIterations(30)
                .checkpointEvery(10, state -> SafeTensors.of(state.tensors(), state.metadata()).write(checkpoint))
                .build().fit(digitNine);
        nine = newNine();
        SafeTensors stored = SafeTensors.read(checkpoint);
        Trainer.builder(nine).updater(new Adam(1e-3)).maxIterations(60)
                .resume(TrainingState.of(stored.tensors(), stored.metadata()))
                .build().fit(digitNine);
        AdapterView uninterrupted = newNine();
        Trainer.builder(uninterrupted).updater(new Adam(1e-3)).maxIterations(60).build().fit(digitNine);
        assertThat(nine.adapter()).isEqualTo(uninterrupted.adapter());
    }

    @Test
    void manyAdaptersAtOnce() {
        LoRAModel model = LoRAModel.of(network);
        Map<String, DataSet> customers = Map.of("a", digitNine.next(), "b", digitFour.next(), "c", digitNine.next());
        Map<String, LoRAAdapter> before = new LinkedHashMap<>();
        customers.keySet().forEach(name -> before.put(name, model.add(name, LoRAConfig.of(2, 4)).adapter()));

        MultiTrainer together = new MultiTrainer();
        customers.forEach((name, data) -> {
            Trainer trainer = Trainer.builder(model.using(name))
                    .updater(new Adam(1e-3))
                    .epochs(5)
                    .build();
            together.add(trainer, data);
        });
        for (MultiTrainer.Outcome outcome : together.fit()) {
            outcome.failure().ifPresent(failure -> log.warn("{} was not trained", outcome.model(), failure));
            assertThat(outcome.result().epochs()).isEqualTo(5);
        }
        before.forEach((name, adapter) -> assertThat(model.adapter(name)).isNotEqualTo(adapter));
    }

    private AdapterView newNine() {
        return LoRAModel.of(network).add("nine", LoRAConfig.of(2, 4));
    }

    @Test
    void combineExtractConvert() {
        LoRAModel model = modelWithNine();
        model.add("a", adapter(1));
        model.add("b", adapter(2));
        LoRAAdapter adapterA = model.adapter("a");
        LoRAAdapter adapterB = model.adapter("b");
        LoRAAdapter cat = AdapterCombination.of(adapterA, 0.7).plus(adapterB, 0.3).cat();
        LoRAAdapter without = AdapterCombination.of(adapterA, 1).plus(adapterB, -1).cat();
        AdapterApproximation svd = AdapterCombination.of(adapterA, 0.7).plus(adapterB, 0.3).svd(TargetRank.of(2));
        assertThat(List.of(cat, without)).allMatch(combined -> combined.config().rank() == 4);
        assertThat(svd.layers().get("linear1").rank()).isEqualTo(2);

        Network tuned = model.merge("a");
        AdapterApproximation extracted = AdapterExtraction.extract(network, tuned, TargetRank.of(4), BiasTraining.NONE);
        model.add("extracted", extracted.adapter());
        assertThat(extracted.layers().get("linear1").relativeError()).isLessThan(1e-3);

        AdapterApproximation smaller = AdapterConversion.resize(adapterA, TargetRank.of(1));
        assertThat(smaller.adapter().config().rank()).isEqualTo(1);
    }

    /** A dense layer of a graph. */
    record GraphLayer(String path, INDArray weight, INDArray bias) implements BaseLayer {}

    /** The dense layers of a SameDiff graph, whose variables are named as in PyTorch. */
    record GraphModel(SameDiff graph, List<String> layers) implements BaseModel {
        @Override
        public List<GraphLayer> baseLayers() {
            return layers.stream().map(path -> new GraphLayer(
                    path,
                    graph.getVariable(path + ".weight").getArr().transpose(), // from [in, out] to [out, in]
                    graph.getVariable(path + ".bias").getArr())).toList();
        }

        @Override
        public DataType dataType() {
            return DataType.FLOAT;
        }
    }

    /** y = x·Wᵀ + b + s·(x·Aᵀ)·Bᵀ */
    private static SDVariable adapted(SameDiff graph, SDVariable x, String path, LoRAAdapter adapter) {
        LoRAWeights lora = adapter.weights().get(path);
        SDVariable a = graph.var(path + ".lora_A", lora.loraA().transpose().dup()); // [in, r]
        SDVariable b = graph.var(path + ".lora_B", lora.loraB().transpose().dup()); // [r, out]
        SDVariable y = x.mmul(graph.getVariable(path + ".weight")).add(graph.getVariable(path + ".bias"));
        return y.add(x.mmul(a).mmul(b).mul(adapter.config().scaleOf(path)));
    }

    @Test
    void yourOwnHost() throws IOException {
        SameDiff graph = SameDiff.create();
        for (BaseLayer layer : network.baseLayers()) {
            graph.var(layer.path() + ".weight", layer.weight().transpose().dup());
            graph.var(layer.path() + ".bias", layer.bias().dup());
        }
        modelWithNine().using("nine").save(folder.resolve("nine"));

        BaseModel base = new GraphModel(graph, List.of("linear1", "linear2"));
        LoRAConfig config = LoRAConfig.builder().rank(4).alpha(8).targetModules("linear1").build();
        LoRAAdapter initial = LoRAAdapter.initialize(base, config).adapter(); // A and B at their initialization
        LoRAAdapter nine = PeftAdapters.load(folder.resolve("nine"), base, ReadOptions.of(FingerprintCheck.REQUIRE));
        nine.requireFits(base); // or an error that lists all that does not fit
        String report = ParameterReport.of(base, nine.config(), nine.weights()).toString();
        assertThat(initial).isEqualTo(LoRAAdapter.initialize(network, config).adapter());
        assertThat(report).contains("linear1: W [100, 784]");

        SDVariable input = graph.placeHolder("x", DataType.FLOAT, -1, 784);
        SDVariable hidden = graph.nn().relu(adapted(graph, input, "linear1", nine), 0);
        SDVariable output = adapted(graph, hidden, "linear2", nine);
        INDArray y = output.eval(Map.of("x", x));
        assertThat(y.equalsWithEps(modelOf(nine).predict(x), 1e-4)).isTrue();
        assertThat(y.equalsWithEps(network.predict(x), 1e-4)).isFalse();

        BaseLayer layer = base.baseLayer("linear1");
        INDArray update = nine.weights().get("linear1").delta(layer.weight(), nine.config().scaleOf("linear1"));
        INDArray merged = layer.weight().add(update); // W + s·B·A [out, in]
        assertThat(merged.equalsWithEps(modelOf(nine).merge("nine").linear("linear1").weight(), 1e-5)).isTrue();

        PeftAdapters.save(nine, base, folder.resolve("from-graph"));
        AdapterView same = LoRAModel.of(network)
                .load("nine", folder.resolve("from-graph"), ReadOptions.of(FingerprintCheck.REQUIRE));
        assertThat(same.adapter()).isEqualTo(nine);
    }

    private LoRAModel modelOf(LoRAAdapter adapter) {
        LoRAModel model = LoRAModel.of(network);
        model.add("nine", adapter);
        return model;
    }
    // spotless:on
}
