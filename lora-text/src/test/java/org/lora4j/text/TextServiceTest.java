package org.lora4j.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.fixtures.Differences;
import org.lora4j.fixtures.Patience;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.generate.Generator;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.serve.AdapterCache;
import org.lora4j.serve.GenerationRequest;
import org.lora4j.serve.GenerationService;
import org.lora4j.serve.RequestOptions;
import org.lora4j.serve.ServingException;
import org.lora4j.serve.ServingException.Reason;
import org.lora4j.serve.ServingListener;
import org.lora4j.text.data.Labels;
import org.lora4j.text.fixtures.OneTask;
import org.lora4j.text.task.ClassScores;
import org.lora4j.text.task.Classify;
import org.lora4j.text.task.ClassifyPairs;
import org.lora4j.text.task.Embed;
import org.lora4j.text.task.Head;
import org.lora4j.text.task.PairScore;
import org.lora4j.text.task.Rerank;
import org.lora4j.text.task.TaskFile;
import org.lora4j.text.task.TaskSettings;
import org.lora4j.text.tokens.Prompts;
import org.lora4j.text.tokens.TextTokens;
import org.nd4j.linalg.api.ndarray.INDArray;

/** One service for adapters of all tasks, beside what each of them computes alone. */
class TextServiceTest {
    private static final RequestOptions NOW = RequestOptions.defaults();

    /** Of floats in batches of other sizes. */
    private static final double ROUNDING = 1e-5;

    private static final Offset<Double> TOLERANCE = Offset.offset(ROUNDING);

    @TempDir
    private static Path shared;

    @TempDir
    private Path own;

    private static OneTask tasks;

    @BeforeAll
    static void write() throws IOException {
        tasks = OneTask.write(shared);
    }

    @Test
    void anEmbeddingHasThePromptsTheLimitAndTheLengthOfItsAdapter() throws IOException {
        try (EncoderFolder encoder = EncoderFolder.open(tasks.encoder())) {
            LoRAModel model = LoRAModel.of(encoder.sentenceEmbeddings());
            model.load(OneTask.SEARCH, tasks.encoderAdapters().resolve(OneTask.SEARCH));
            TextTokens tokens = encoder.textTokens()
                    .withPrompts(encoder.prompts().with(new Prompts(Map.of("query", "where ", "passage", "is "), null)))
                    .withMaxTokens(6);
            float[][] whole = model.using(OneTask.SEARCH)
                    .predict(tokens.documents(OneTask.TEXTS))
                    .toFloatMatrix();
            float[][] found = tasks.embeddings(tasks.encoder(), OneTask.SEARCH, Embed.Kind.DOCUMENT);
            assertThat(found).hasDimensions(OneTask.TEXTS.size(), 3);
            for (int i = 0; i < found.length; i++) {
                double norm = 0;
                for (int j = 0; j < 3; j++) {
                    norm += whole[i][j] * whole[i][j];
                }
                for (int j = 0; j < 3; j++) {
                    assertThat((double) found[i][j]).isCloseTo(whole[i][j] / Math.sqrt(norm), TOLERANCE);
                }
            }
            float[][] queries = tasks.embeddings(tasks.encoder(), OneTask.SEARCH, Embed.Kind.QUERY);
            assertThat(Arrays.deepEquals(queries, found)).isFalse();
        }
    }

    @Test
    void anAdapterThatSaysNothingEmbedsAsTheModelDoes() throws IOException {
        try (EncoderFolder encoder = EncoderFolder.open(tasks.encoder())) {
            LoRAModel model = LoRAModel.of(encoder.sentenceEmbeddings());
            model.load(OneTask.WHOLE, tasks.encoderAdapters().resolve(OneTask.WHOLE));
            assertThat(tasks.embeddings(tasks.encoder(), OneTask.WHOLE, Embed.Kind.TEXT))
                    .isDeepEqualTo(model.using(OneTask.WHOLE)
                            .predict(encoder.tokens(OneTask.TEXTS))
                            .toFloatMatrix());
        }
    }

    @Test
    void classesAreThoseOfTheClassifierAlone() throws IOException {
        for (String name : List.of(OneTask.TOPICS, OneTask.TONES, OneTask.PEFT)) {
            requireClasses(tasks.encoder(), tasks.encoderAdapters().resolve(name), name);
        }
        requireClasses(tasks.decoder(), tasks.decoderAdapters().resolve(OneTask.LAST), OneTask.LAST);
    }

    private void requireClasses(Path model, Path adapter, String name) throws IOException {
        List<Map<String, Double>> found = tasks.classes(model, name);
        try (TextClassifier alone = TextClassifier.open(model, adapter, BaseStorage.of(Precision.FLOAT))) {
            double[][] expected = alone.probabilities(alone.tokens(OneTask.TEXTS));
            for (int i = 0; i < expected.length; i++) {
                for (int j = 0; j < expected[i].length; j++) {
                    assertThat(found.get(i))
                            .as(name)
                            .containsEntry(alone.labels().name(j), expected[i][j]);
                }
            }
        }
    }

    @Test
    void scoresAreThoseOfTheRerankerAlone() throws IOException {
        requireScores(tasks.encoder(), tasks.encoderAdapters(), OneTask.RANK);
        requireScores(tasks.decoder(), tasks.decoderAdapters(), OneTask.YES);
    }

    private void requireScores(Path model, Path adapters, String name) throws IOException {
        try (TextClassifier alone =
                TextClassifier.open(model, adapters.resolve(name), BaseStorage.of(Precision.FLOAT))) {
            assertThat(tasks.scores(model, name)).as(name).isEqualTo(alone.scores(alone.pairs(OneTask.PAIRS)));
        }
    }

    @Test
    void aMergedAndALoadedClassifierOfPairsIsThatOfTheService() throws IOException {
        for (String name : List.of(OneTask.SIMILAR, OneTask.FOLLOWS)) {
            Path adapter = tasks.encoderAdapters().resolve(name);
            double[][] expected = tasks.pairClasses(tasks.encoder(), name).stream()
                    .map(scores -> scores.values().stream()
                            .mapToDouble(Double::doubleValue)
                            .toArray())
                    .toArray(double[][]::new);
            Path saved = own.resolve("saved-" + name);
            try (TextClassifier alone =
                    TextClassifier.open(tasks.encoder(), adapter, BaseStorage.of(Precision.FLOAT))) {
                Sequences pairs = alone.pairs(OneTask.PAIRS);
                assertThat(alone.probabilities(pairs)).isDeepEqualTo(expected);
                alone.adapter().save(saved);
                Files.copy(adapter.resolve(TaskFile.NAME), saved.resolve(TaskFile.NAME));
                try (TextClassifier loaded =
                        TextClassifier.open(tasks.encoder(), saved, BaseStorage.of(Precision.FLOAT))) {
                    assertThat(loaded.takesPairs()).isTrue();
                    assertThat(loaded.probabilities(loaded.pairs(OneTask.PAIRS)))
                            .isDeepEqualTo(expected);
                }
                INDArray adapted = alone.model().using(TextClassifier.ADAPTER).predict(pairs);
                Network plain = alone.model().mergeActive();
                assertThat(Differences.greatest(plain.predict(pairs), adapted)).isLessThan(ROUNDING);
            }
        }
    }

    /** Each adapter says what it is for; another request is refused by its name. */
    @Test
    void aRequestForAnotherTaskIsRefused() throws IOException {
        try (TextModel model = OneTask.open(tasks.encoder());
                TextService service = tasks.serve(model)) {
            assertThat(service.task(OneTask.TOPICS)).isInstanceOf(Classify.class);
            assertThat(service.task(OneTask.PEFT))
                    .isEqualTo(new Classify(Labels.numbered(2), Head.POOLER, OptionalInt.empty()));
            for (String name : List.of(OneTask.TOPICS, OneTask.RANK)) {
                assertThatExceptionOfType(ServingException.class)
                        .isThrownBy(() -> service.answer(Embed.class, name, Embed.Texts.of(OneTask.TEXTS), NOW))
                        .matches(e -> e.reason() == Reason.INVALID_INPUT)
                        .withMessageContaining("'" + name + "' ");
            }
            for (String unknown : List.of("none", "../encoder-adapters/rank", LoRAModel.BASE)) {
                assertThatExceptionOfType(ServingException.class)
                        .isThrownBy(() -> service.task(unknown))
                        .matches(e -> e.reason() == Reason.UNKNOWN_ADAPTER);
                assertThatExceptionOfType(ServingException.class)
                        .isThrownBy(() -> service.answer(Rerank.class, unknown, OneTask.PAIRS, NOW))
                        .matches(e -> e.reason() == Reason.UNKNOWN_ADAPTER);
            }
        }
    }

    @Test
    void whatIsWrongIsForTheClient() throws IOException {
        TextModel model = OneTask.open(tasks.encoder());
        TextService service = tasks.serve(model);
        assertThatExceptionOfType(ServingException.class)
                .isThrownBy(() -> service.answer(Classify.class, OneTask.TOPICS, List.of(), NOW))
                .matches(e -> e.reason() == Reason.INVALID_INPUT);
        Embed.Texts tooLong = new Embed.Texts(OneTask.TEXTS, Embed.Kind.TEXT, null, OptionalInt.of(99));
        assertThatExceptionOfType(ServingException.class)
                .isThrownBy(() -> service.answer(Embed.class, OneTask.WHOLE, tooLong, NOW))
                .matches(e -> e.reason() == Reason.INVALID_INPUT)
                .withMessageContaining("dimensions must be between 1 and");
        Embed.Texts noPrompt = new Embed.Texts(OneTask.TEXTS, Embed.Kind.TEXT, "nonesuch", OptionalInt.empty());
        assertThatExceptionOfType(ServingException.class)
                .isThrownBy(() -> service.answer(Embed.class, OneTask.WHOLE, noPrompt, NOW))
                .matches(e -> e.reason() == Reason.INVALID_INPUT);
        model.close();
        assertThatExceptionOfType(ServingException.class)
                .isThrownBy(() -> service.answer(Classify.class, OneTask.TOPICS, OneTask.TEXTS, NOW))
                .matches(e -> e.reason() == Reason.CLOSED);
        service.close();
        assertThatExceptionOfType(ServingException.class)
                .isThrownBy(() -> service.answer(Rerank.class, OneTask.RANK, OneTask.PAIRS, NOW))
                .matches(e -> e.reason() == Reason.CLOSED);
    }

    /** What a program asks for replaces what the adapters say; what has no effect is refused. */
    @Test
    void settingsReplaceWhatTheFilesSay() throws IOException {
        TaskSettings settings = TaskSettings.ofMaxTokens(OptionalInt.of(5));
        try (TextModel model = OneTask.open(tasks.encoder());
                TextService service = TextService.builder(model)
                        .adapter("mine", tasks.encoderAdapters().resolve(OneTask.TOPICS))
                        .settings(settings)
                        .build()) {
            Answer<ClassScores> answer = service.answer(Classify.class, "mine", OneTask.TEXTS, NOW);
            assertThat(answer.task().maxTokens()).hasValue(5);
            assertThat(answer.tokens()).isEqualTo(15);
        }
        TaskSettings dimensions = new TaskSettings(OptionalInt.empty(), OptionalInt.of(2), Prompts.none());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Rerank(Head.MEAN, OptionalInt.empty()).with(dimensions))
                .withMessageContaining("dimensions must not be set for a model that scores pairs of texts, found 2");
    }

    /** A model alone needs a head of its own. */
    @Test
    void aModelWithoutAClassifierIsNotServedAlone() throws IOException {
        try (TextModel model = OneTask.open(tasks.encoder())) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> TextService.builder(model)
                            .alone(new Rerank(Head.MEAN, OptionalInt.empty()))
                            .allowBase(true)
                            .build())
                    .withMessageContaining("must have a classifier with the head mean to be served alone");
            try (TextService service =
                    TextService.builder(model).allowBase(true).build()) {
                float[][] found = service.answer(Embed.class, LoRAModel.BASE, Embed.Texts.of(OneTask.TEXTS), NOW)
                        .values()
                        .toArray(float[][]::new);
                EncoderFolder encoder = (EncoderFolder) model;
                Network network = encoder.sentenceEmbeddings();
                network.freeze();
                assertThat(found)
                        .isDeepEqualTo(
                                network.predict(encoder.tokens(OneTask.TEXTS)).toFloatMatrix());
            }
        }
    }

    /** Whoever replaces an adapter by one of another head, labels or limit: an answer is always that of one of them. */
    @Test
    void aReplacedAdapterAnswersAsTheNewOneSays() throws IOException {
        Path changing = Files.createDirectories(own.resolve("adapters")).resolve("it");
        try (TextModel model = OneTask.open(tasks.encoder());
                TextService service = TextService.builder(model)
                        .adapters(own.resolve("adapters"))
                        .build()) {
            List<String> order = List.of(OneTask.TOPICS, OneTask.TONES, OneTask.TOPICS, OneTask.PEFT, OneTask.TONES);
            for (String name : order) {
                replace(changing, tasks.encoderAdapters().resolve(name));
                service.refresh("it");
                List<ClassScores> found =
                        service.answer(Classify.class, "it", OneTask.TEXTS, NOW).values();
                Map<String, Double> expected =
                        tasks.classes(tasks.encoder(), name).get(1);
                ClassScores second = found.get(1);
                for (int i = 0; i < second.values().size(); i++) {
                    assertThat(expected)
                            .as(name)
                            .hasSize(second.values().size())
                            .containsEntry(
                                    second.labels().name(i), second.values().get(i));
                }
            }
            replace(changing, tasks.encoderAdapters().resolve(OneTask.RANK));
            service.refresh("it");
            double[] scores = service.answer(Rerank.class, "it", OneTask.PAIRS, NOW).values().stream()
                    .mapToDouble(PairScore::probability)
                    .toArray();
            assertThat(scores).isEqualTo(tasks.scores(tasks.encoder(), OneTask.RANK));
            assertThatExceptionOfType(ServingException.class)
                    .isThrownBy(() -> service.answer(Classify.class, "it", OneTask.TEXTS, NOW))
                    .withMessageContaining("scores pairs of texts");
        }
    }

    /** The folder as a whole is another one at once, as a rename makes it. */
    private static void replace(Path folder, Path by) throws IOException {
        Path next = folder.resolveSibling("next");
        Files.createDirectories(next);
        try (Stream<Path> files = Files.list(by)) {
            for (Path file : files.toList()) {
                Files.copy(file, next.resolve(String.valueOf(file.getFileName())), StandardCopyOption.REPLACE_EXISTING);
            }
        }
        if (Files.exists(folder)) {
            try (Stream<Path> files = Files.list(folder)) {
                for (Path file : files.toList()) {
                    Files.delete(file);
                }
            }
            Files.delete(folder);
        }
        Files.move(next, folder);
    }

    /** Requests of all tasks at once, from many threads. */
    @Test
    void manyThreadsAskAdaptersOfAllTasks() throws Exception {
        float[][] embeddings = tasks.embeddings(tasks.encoder(), OneTask.SEARCH, Embed.Kind.QUERY);
        List<Map<String, Double>> classes = tasks.classes(tasks.encoder(), OneTask.TONES);
        double[] scores = tasks.scores(tasks.encoder(), OneTask.RANK);
        List<ClassScores> pairs = tasks.pairClasses(tasks.encoder(), OneTask.FOLLOWS);
        try (TextModel model = OneTask.open(tasks.encoder());
                TextService service = tasks.serve(model)) {
            List<Thread> threads = new ArrayList<>();
            List<String> wrong = Collections.synchronizedList(new ArrayList<>());
            for (int t = 0; t < 8; t++) {
                int kind = t % 4;
                threads.add(new Thread(() -> {
                    for (int i = 0; i < 20; i++) {
                        if (kind == 0) {
                            List<float[]> found = service.answer(
                                            Embed.class,
                                            OneTask.SEARCH,
                                            Embed.Texts.of(Embed.Kind.QUERY, OneTask.TEXTS),
                                            NOW)
                                    .values();
                            note(wrong, close(found.get(1), embeddings[1]));
                        } else if (kind == 1) {
                            ClassScores found = service.answer(Classify.class, OneTask.TONES, OneTask.TEXTS, NOW)
                                    .values()
                                    .get(2);
                            note(
                                    wrong,
                                    close(found.values().get(0), classes.get(2).getOrDefault("one", -1.0)));
                        } else if (kind == 2) {
                            ClassScores found = service.answer(ClassifyPairs.class, OneTask.FOLLOWS, OneTask.PAIRS, NOW)
                                    .values()
                                    .get(1);
                            note(
                                    wrong,
                                    close(
                                            found.values().get(0),
                                            pairs.get(1).values().get(0)));
                        } else {
                            PairScore found = service.answer(Rerank.class, OneTask.RANK, OneTask.PAIRS, NOW)
                                    .values()
                                    .get(0);
                            note(wrong, close(found.probability(), scores[0]));
                        }
                    }
                }));
            }
            threads.forEach(Thread::start);
            for (Thread thread : threads) {
                thread.join();
            }
            assertThat(wrong).isEmpty();
            assertThat(service.stats().adapters())
                    .containsKeys(OneTask.SEARCH, OneTask.TONES, OneTask.FOLLOWS, OneTask.RANK);
            assertThat(service.stats().all().completed()).isEqualTo(160);
        }
    }

    /** The answers of an adapter to the texts of all tests, as numbers. */
    private static double[] answers(TextService service, Class<?> kind, String name) {
        if (kind == Embed.class) {
            return service
                    .answer(Embed.class, name, Embed.Texts.of(Embed.Kind.QUERY, OneTask.TEXTS), NOW)
                    .values()
                    .stream()
                    .flatMapToDouble(row -> IntStream.range(0, row.length).mapToDouble(i -> row[i]))
                    .toArray();
        }
        if (kind == Classify.class) {
            return values(service.answer(Classify.class, name, OneTask.TEXTS, NOW));
        }
        if (kind == ClassifyPairs.class) {
            return values(service.answer(ClassifyPairs.class, name, OneTask.PAIRS, NOW));
        }
        return service.answer(Rerank.class, name, OneTask.PAIRS, NOW).values().stream()
                .mapToDouble(PairScore::probability)
                .toArray();
    }

    private static double[] values(Answer<ClassScores> answer) {
        return answer.values().stream()
                .flatMapToDouble(scores -> scores.values().stream().mapToDouble(Double::doubleValue))
                .toArray();
    }

    /** What each adapter of a model answers alone. */
    private static Map<String, double[]> alone(Path base, Map<String, Class<?>> kinds) throws IOException {
        Map<String, double[]> alone = new LinkedHashMap<>();
        for (Map.Entry<String, Class<?>> adapter : kinds.entrySet()) {
            try (TextModel model = OneTask.open(base);
                    TextService service = tasks.serve(model)) {
                alone.put(adapter.getKey(), answers(service, adapter.getValue(), adapter.getKey()));
            }
        }
        return alone;
    }

    private static final Map<String, Class<?>> OF_ENCODER = Map.of(
            OneTask.SEARCH,
            Embed.class,
            OneTask.WHOLE,
            Embed.class,
            OneTask.TOPICS,
            Classify.class,
            OneTask.TONES,
            Classify.class,
            OneTask.PEFT,
            Classify.class,
            OneTask.SEVERAL,
            Classify.class,
            OneTask.NUMBER,
            Classify.class,
            OneTask.SIMILAR,
            ClassifyPairs.class,
            OneTask.FOLLOWS,
            ClassifyPairs.class,
            OneTask.RANK,
            Rerank.class);

    /** The batch before holds the turn until all others wait, so the next one has all of them. */
    private static final class Gate implements ServingListener {
        private final CountDownLatch begun = new CountDownLatch(1);
        private final CountDownLatch opened = new CountDownLatch(1);
        private final List<Integer> batches = Collections.synchronizedList(new ArrayList<>());

        @Override
        public void onBatch(int requests, long units, long nanos) {
            batches.add(requests);
            begun.countDown();
            try {
                opened.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static void requireOneBatch(Path base, Map<String, Class<?>> kinds) throws Exception {
        Map<String, double[]> alone = alone(base, kinds);
        boolean wasOne = false;
        // A request that is counted as waiting may be a moment before its place in the batch.
        for (int round = 0; round < 100 && !wasOne; round++) {
            Gate gate = new Gate();
            try (TextModel model = OneTask.open(base);
                    TextService service = TextService.builder(model)
                            .adapters(base.equals(tasks.encoder()) ? tasks.encoderAdapters() : tasks.decoderAdapters())
                            .predictors(builder -> builder.listener(gate))
                            .build()) {
                service.cache().orElseThrow().preload(kinds.keySet()).join();
                Map<String, CompletableFuture<double[]>> found = new LinkedHashMap<>();
                String first = alone.keySet().iterator().next();
                CompletableFuture<double[]> before = ask(service, kinds, first);
                gate.begun.await();
                kinds.keySet().forEach(name -> found.put(name, ask(service, kinds, name)));
                Patience.await(() -> service.stats().all().waiting() == kinds.size());
                gate.opened.countDown();
                assertThat(before.get()).containsExactly(alone.get(first), TOLERANCE);
                for (String name : kinds.keySet()) {
                    assertThat(Objects.requireNonNull(found.get(name)).get())
                            .as(name)
                            .containsExactly(alone.get(name), TOLERANCE);
                }
                wasOne = gate.batches.equals(List.of(1, kinds.size()));
            }
        }
        assertThat(wasOne).as("one step had rows of all tasks").isTrue();
    }

    private static CompletableFuture<double[]> ask(TextService service, Map<String, Class<?>> kinds, String name) {
        CompletableFuture<double[]> answers = new CompletableFuture<>();
        new Thread(() -> {
                    try {
                        answers.complete(answers(service, Objects.requireNonNull(kinds.get(name)), name));
                    } catch (RuntimeException | Error e) {
                        answers.completeExceptionally(e);
                    }
                })
                .start();
        return answers;
    }

    /** Embeddings, classes of several heads and label sets, and scores are rows of one batch of one network. */
    @Test
    void oneBatchHasRowsOfAllTasks() throws Exception {
        requireOneBatch(tasks.encoder(), OF_ENCODER);
        requireOneBatch(
                tasks.decoder(),
                Map.of(
                        OneTask.YES,
                        Rerank.class,
                        OneTask.LAST,
                        Classify.class,
                        OneTask.SEVERAL,
                        Classify.class,
                        OneTask.NUMBER,
                        Classify.class));
    }

    @Test
    void oneLimitHoldsForTheAdaptersOfAllTasks() throws Exception {
        try (TextModel model = OneTask.open(tasks.encoder());
                TextService service = TextService.builder(model)
                        .adapters(tasks.encoderAdapters())
                        .caches(builder -> builder.maxAdapters(2))
                        .build()) {
            AdapterCache cache = service.cache().orElseThrow();
            for (int round = 0; round < 2; round++) {
                for (String name : OF_ENCODER.keySet()) {
                    assertThat(answers(service, Objects.requireNonNull(OF_ENCODER.get(name)), name))
                            .isNotEmpty();
                    assertThat(service.adapted().names()).contains(name).hasSizeLessThanOrEqualTo(2);
                    assertThat(cache.stats().adapters()).isLessThanOrEqualTo(2);
                }
            }
            assertThat(cache.stats().evictions()).isEqualTo(2L * OF_ENCODER.size() - 2);
        }
    }

    /** What generates has the same model, cache and figures as the other tasks of a decoder. */
    @Test
    void aDecoderGeneratesBesideItsOtherTasks() throws Exception {
        Path adapters = Files.createDirectories(own.resolve("adapters"));
        for (String name : List.of(OneTask.YES, OneTask.LAST)) {
            replace(adapters.resolve(name), tasks.decoderAdapters().resolve(name));
        }
        int[] prompt = {1, 2, 3};
        GenerationOptions options = GenerationOptions.greedy().withMaxTokens(3);
        try (TextModel model = OneTask.open(tasks.decoder());
                TextService service = TextService.builder(model)
                        .adapters(adapters)
                        .caches(builder -> builder.maxAdapters(2))
                        .build();
                GenerationService generations = service.generations().build()) {
            AdapterView says = LoRAModel.of(((DecoderFolder) model).network())
                    .add(
                            "says",
                            LoRAConfig.builder()
                                    .rank(2)
                                    .alpha(64)
                                    .init(LoRAInit.random())
                                    .build());
            says.save(adapters.resolve("says"));
            List<Integer> expected =
                    Generator.of(says).generate(prompt, options).newTokens();
            for (int round = 0; round < 2; round++) {
                assertThat(answers(service, Rerank.class, OneTask.YES)).isNotEmpty();
                assertThat(answers(service, Classify.class, OneTask.LAST)).isNotEmpty();
                assertThat(generations
                                .generate(GenerationRequest.of("says", prompt, options))
                                .join()
                                .newTokens())
                        .isEqualTo(expected);
                assertThat(service.adapted().names()).hasSize(2);
            }
            assertThat(service.stats().all().completed()).isEqualTo(6);
            assertThat(service.stats().all().loads())
                    .isEqualTo(service.cache().orElseThrow().stats().loads());
            assertThatExceptionOfType(ServingException.class)
                    .isThrownBy(() -> generations
                            .generate(GenerationRequest.of(OneTask.YES, prompt, options))
                            .join())
                    .matches(e -> e.reason() == Reason.INVALID_INPUT)
                    .withMessageContaining("'yes' generates no text");
        }
        try (TextModel model = OneTask.open(tasks.encoder());
                TextService service = tasks.serve(model)) {
            assertThatIllegalArgumentException()
                    .isThrownBy(service::generations)
                    .withMessageContaining("must be a decoder with a language model to generate");
        }
    }

    /** Whoever asks while an adapter is replaced by one of another task, head, length or limit gets the answers of one of them. */
    @Test
    void requestsWhileAnAdapterIsReplacedAreAnsweredByOneOfThem() throws Exception {
        Map<String, double[]> alone = alone(tasks.encoder(), OF_ENCODER);
        Path changing = Files.createDirectories(own.resolve("adapters")).resolve("it");
        Map<Class<?>, LongAdder> answered = new ConcurrentHashMap<>();
        List<String> wrong = Collections.synchronizedList(new ArrayList<>());
        AtomicBoolean isOver = new AtomicBoolean();
        List<Thread> threads = new ArrayList<>();
        try (TextModel model = OneTask.open(tasks.encoder());
                TextService service = TextService.builder(model)
                        .adapters(own.resolve("adapters"))
                        .caches(builder -> builder.retryDelay(Duration.ZERO, Duration.ZERO))
                        .build()) {
            for (Class<?> kind : List.of(Embed.class, Classify.class, ClassifyPairs.class, Rerank.class)) {
                answered.put(kind, new LongAdder());
                threads.add(new Thread(() -> {
                    while (!isOver.get()) {
                        askWhileReplaced(service, kind, alone, answered, wrong);
                    }
                }));
            }
            threads.forEach(Thread::start);
            for (int round = 0; round < 4; round++) {
                for (Map.Entry<String, Class<?>> next : OF_ENCODER.entrySet()) {
                    LongAdder count = Objects.requireNonNull(answered.get(next.getValue()));
                    replace(changing, tasks.encoderAdapters().resolve(next.getKey()));
                    service.refresh("it");
                    long before = count.sum();
                    Patience.await(() -> count.sum() > before);
                }
            }
            isOver.set(true);
            for (Thread thread : threads) {
                thread.join();
            }
        }
        assertThat(wrong).isEmpty();
    }

    private static void askWhileReplaced(
            TextService service,
            Class<?> kind,
            Map<String, double[]> alone,
            Map<Class<?>, LongAdder> answered,
            List<String> wrong) {
        try {
            double[] found = answers(service, kind, "it");
            Objects.requireNonNull(answered.get(kind)).increment();
            note(
                    wrong,
                    OF_ENCODER.entrySet().stream()
                            .filter(adapter -> adapter.getValue() == kind)
                            .anyMatch(adapter -> close(found, Objects.requireNonNull(alone.get(adapter.getKey())))));
        } catch (ServingException e) {
            boolean isExpected = e.reason() == Reason.INVALID_INPUT
                    || e.reason() == Reason.ADAPTER_UNAVAILABLE
                    || e.reason() == Reason.UNKNOWN_ADAPTER;
            note(wrong, isExpected);
        } catch (RuntimeException | Error e) {
            wrong.add(e.toString());
        }
    }

    private static boolean close(double found, double expected) {
        return Math.abs(found - expected) < ROUNDING;
    }

    private static boolean close(double[] found, double[] expected) {
        boolean same = found.length == expected.length;
        for (int i = 0; same && i < found.length; i++) {
            same = close(found[i], expected[i]);
        }
        return same;
    }

    private static void note(List<String> wrong, boolean isRight) {
        if (!isRight) {
            wrong.add("another answer");
        }
    }

    private static boolean close(float[] found, float[] expected) {
        boolean same = found.length == expected.length;
        for (int i = 0; same && i < found.length; i++) {
            same = close(found[i], expected[i]);
        }
        return same;
    }
}
