package org.lora4j.nn.transformer;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.lora4j.SmallModels.assertClose;
import static org.lora4j.SmallModels.assertSameBits;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.SmallModels;
import org.lora4j.adapter.BaseModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAConfigBuilder;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.adapter.TargetModules;
import org.lora4j.adapter.UsedAdapter;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.generate.Generator;
import org.lora4j.io.ReadOptions;
import org.lora4j.linalg.Precision;
import org.lora4j.model.internal.ManagedAdapter;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.layer.WeightedLayer;
import org.lora4j.serve.AdapterCache;
import org.lora4j.serve.AdapterSource;
import org.lora4j.serve.BatchingPredictor;
import org.lora4j.serve.GenerationRequest;
import org.lora4j.serve.GenerationService;
import org.lora4j.serve.Prediction;
import org.lora4j.serve.RequestOptions;
import org.lora4j.serve.ServingStats;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** One model with adapters of other ends of its transformer: embeddings, classifiers and scores in one batch. */
@Tag("numbers")
class SharedEndsTest {
    private static final String BASE = LoRAModel.BASE;

    private static final Sequences TEXTS = Sequences.of(
            new int[][] {{5, 9, 3}, {7, 2, 2, 8, 1}, {4}, {8, 8, 1}, {3, 1}, {6, 5, 4, 3, 2, 1}}, null, null);

    /** Ends of a transformer by the names of their adapters, and those adapters. */
    private static final class Ends {
        final Map<String, Network> networks = new LinkedHashMap<>();
        final Map<String, LoRAAdapter> adapters = new LinkedHashMap<>();

        void add(String name, Network end, boolean isDora) {
            networks.put(name, end);
            LoRAConfigBuilder config = LoRAConfig.builder()
                    .rank(2)
                    .alpha(3)
                    .init(LoRAInit.random())
                    .dora(isDora)
                    .seed(name.hashCode())
                    .targetModules(TargetModules.allLinear());
            end.replaceableHead().ifPresent(config::modulesToSave);
            LoRAModel alone = LoRAModel.of(end);
            AdapterView view = alone.add(name, config.build());
            SplittableRandom random = new SplittableRandom(name.hashCode());
            view.parameters().forEach(parameter -> {
                INDArray value = parameter.value();
                for (long i = 0; i < value.length(); i++) {
                    value.putScalar(i, value.getDouble(i) + 0.2 * random.nextDouble());
                }
            });
            adapters.put(name, view.adapter());
        }

        void addTo(LoRAModel model) {
            networks.forEach((name, end) -> {
                ManagedAdapter unused = requireNonNull(model.addManaged(name, requireNonNull(adapters.get(name)), end));
            });
        }

        /** What an adapter computes on its own network. */
        INDArray alone(String name, Sequences x) {
            LoRAModel alone = LoRAModel.of(requireNonNull(networks.get(name)));
            return alone.add(name, requireNonNull(adapters.get(name))).predict(x);
        }
    }

    private static Ends ends(PretrainedModel model) {
        Ends ends = new Ends();
        ends.add("embeds", model.sentenceEmbeddings(), false);
        ends.add("mean", model.meanClassifier(3, 1), true);
        if (model.canClassify()) {
            ends.add("classes", model.classifier(5, 2), false);
        }
        if (model.canGenerate()) {
            ends.add("scores", model.tokenScore(3, 4), false);
        }
        return ends;
    }

    private static LoRAModel base(PretrainedModel model) {
        return LoRAModel.of(model.canGenerate() ? model.causal() : model.lastHiddenState());
    }

    @ParameterizedTest
    @CsvSource({
        "encoder_classifier",
        "distilbert_classifier",
        "electra_classifier",
        "modernbert_classifier",
        "gte_classifier",
        "nomic_classifier",
        "decoder_llama"
    })
    void rowsOfAllEndsHaveTheOutputsOfTheirOwnNetwork(String golden) throws Exception {
        for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
            double tolerance = type == DataType.FLOAT ? 2e-5 : 1e-11;
            PretrainedModel pretrained = GoldenCase.of(golden).model(type);
            LoRAModel model = base(pretrained);
            Ends ends = ends(pretrained);
            ends.addTo(model);
            assertThat(model.names()).containsExactlyElementsOf(ends.networks.keySet());
            for (String name : model.names()) {
                INDArray expected = ends.alone(name, TEXTS);
                assertSameBits(model.using(name).predict(TEXTS), expected);
                assertThat(model.using(name).outputSize()).isEqualTo(expected.size(1));
                assertThat(model.fingerprint(name))
                        .isEqualTo(requireNonNull(ends.adapters.get(name)).fingerprint());
                INDArray own = expected.like();
                model.using(name).predictInto(TEXTS, own);
                assertSameBits(own, expected);
            }
            List<String> names = new ArrayList<>();
            List<String> all = List.copyOf(model.names());
            for (int i = 0; i < TEXTS.count(); i++) {
                names.add(all.get((i + i / 4) % all.size()));
            }
            List<INDArray> outputs = model.predictEach(TEXTS, names);
            for (int i = 0; i < names.size(); i++) {
                assertClose(outputs.get(i), ends.alone(names.get(i), TEXTS.part(i, i + 1)), tolerance);
            }
        }
    }

    /** What other rows are for has no influence: the same rows with adapters of one end have the same bits. */
    @Test
    void theEndsOfOtherRowsChangeNoBit() throws Exception {
        PretrainedModel pretrained = GoldenCase.of("encoder_classifier").model(DataType.FLOAT);
        Ends ends = ends(pretrained);
        ends.add("more", requireNonNull(ends.networks.get("embeds")), false);
        ends.add("other", requireNonNull(ends.networks.get("embeds")), true);
        LoRAModel model = base(pretrained);
        ends.addTo(model);
        LoRAModel embeddings = LoRAModel.of(pretrained.sentenceEmbeddings());
        for (String name : List.of("embeds", "more", "other")) {
            embeddings.add(name, requireNonNull(ends.adapters.get(name)));
        }
        List<INDArray> mixed = model.predictEach(TEXTS, List.of("embeds", "mean", "classes", "more", "mean", "embeds"));
        INDArray plain = embeddings.predict(TEXTS, List.of("embeds", "other", "more", "more", "other", "embeds"));
        for (int i : new int[] {0, 3, 5}) {
            assertSameBits(mixed.get(i), plain.getRow(i, true).dup('c'));
        }
    }

    /** Any ends in any order, with rows of the base among them, and bases in any number of bits. */
    @ParameterizedTest
    @CsvSource({
        "encoder_classifier,FLOAT",
        "encoder_classifier,INT8",
        "modernbert_classifier,BFLOAT16",
        "decoder_llama,FLOAT",
        "decoder_llama,INT4"
    })
    void randomRowsOfAllEnds(String golden, Precision precision) throws Exception {
        PretrainedModel pretrained = PretrainedModel.load(GoldenCase.of(golden).folder(), BaseStorage.of(precision));
        LoRAModel model = base(pretrained);
        Ends ends = ends(pretrained);
        ends.add("tokens", pretrained.lastHiddenState(), false);
        if (pretrained.canGenerate()) {
            ends.add("next", pretrained.causal(), true);
        }
        ends.addTo(model);
        List<String> names = new ArrayList<>(model.names());
        names.add(BASE);
        SplittableRandom random = new SplittableRandom(7);
        for (int round = 0; round < 30; round++) {
            int[][] ids = new int[1 + random.nextInt(9)][];
            List<String> adapters = new ArrayList<>();
            for (int i = 0; i < ids.length; i++) {
                ids[i] = random.ints(1 + random.nextInt(7), 0, 10).toArray();
                adapters.add(names.get(random.nextInt(names.size())));
            }
            Sequences x = Sequences.of(ids, null, null);
            List<INDArray> outputs = model.predictEach(x, adapters);
            for (int i = 0; i < ids.length; i++) {
                Sequences own = x.part(i, i + 1);
                String name = adapters.get(i);
                assertClose(
                        outputs.get(i),
                        name.equals(BASE) ? model.base().predict(own) : ends.alone(name, own),
                        precision == Precision.FLOAT ? 2e-5 : 1e-3);
            }
            List<INDArray> withAll = model.predictWithAll(x, names);
            for (String name : model.names()) {
                assertSameBits(withAll.get(names.indexOf(name)), ends.alone(name, x));
            }
        }
    }

    /** Outputs of one width can be rows for tokens and for texts; a predictor must not take one kind for the other. */
    @Test
    void rowsForTokensAndRowsForTextsOfOneWidth() throws Exception {
        PretrainedModel pretrained = GoldenCase.of("encoder_classifier").model(DataType.FLOAT);
        Ends ends = new Ends();
        ends.add("tokens", pretrained.lastHiddenState(), false);
        ends.add("texts", pretrained.sentenceEmbeddings(), false);
        LoRAModel model = base(pretrained);
        ends.addTo(model);
        List<Runnable> tasks = new ArrayList<>();
        try (BatchingPredictor predictor =
                BatchingPredictor.builder(model).executor(tasks::add).build()) {
            List<String> names = List.of("texts", "tokens", "texts");
            List<CompletableFuture<INDArray>> futures = names.stream()
                    .map(name -> predictor.predictAsync(TEXTS, name))
                    .toList();
            while (!tasks.isEmpty()) {
                tasks.remove(0).run();
            }
            assertThat(predictor.stats().batchRequests().max()).isEqualTo(3);
            for (int i = 0; i < names.size(); i++) {
                assertClose(futures.get(i).get(), ends.alone(names.get(i), TEXTS), 2e-5);
            }
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        model.predict(Sequences.of(new int[][] {{1, 2}, {3}}, null, null), List.of("tokens", "texts")))
                .withMessageContaining("found both kinds in 'tokens' and 'texts'; call predictEach");
    }

    /** Adapters of the language model generate beside those for embeddings, which do not. */
    @Test
    void onlyTheLanguageModelGenerates() throws Exception {
        PretrainedModel pretrained = GoldenCase.of("decoder_llama").model(DataType.FLOAT);
        LoRAModel model = base(pretrained);
        Ends ends = ends(pretrained);
        ends.add("next", pretrained.causal(), false);
        ends.addTo(model);
        LoRAModel alone = LoRAModel.of(pretrained.causal());
        AdapterView next = alone.add("next", requireNonNull(ends.adapters.get("next")));
        GenerationOptions options = GenerationOptions.greedy().withMaxTokens(4);
        int[] prompt = {1, 2, 3};
        try (GenerationService service = GenerationService.builder(model).build()) {
            assertThat(service.generate(GenerationRequest.of("next", prompt, options))
                            .result()
                            .get()
                            .newTokens())
                    .isEqualTo(Generator.of(next).generate(prompt, options).newTokens());
            assertThatExceptionOfType(ExecutionException.class)
                    .isThrownBy(() -> service.generate(GenerationRequest.of("embeds", prompt, options))
                            .result()
                            .get())
                    .withMessageContaining("the adapter 'embeds' generates no text");
        }
    }

    /** Predictions and generations of one model have one cache, and figures that count each adapter once. */
    @Test
    void aServiceBesideAPredictorHasItsAdaptersAndFigures() throws Exception {
        PretrainedModel pretrained = GoldenCase.of("decoder_llama").model(DataType.FLOAT);
        LoRAModel model = base(pretrained);
        Ends ends = ends(pretrained);
        ends.add("next", pretrained.causal(), false);
        AdapterCache cache = AdapterCache.builder(model, source(ends)).build();
        try (BatchingPredictor predictor =
                        BatchingPredictor.builder(model).adapters(cache).build();
                GenerationService service = GenerationService.builder(predictor).build()) {
            predictor.predict(TEXTS, "embeds");
            service.generate(GenerationRequest.of(
                            "next",
                            new int[] {1, 2, 3},
                            GenerationOptions.greedy().withMaxTokens(2)))
                    .result()
                    .get();
            for (ServingStats stats : List.of(predictor.stats(), service.stats())) {
                assertThat(stats.adapters()).containsKeys("embeds", "next");
                assertThat(stats.all().completed()).isEqualTo(2);
                assertThat(stats.all().loads()).isEqualTo(2);
                assertThat(stats.all().bytes()).isEqualTo(cache.stats().bytes()).isPositive();
            }
            assertThatIllegalStateException()
                    .isThrownBy(() -> GenerationService.builder(predictor).adapters(cache))
                    .withMessageContaining("must be set for the predictor");
        }
    }

    /** The weights of the transformer are held once, and so is what an engine packs of them. */
    @Test
    void allEndsMultiplyWithTheSameWeights() throws Exception {
        PretrainedModel pretrained = GoldenCase.of("encoder_classifier").model(DataType.FLOAT);
        LoRAModel model = base(pretrained);
        List<WeightedLayer> own = model.network().weightedLayers();
        for (Network end : ends(pretrained).networks.values()) {
            List<WeightedLayer> computing =
                    end.stack().after(model.network().stack()).weightedLayers();
            assertThat(computing.subList(0, own.size())).isEqualTo(own);
            assertThat(computing).hasSameSizeAs(end.weightedLayers());
            assertThat(computing.subList(own.size(), computing.size()))
                    .isEqualTo(end.weightedLayers().subList(own.size(), computing.size()));
        }
    }

    private static AdapterSource source(Ends ends) {
        return new AdapterSource() {
            @Override
            public LoRAAdapter load(String name, BaseModel base, ReadOptions options) {
                throw new IllegalStateException("the cache must read with the network of the adapter");
            }

            @Override
            public Loaded read(String name, Network base, ReadOptions options) {
                return new Loaded(requireNonNull(ends.adapters.get(name)), requireNonNull(ends.networks.get(name)));
            }
        };
    }

    @Test
    void oneBatchOfAPredictorHasRequestsForAllEnds() throws Exception {
        PretrainedModel pretrained = GoldenCase.of("encoder_classifier").model(DataType.FLOAT);
        LoRAModel model = base(pretrained);
        Ends ends = ends(pretrained);
        AdapterCache cache =
                AdapterCache.builder(model, source(ends)).maxAdapters(2).build();
        List<Runnable> tasks = new ArrayList<>();
        Network alone = pretrained.meanClassifier(7, 3);
        try (BatchingPredictor predictor = BatchingPredictor.builder(model)
                .adapters(cache)
                .allowBase(alone)
                .executor(tasks::add)
                .build()) {
            List<String> names = List.of("embeds", "mean", "classes", BASE);
            List<CompletableFuture<Prediction>> futures = new ArrayList<>();
            try (AdapterCache.Pin one = cache.pin("embeds");
                    AdapterCache.Pin two = cache.pin("mean");
                    AdapterCache.Pin three = cache.pin("classes")) {
                assertThat(List.of(one, two, three)).doesNotContainNull();
                for (String name : names) {
                    futures.add(predictor.predictionAsync(TEXTS, name, RequestOptions.defaults()));
                }
                while (!tasks.isEmpty()) {
                    tasks.remove(0).run();
                }
            }
            assertThat(predictor.stats().batchRequests().count()).isEqualTo(1);
            assertThat(predictor.stats().batchRequests().max()).isEqualTo(4);
            for (int i = 0; i < 3; i++) {
                String name = names.get(i);
                assertClose(futures.get(i).get().output(), ends.alone(name, TEXTS), 2e-5);
                assertThat(futures.get(i).get().adapter())
                        .isEqualTo(new UsedAdapter(
                                name, requireNonNull(ends.adapters.get(name)).fingerprint()));
            }
            assertClose(futures.get(3).get().output(), alone.predict(TEXTS), 2e-5);
            // One bound for the adapters of all ends.
            assertThat(cache.stats().adapters()).isEqualTo(2);
            assertThat(model.names()).hasSize(2);
            assertSameBits(predictor.predict(TEXTS, BASE), alone.predict(TEXTS));
        }
    }

    /** A name can stand for an adapter of another end from one moment to the next. */
    @Test
    void anAdapterIsReplacedByOneOfAnotherEnd() throws Exception {
        PretrainedModel pretrained = GoldenCase.of("encoder_classifier").model(DataType.FLOAT);
        LoRAModel model = base(pretrained);
        Ends ends = ends(pretrained);
        ManagedAdapter managed = requireNonNull(model.addManaged(
                "it", requireNonNull(ends.adapters.get("embeds")), requireNonNull(ends.networks.get("embeds"))));
        for (String name : List.of("mean", "classes", "embeds", "mean")) {
            managed = requireNonNull(
                    managed.replace(requireNonNull(ends.adapters.get(name)), requireNonNull(ends.networks.get(name))));
            assertSameBits(model.using("it").predict(TEXTS), ends.alone(name, TEXTS));
        }
    }

    @Test
    void whatNeedsTheEndOfTheModelIsRefused() throws Exception {
        PretrainedModel pretrained = GoldenCase.of("encoder_classifier").model(DataType.FLOAT);
        LoRAModel model = base(pretrained);
        Ends ends = ends(pretrained);
        ends.addTo(model);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> model.using("embeds", "mean"))
                .withMessageContaining("found one with an end of its own among [embeds, mean]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> model.merge("classes"))
                .withMessageContaining("found one with an end of its own among [classes]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> model.snapshot().model("classes"))
                .withMessageContaining("found 'classes' with an end of its own");
        PretrainedModel other = GoldenCase.of("encoder_classifier").model(DataType.FLOAT);
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        model.addManaged("x", requireNonNull(ends.adapters.get("mean")), other.meanClassifier(3, 1)))
                .withMessageContaining("must be ends of one transformer");
        LoRAModel dense = LoRAModel.of(SmallModels.network());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> BatchingPredictor.builder(dense).allowBase(SmallModels.network()))
                .withMessageContaining("must be ends of one transformer");
    }
}
