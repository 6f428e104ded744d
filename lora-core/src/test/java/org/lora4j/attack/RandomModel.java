package org.lora4j.attack;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SplittableRandom;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.BiasTraining;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAConfigBuilder;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.adapter.TargetModules;
import org.lora4j.fixtures.Differences;
import org.lora4j.internal.math.RandomArrays;
import org.lora4j.linalg.Precision;
import org.lora4j.linalg.ProductEngine;
import org.lora4j.nn.Model;
import org.lora4j.nn.Network;
import org.lora4j.nn.StoredNetwork;
import org.lora4j.nn.input.FeatureRows;
import org.lora4j.nn.input.Input;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.layer.TokenEmbeddings;
import org.lora4j.nn.layer.WeightedLayer;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.nn.weight.internal.Engines;
import org.lora4j.train.Batch;
import org.lora4j.train.Loss;
import org.lora4j.train.MultiTrainer;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingState;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Sgd;

/** A random network with random adapters of every variant, and batches in which each example has one of them. */
final class RandomModel {
    private static final List<LoRAInit> INITS = List.of(
            LoRAInit.random(),
            LoRAInit.kaimingUniform(),
            LoRAInit.pissa(),
            LoRAInit.olora(),
            LoRAInit.gaussianByRank());

    private static final List<String> ENCODERS = List.of(
            "encoder_forward",
            "distilbert_forward",
            "electra_forward",
            "mpnet_forward",
            "deberta_forward",
            "deberta_forward_no_buckets",
            "embeddinggemma_lora_default",
            "modernbert_forward",
            "gte_classifier",
            "nomic_classifier");
    private static final List<String> DECODERS = List.of(
            "decoder_llama_variants",
            "decoder_qwen2",
            "decoder_qwen3",
            "smollm3_forward",
            "phi3_forward",
            "gemma2_forward",
            "gemma3_forward");

    private final SplittableRandom random;
    private final DataType type;
    private final LoRAModel model;
    private final List<String> names = new ArrayList<>();

    /** Whether its trainings are those of a language model. */
    private final boolean predictsTokens;

    /** Whether they are those of a classifier of tokens. */
    private final boolean classifiesTokens;

    private RandomModel(SplittableRandom random, Network network, Precision precision) {
        this.random = random;
        type = network.dataType();
        model = LoRAModel.of(StoredNetwork.of(network, precision));
        predictsTokens = network.outputEmbedding().isPresent() && random.nextInt(3) > 0;
        classifiesTokens = network.taskType().equals(Optional.of("TOKEN_CLS"));
        int adapters = random.nextInt(2, 7);
        while (names.size() < adapters) {
            names.add(add("a" + names.size()));
        }
        names.add(LoRAModel.BASE);
    }

    static RandomModel dense(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        DataType type = random.nextBoolean() ? DataType.FLOAT : DataType.DOUBLE;
        Network.Builder builder = Network.builder(random.nextInt(1, 40)).dataType(type);
        int layers = random.nextInt(1, 4);
        for (int i = 0; i < layers; i++) {
            int width = random.nextInt(8) == 0 ? random.nextInt(250, 530) : random.nextInt(1, 40);
            builder.linear("linear" + i, width, random.nextInt(4) > 0);
            if (random.nextBoolean()) {
                builder.relu();
            }
        }
        return new RandomModel(random, builder.build(seed), precision(seed));
    }

    static RandomModel transformer(long seed) throws IOException {
        SplittableRandom random = new SplittableRandom(seed);
        String name = ENCODERS.get(random.nextInt(ENCODERS.size()));
        PretrainedModel encoder =
                PretrainedModel.load(folder(name), random.nextBoolean() ? DataType.FLOAT : DataType.DOUBLE);
        return new RandomModel(
                random,
                switch (random.nextInt(4)) {
                    case 0 -> encoder.lastHiddenState();
                    case 1 -> encoder.sentenceEmbeddings();
                    case 2 -> encoder.classifier(3, seed);
                    default -> encoder.meanClassifier(2, seed);
                },
                precision(seed));
    }

    /** A classifier of tokens, of an encoder or a decoder. */
    static RandomModel tagger(long seed) throws IOException {
        SplittableRandom random = new SplittableRandom(seed);
        List<String> names = new ArrayList<>(ENCODERS);
        names.addAll(DECODERS);
        names.add("decoder_gpt2");
        names.removeIf(name -> name.startsWith("embeddinggemma") || name.startsWith("gemma3"));
        PretrainedModel model = PretrainedModel.load(
                folder(names.get(random.nextInt(names.size()))),
                random.nextBoolean() ? DataType.FLOAT : DataType.DOUBLE);
        return new RandomModel(random, model.tokenClassifier(random.nextInt(1, 9), seed), precision(seed));
    }

    /** A language model, with a tied head or one of its own, or its decoder alone. */
    static RandomModel decoder(long seed) throws IOException {
        SplittableRandom random = new SplittableRandom(seed);
        DataType type = random.nextBoolean() ? DataType.FLOAT : DataType.DOUBLE;
        if (random.nextInt(3) == 0) {
            PretrainedModel gpt2 = PretrainedModel.load(folder("decoder_gpt2"), type);
            return new RandomModel(
                    random, random.nextInt(3) == 0 ? gpt2.lastHiddenState() : gpt2.causal(), precision(seed));
        }
        String name = DECODERS.get(random.nextInt(DECODERS.size()));
        PretrainedModel llama = PretrainedModel.load(folder(name), type);
        return new RandomModel(
                random, random.nextInt(3) == 0 ? llama.lastHiddenState() : llama.causal(), precision(seed));
    }

    /**
     * How the base of a model of FLOAT is stored. An engine that is fast in fewer bits can round the inputs of products too,
     * so that a merged network, which is in single precision, is not equal.
     */
    private static Precision precision(long seed) {
        Precision[] precisions = Precision.values();
        Precision drawn = precisions[(int) (seed % precisions.length)];
        ProductEngine engine = Engines.engine();
        return engine != null && engine.isFast(drawn) ? Precision.FLOAT : drawn;
    }

    private static Path folder(String name) {
        try {
            return Path.of(Objects.requireNonNull(RandomModel.class.getResource("/golden/" + name))
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    LoRAModel model() {
        return model;
    }

    /** The names of all adapters, and that of the base. */
    List<String> names() {
        return names;
    }

    private String add(String name) {
        AdapterView view = model.add(name, config());
        for (Parameter parameter : view.parameters()) {
            INDArray value = parameter.value();
            value.addi(RandomArrays.gaussian(random, 0.2, type, value.shape()));
        }
        return name;
    }

    private LoRAConfig config() {
        List<WeightedLayer> matrices = model.network().weightedLayers().stream()
                .filter(layer -> layer.weight().rank() == 2)
                .toList();
        WeightedLayer target = matrices.get(random.nextInt(matrices.size()));
        boolean isLinear = model.network().linears().contains(target);
        boolean isEverywhere = random.nextInt(3) > 0;
        boolean linearOnly = isEverywhere || isLinear;
        int widest = isEverywhere
                ? 1
                : (int) Math.min(target.weight().size(0), target.weight().size(1));
        int rank = isEverywhere && matrices.stream().allMatch(RandomModel::isRoomy)
                ? random.nextInt(1, 5)
                : random.nextInt(1, Math.min(widest, 12) + 1);
        LoRAConfigBuilder config = LoRAConfig.builder()
                .rank(rank)
                .alpha(random.nextDouble(0.3, 4))
                .rankStabilized(random.nextBoolean())
                .init(linearOnly ? INITS.get(random.nextInt(INITS.size())) : LoRAInit.random())
                .dropout(random.nextBoolean() ? 0 : 0.3)
                .seed(random.nextLong());
        config.targetModules(isEverywhere ? TargetModules.allLinear() : TargetModules.of(target.path()));
        if (random.nextInt(4) == 0) {
            config.dora(true).init(LoRAInit.random());
        } else if (linearOnly && random.nextInt(4) == 0) {
            config.loraBias(model.network().linears().stream().allMatch(layer -> layer.bias() != null));
        }
        if (random.nextInt(4) == 0) {
            config.bias(random.nextBoolean() ? BiasTraining.ALL : BiasTraining.LORA_ONLY);
        }
        WeightedLayer saved = model.network()
                .weightedLayers()
                .get(random.nextInt(model.network().weightedLayers().size()));
        if (random.nextInt(3) == 0 && saved != target && matrices.size() > 1) {
            config.modulesToSave(saved.path());
        }
        String words = model.network().inputEmbedding().orElse("");
        boolean isReplaced = saved.path().equals(words) || target.path().equals(words);
        if (!words.isEmpty() && !isReplaced && random.nextInt(4) == 0) {
            config.trainableTokens(random.nextInt(1, 30), random.nextInt(30, 40));
        }
        if (random.nextInt(3) == 0) {
            config.alphaPattern(Map.of(target.path(), random.nextDouble(0.5, 3)));
        }
        return config.build();
    }

    private static boolean isRoomy(WeightedLayer layer) {
        return Math.min(layer.weight().size(0), layer.weight().size(1)) >= 4;
    }

    /** The adapters of a batch: sometimes single examples, sometimes runs of one adapter. */
    List<String> draw(int count) {
        List<String> drawn = new ArrayList<>();
        int longest = random.nextInt(1, 13);
        while (drawn.size() < count) {
            String name = names.get(random.nextInt(names.size()));
            int length = Math.min(random.nextInt(1, longest + 1), count - drawn.size());
            for (int i = 0; i < length; i++) {
                drawn.add(name);
            }
        }
        return drawn;
    }

    /** Random examples. */
    Input examples(int count) {
        if (!model.takesSequences()) {
            return Input.of(RandomArrays.gaussian(random, 1, type, count, model.inputSize()));
        }
        int[][] ids = new int[count][];
        int[][] types = new int[count][];
        for (int i = 0; i < count; i++) {
            int length = random.nextInt(1, 9);
            ids[i] = random.ints(length, 1, 40).toArray();
            types[i] = random.ints(length, 0, hasTypes() ? 2 : 1).toArray();
        }
        return Sequences.of(ids, null, types);
    }

    private boolean hasTypes() {
        return ((TokenEmbeddings) model.network().layers().get(0)).type() != null;
    }

    /** One example by itself. */
    private static Input only(Input examples, int i) {
        return examples instanceof FeatureRows rows
                ? Input.of(rows.array().getRow(i, true).dup('c'))
                : ((Sequences) examples).part(i, i + 1);
    }

    private AdapterView view(String name) {
        return name.equals(LoRAModel.BASE) ? model.base() : model.using(name);
    }

    /** Compares each example of a mixed batch with the output of its adapter alone. */
    void assertMixedEqualsAlone(int count) {
        Input examples = examples(count);
        List<String> drawn = draw(count);
        INDArray mixed = model.predict(examples, drawn);
        int from = 0;
        for (int i = 0; i < count; i++) {
            INDArray alone = view(drawn.get(i)).predict(only(examples, i));
            int to = from + (int) alone.size(0);
            assertClose(
                    "example " + i + " of " + drawn,
                    mixed.get(NDArrayIndex.interval(from, to), NDArrayIndex.all()),
                    alone);
            from = to;
        }
        assertThat(mixed.size(0)).isEqualTo(from);
    }

    /** Compares the merged network of each adapter with the adapted one. */
    void assertMergedEqualsAdapted(int count) {
        Input examples = examples(count);
        for (String name : names.subList(0, names.size() - 1)) {
            assertClose(
                    "merged " + name,
                    model.merge(name).predict(examples),
                    model.using(name).predict(examples));
        }
    }

    /** Compares views of several adapters and of other scales with their merged networks. */
    void assertViewsEqualMerged(int count) {
        Input examples = examples(count);
        for (int i = 0; i < 3; i++) {
            List<String> chosen = names.subList(0, names.size() - 1).stream()
                    .filter(name -> random.nextBoolean())
                    .toList();
            AdapterView view;
            try {
                view = chosen.isEmpty() ? model.base() : model.using(chosen.toArray(String[]::new));
            } catch (IllegalArgumentException e) {
                // Two of them replace the same layer.
                assertThat(e).hasMessageContaining("only one of the adapters");
                continue;
            }
            AdapterView scaled = view.withScale(random.nextDouble(-1.5, 1.5));
            INDArray before = view.predict(examples);
            assertIntoEquals(view, examples, before);
            assertIntoEquals(view.merge(), examples, view.merge().predict(examples));
            assertClose("merged " + scaled, scaled.merge().predict(examples), scaled.predict(examples));
            assertClose("merged " + view, view.merge().predict(examples), before);
        }
    }

    /** Predicts into an array of any layout, and compares it bit for bit. */
    private void assertIntoEquals(Model predicting, Input examples, INDArray expected) {
        long rows = expected.size(0);
        long width = expected.size(1);
        INDArray y = random.nextBoolean()
                ? Nd4j.valueArrayOf(new long[] {rows, width}, Double.NaN, type)
                : Nd4j.valueArrayOf(new long[] {width + 2, rows + 3}, Double.NaN, type)
                        .get(NDArrayIndex.interval(1, 1 + width), NDArrayIndex.interval(2, 2 + rows))
                        .transpose();
        predicting.predictInto(examples, y);
        assertThat(y.dup('c').data().asDouble())
                .containsExactly(expected.dup('c').data().asDouble());
    }

    /** Compares mixed batches beside a copy that is merged for prediction with those before and after it. */
    void assertMergedCopyChangesNoMixedBatch(int count) {
        Input examples = examples(count);
        List<String> drawn = draw(count);
        String merged = names.get(random.nextInt(names.size() - 1));
        INDArray mixed = model.predict(examples, drawn);
        INDArray alone = view(merged).predict(examples);
        model.activate(merged);
        model.mergeForPrediction();
        assertThat(model.predict(examples, drawn)).isEqualTo(mixed);
        assertClose("merged copy of " + merged, model.predict(examples), alone);
        model.unmerge();
        assertThat(view(merged).predict(examples)).isEqualTo(alone);
        model.activate();
    }

    /** Changes adapters that were frozen, and compares what they predict with new adapters of the same arrays. */
    void assertNothingIsRememberedAfterAThaw(int count) {
        Input examples = examples(count);
        List<String> drawn = draw(count);
        for (int round = 0; round < 2; round++) {
            model.setTrainable();
            model.predict(examples, drawn);
            model.predict(examples, drawn);
            String changed = names.get(random.nextInt(names.size() - 1));
            view(changed).predict(examples);
            model.setTrainable(changed);
            for (Parameter parameter : model.parameters(changed)) {
                INDArray value = parameter.value();
                value.addi(RandomArrays.gaussian(random, 0.2, type, value.shape()));
            }
            model.setTrainable();
            INDArray actual = view(changed).predict(examples);
            INDArray mixed = model.predict(examples, drawn);
            INDArray fresh = model.add("fresh", model.adapter(changed)).predict(examples);
            assertClose("after a thaw of " + changed, actual, fresh);
            List<String> renamed = drawn.stream()
                    .map(name -> name.equals(changed) ? "fresh" : name)
                    .toList();
            assertClose("mixed after a thaw of " + changed, mixed, model.predict(examples, renamed));
            model.delete("fresh");
        }
    }

    /** Interrupts trainings that go together, resumes each alone, and compares them with trainings that nothing interrupts. */
    void assertTrainingsResumeAlone(RandomModel interrupted, int steps) {
        List<List<Batch>> data = new ArrayList<>();
        Map<String, TrainingState> states = new HashMap<>();
        MultiTrainer together = new MultiTrainer();
        MultiTrainer first = new MultiTrainer();
        for (String name : names.subList(0, names.size() - 1)) {
            List<Batch> batches = batches(random.nextInt(1, 4));
            data.add(batches);
            together.add(builder(model, name, steps).build(), batches);
            int half = random.nextInt(1, steps);
            first.add(
                    builder(interrupted.model, name, half)
                            .checkpointEvery(half, state -> states.put(name, state))
                            .build(),
                    batches);
        }
        together.fit().forEach(outcome -> assertThat(outcome.failure()).isEmpty());
        first.fit().forEach(outcome -> assertThat(outcome.failure()).isEmpty());
        for (int i = 0; i < data.size(); i++) {
            String name = names.get(i);
            builder(interrupted.model, name, steps)
                    .resume(requireNonNull(states.get(name)))
                    .build()
                    .fit(data.get(i));
            assertSameParameters(name, interrupted);
        }
    }

    private void assertSameParameters(String name, RandomModel other) {
        List<Parameter> actual = model.parameters(name);
        List<Parameter> expected = other.model.parameters(name);
        for (int k = 0; k < actual.size(); k++) {
            assertClose(
                    name + " " + actual.get(k).name(),
                    actual.get(k).value(),
                    expected.get(k).value());
        }
    }

    /** Compares each adapter with what is loaded from its folder. */
    void assertLoadedEqualsSaved(int count, Path folder) throws IOException {
        Input examples = examples(count);
        for (String name : names.subList(0, names.size() - 1)) {
            model.using(name).save(folder.resolve(name));
            AdapterView loaded = model.load("loaded", folder.resolve(name));
            assertClose(
                    "loaded " + name,
                    loaded.predict(examples),
                    model.using(name).predict(examples));
            model.delete("loaded");
        }
    }

    /** Compares adapters of this model that train together with those of an equal model that train one by one. */
    void assertTrainTogetherAsAlone(RandomModel equal, int steps) {
        MultiTrainer together = new MultiTrainer();
        List<Trainer> alone = new ArrayList<>();
        List<List<Batch>> data = new ArrayList<>();
        for (String name : names.subList(0, names.size() - 1)) {
            List<Batch> batches = batches(random.nextInt(1, 4));
            data.add(batches);
            together.add(trainer(model, name, steps), batches);
            alone.add(trainer(equal.model, name, steps));
        }
        for (MultiTrainer.Outcome outcome : together.fit()) {
            assertThat(outcome.failure()).isEmpty();
        }
        for (int i = 0; i < alone.size(); i++) {
            alone.get(i).fit(data.get(i));
            assertSameParameters(names.get(i), equal);
        }
    }

    private Trainer trainer(LoRAModel model, String name, int steps) {
        return builder(model, name, steps).build();
    }

    private Trainer.Builder builder(LoRAModel model, String name, int steps) {
        return Trainer.builder(model.using(name))
                .updater(new Sgd(0.1))
                .clipNorm(0.1)
                .loss(loss())
                .epochs(steps)
                .maxIterations(steps);
    }

    private Loss loss() {
        return predictsTokens
                ? Loss.nextToken()
                : classifiesTokens ? Loss.sparseSoftmaxCrossEntropy() : Loss.meanSquaredError();
    }

    /** A label for each token, of which some do not count; that of the first one does. */
    private INDArray labels(Sequences input) {
        int longest = 0;
        for (int i = 0; i < input.count(); i++) {
            longest = Math.max(longest, input.length(i));
        }
        int[][] labels = new int[input.count()][longest];
        for (int i = 0; i < labels.length; i++) {
            for (int j = 0; j < longest; j++) {
                boolean counts = j == 0 || (j < input.length(i) && random.nextInt(3) > 0);
                labels[i][j] = counts ? random.nextInt((int) model.outputSize()) : -100;
            }
        }
        return Nd4j.createFromArray(labels);
    }

    private List<Batch> batches(int count) {
        List<Batch> batches = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int examples = random.nextInt(1, 7);
            Input input = examples(examples);
            if (predictsTokens) {
                while (((Sequences) input).tokens() == input.count()) {
                    input = examples(examples);
                }
                batches.add(new Batch(input, null));
                continue;
            }
            if (classifiesTokens) {
                batches.add(new Batch(input, labels((Sequences) input)));
                continue;
            }
            long rows = model.using(names.get(0)).predict(input).size(0);
            batches.add(new Batch(input, RandomArrays.gaussian(random, 1, type, rows, model.outputSize())));
        }
        return batches;
    }

    /** What one adapter computes. */
    INDArray alone(Input examples, String name) {
        return view(name).predict(examples);
    }

    void assertClose(String what, INDArray actual, INDArray expected) {
        double size = Math.max(1, expected.amaxNumber().doubleValue());
        double difference = Differences.greatest(actual, expected);
        assertThat(difference)
                .as("%s of %s: %s beside %s", what, model, actual, expected)
                .isLessThanOrEqualTo(size * (type == DataType.DOUBLE ? 1e-11 : 1e-4));
    }
}
