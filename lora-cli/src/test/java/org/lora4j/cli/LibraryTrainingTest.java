package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.io.peft.PeftAdapters;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.EncoderFolder;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.chat.LearnedText;
import org.lora4j.text.data.EpochBatches;
import org.lora4j.text.data.LabelledPair;
import org.lora4j.text.data.LabelledText;
import org.lora4j.text.data.Labels;
import org.lora4j.text.data.PreferenceExample;
import org.lora4j.text.data.RetrievalExample;
import org.lora4j.text.data.TextFiles;
import org.lora4j.text.data.TextLabels;
import org.lora4j.text.data.TextNumber;
import org.lora4j.text.data.TextRow;
import org.lora4j.text.data.TokenExample;
import org.lora4j.text.metrics.Perplexity;
import org.lora4j.text.task.Embed;
import org.lora4j.text.task.Head;
import org.lora4j.text.task.Outputs;
import org.lora4j.text.tokens.TextPair;
import org.lora4j.text.train.HeadProbe;
import org.lora4j.text.train.ProbedTask;
import org.lora4j.text.train.TrainableClassify;
import org.lora4j.text.train.TrainableEmbed;
import org.lora4j.text.train.TrainableGenerate;
import org.lora4j.text.train.TrainableLabels;
import org.lora4j.text.train.TrainableNumber;
import org.lora4j.text.train.TrainablePreferences;
import org.lora4j.text.train.TrainableRerank;
import org.lora4j.text.train.TrainableTask;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.LinearWarmupSchedule;
import org.lora4j.train.PreferenceLoss;
import org.lora4j.train.Trainer;

/** The commands train the adapters of the library, and measure what it measures, to the bit. */
@Tag("slow")
class LibraryTrainingTest {
    private static final BaseStorage STORAGE = BaseStorage.of(Precision.FLOAT);
    private static final int EPOCHS = 2;
    private static final int BATCH = 8;
    private static final double RATE = 0.01;
    private static final long SEED = 5;

    @TempDir
    private static Path temp;

    private static Path bert;
    private static Path llama;

    @BeforeAll
    static void write() throws IOException {
        bert = SmallModels.bert(temp.resolve("bert"), 1);
        llama = SmallModels.llama(temp.resolve("llama"), 1);
    }

    private static Path lines(String name, String lines) throws IOException {
        return Files.writeString(temp.resolve(name), lines);
    }

    private static <E> List<E> read(Path file, Function<TextRow, Stream<E>> examples) throws IOException {
        try (Stream<TextRow> rows = TextFiles.read(file).stream()) {
            return rows.flatMap(examples).toList();
        }
    }

    /** Trains as the commands do. */
    private static <E> AdapterView train(TrainableTask<E, ?> task, List<E> examples) {
        LoRAConfig asked = LoRAConfig.builder().rank(3).alpha(16).seed(SEED).build();
        AdapterView adapter = LoRAModel.of(task.network()).add("adapter", task.config(asked));
        if (task instanceof TrainableClassify classes) {
            classes.start(
                    adapter, examples.stream().map(LabelledText.class::cast).toList(), SEED);
        }
        if (task instanceof ProbedTask<E, ?> probed) {
            HeadProbe.fit(probed, examples).start().writeTo(adapter);
        }
        int steps = EPOCHS * ((examples.size() + BATCH - 1) / BATCH);
        Trainer.builder(adapter)
                .loss(task.loss())
                .updater(new AdamW(new LinearWarmupSchedule(RATE, steps / 10, steps), 0.01))
                .epochs(EPOCHS)
                .clipNorm(1)
                .build()
                .fit(batches(task, examples));
        return adapter;
    }

    private static <E> EpochBatches batches(TrainableTask<E, ?> task, List<E> examples) {
        Function<int[], Batch> batch = indices ->
                task.batch(Arrays.stream(indices).mapToObj(examples::get).toList());
        return task.distinctTexts()
                .map(texts ->
                        EpochBatches.distinct(examples.size(), BATCH, SEED, i -> texts.apply(examples.get(i)), batch))
                .orElseGet(() -> new EpochBatches(examples.size(), BATCH, SEED, batch));
    }

    /** Trains by the command line, and compares the adapter with that of the library. */
    private static void assertTrains(AdapterView expected, String command, Path model, Path data, Object... more)
            throws IOException {
        Path output = temp.resolve("of-" + command);
        Object[] words = {command, "--model", model, "--data", data, "--output", output, "--validation", 0};
        Object[] plan = {"--epochs", EPOCHS, "--batch", BATCH, "--rate", RATE, "--seed", SEED, "--rank", 3};
        Cli.good(Cli.words(Cli.words(words, plan), more));
        LoRAAdapter found = PeftAdapters.load(output);
        Path saved = temp.resolve("by-library-" + command);
        expected.save(saved);
        LoRAAdapter library = PeftAdapters.load(saved);
        assertThat(found.weights()).isEqualTo(library.weights());
        assertThat(found.savedModules()).isEqualTo(library.savedModules());
    }

    private static JsonNode evaluate(String command, Path model, Path data, Object... more) throws IOException {
        Object[] words = {
            "evaluate", "--model", model, "--adapter", temp.resolve("of-" + command), "--data", data, "--json"
        };
        return Cli.good(Cli.words(words, more)).json();
    }

    @Test
    void classify() throws IOException {
        Path data = SmallTexts.csv(temp.resolve("texts.csv"), 40, 2);
        List<LabelledText> texts = read(data, row -> Stream.of(new LabelledText(row.text("text"), row.label("label"))));
        try (TextClassifier model = TextClassifier.create(
                bert, Labels.of(List.of("cats", "ships")), Head.MEAN, OptionalInt.empty(), SEED, STORAGE)) {
            TrainableClassify task = model.trainableClasses();
            AdapterView adapter = train(task, texts);
            assertTrains(adapter, "classify", bert, data, "--head", "mean", "--overwrite");
            JsonNode found = evaluate("classify", bert, data);
            assertThat(found.at("/metrics/accuracy").asDouble())
                    .isEqualTo(task.measure(adapter, texts).classification().accuracy());
            assertThat(found.at("/calibration/expectedError").asDouble())
                    .isEqualTo(task.measure(adapter, texts).calibration().expectedError());
        }
    }

    @Test
    void labels() throws IOException {
        Path data = lines(
                "labels.csv",
                "text,label\n"
                        + "the cat on milk,cat;milk\na ship sails,ship\nthe sea,\nmilk on a sea,milk\n".repeat(8));
        List<TextLabels> texts =
                read(data, row -> Stream.of(new TextLabels(row.text("text"), row.labels("label", ";"))));
        Outputs outputs = Outputs.anyOf(Labels.of(List.of("cat", "milk", "ship")));
        try (TextClassifier model =
                TextClassifier.create(bert, outputs, Head.MEAN, OptionalInt.empty(), SEED, STORAGE)) {
            TrainableLabels task = model.trainableLabels();
            AdapterView adapter = train(task, texts);
            assertTrains(adapter, "classify", bert, data, "--head", "mean", "--label-separator", ";", "--overwrite");
            assertThat(evaluate("classify", bert, data, "--label-separator", ";")
                            .at("/metrics/micro/f1")
                            .asDouble())
                    .isEqualTo(task.measure(adapter, texts).metrics().micro().f1());
        }
    }

    @Test
    void number() throws IOException {
        Path data = lines(
                "numbers.csv",
                "text,label\n" + "the cat,3.5\na ship sails,-1\nthe sea,0.25\nmilk on a sea,2\n".repeat(8));
        List<TextNumber> texts = read(data, row -> Stream.of(new TextNumber(row.text("text"), row.number("label"))));
        try (TextClassifier model =
                TextClassifier.create(bert, Outputs.number("label"), Head.MEAN, OptionalInt.empty(), SEED, STORAGE)) {
            TrainableNumber task = model.trainableNumbers();
            AdapterView adapter = train(task, texts);
            assertTrains(adapter, "classify", bert, data, "--head", "mean", "--number", "--overwrite");
            assertThat(evaluate("classify", bert, data)
                            .at("/metrics/meanSquaredError")
                            .asDouble())
                    .isEqualTo(task.measure(adapter, texts).meanSquaredError());
        }
    }

    @Test
    void retrieve() throws IOException {
        Path data = lines(
                "triples.csv",
                "query,positive,negative\n" + "the cat,purrs a milk,the ship\nthe sea,a ship sails,milk\n".repeat(9));
        List<RetrievalExample> examples = read(data, row -> Stream.of(row.triple("query", "positive", "negative")));
        try (EncoderFolder model = EncoderFolder.open(bert)) {
            TrainableEmbed task = TrainableEmbed.ofTriples(
                    Embed.asTheModelSays(),
                    model.textTokens(),
                    model.sentenceEmbeddings(),
                    model.similarity(),
                    TrainableEmbed.SCALE);
            AdapterView adapter = train(task, examples);
            assertTrains(adapter, "retrieve", bert, data);
            assertThat(evaluate("retrieve", bert, data).at("/metrics/mrr").asDouble())
                    .isEqualTo(task.measure(adapter, examples).found().metrics().mrr());
        }
    }

    @Test
    void rerank() throws IOException {
        Path data = lines(
                "labelled.csv",
                "query,passage,label\n" + "the cat,purrs a milk,1\nthe cat,the ship,0\nthe sea,milk,0\n".repeat(9));
        List<LabelledPair> pairs = read(
                data,
                row -> Stream.of(new LabelledPair(
                        new TextPair(row.text("query"), row.text("passage")),
                        row.label("label").equals("1"))));
        try (TextClassifier model =
                TextClassifier.create(bert, Labels.numbered(1), Head.MEAN, OptionalInt.empty(), SEED, STORAGE)) {
            TrainableRerank task = model.trainableScores();
            AdapterView adapter = train(task, pairs);
            assertTrains(adapter, "rerank", bert, data, "--head", "mean");
            assertThat(evaluate("rerank", bert, data).at("/metrics/ndcgAt10").asDouble())
                    .isEqualTo(task.measure(adapter, pairs).found().metrics().ndcgAt10());
        }
    }

    @Test
    void sft() throws IOException {
        Path data = lines(
                "chats.jsonl",
                "{\"prompt\": \"the cow?\", \"completion\": \"moo\"}\n{\"prompt\": \"a cat\", \"completion\": \"purrs\"}\n"
                        .repeat(7));
        try (DecoderFolder model = DecoderFolder.open(llama, STORAGE)) {
            List<LearnedText> texts = read(data, row -> model.tokens().learned(row).stream());
            TrainableGenerate<LearnedText> task = TrainableGenerate.ofTexts(model.network(), model.tokens(), 100);
            AdapterView adapter = train(task, texts);
            assertTrains(adapter, "sft", llama, data, "--max-tokens", 100);
            assertThat(evaluate("sft", llama, data, "--max-tokens", 100)
                            .at("/metrics/perplexity")
                            .asDouble())
                    .isEqualTo(Perplexity.sum(task.measure(adapter, texts)).perplexity());
        }
    }

    @Test
    void clm() throws IOException {
        Path data = lines("text.csv", "text\n" + "the cow says moo\nand the cat purrs\n".repeat(9));
        try (DecoderFolder model = DecoderFolder.open(llama, STORAGE)) {
            int[] tokens = read(data, row -> Stream.of(model.tokens().text(row.text("text")))).stream()
                    .flatMapToInt(IntStream::of)
                    .toArray();
            List<TokenExample> blocks = new ArrayList<>();
            for (int from = 0; from < tokens.length - 1; from += 32) {
                blocks.add(TokenExample.ofText(Arrays.copyOfRange(tokens, from, Math.min(tokens.length, from + 32))));
            }
            assertTrains(train(TrainableGenerate.ofTokens(model.network()), blocks), "clm", llama, data, "--block", 32);
        }
    }

    @Test
    void dpo() throws IOException {
        Path data = lines(
                "pairs.jsonl",
                "{\"prompt\": \"the cow?\", \"chosen\": \"moo\", \"rejected\": \"purrs\"}\n".repeat(10)
                        + "{\"prompt\": \"a cat\", \"chosen\": \"purrs\", \"rejected\": \"moo\"}\n".repeat(6));
        try (DecoderFolder model = DecoderFolder.open(llama, STORAGE)) {
            List<PreferenceExample> pairs =
                    read(data, row -> Stream.of(model.tokens().preference(row)));
            TrainablePreferences task =
                    new TrainablePreferences(model.network(), new PreferenceLoss(0.2, 0, false), model.network());
            AdapterView adapter = train(task, pairs);
            assertTrains(adapter, "dpo", llama, data, "--beta", 0.2);
            JsonNode report = new ObjectMapper()
                    .readTree(temp.resolve("of-dpo/report.json").toFile());
            assertThat(report.at("/trainingPairs/accuracy").asDouble())
                    .isEqualTo(task.measure(adapter, pairs).stream()
                            .mapToDouble(PreferenceLoss.Metrics::accuracy)
                            .average()
                            .orElseThrow());
        }
    }
}
