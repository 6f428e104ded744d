package org.lora4j.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Percentage.withPercentage;

import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.ml.param.Param;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.generate.Generator;
import org.lora4j.nn.Model;
import org.lora4j.spark.internal.base.BaseDecoder;
import org.lora4j.spark.internal.param.InvalidRows;
import org.lora4j.spark.internal.rows.DecoderColumns;
import org.lora4j.spark.internal.rows.DecoderReader;
import org.lora4j.spark.internal.score.Completions;
import org.lora4j.spark.internal.score.GeneratedRows;
import org.lora4j.spark.internal.score.RowOutputs;
import org.lora4j.spark.internal.score.ScoringColumns;
import org.lora4j.spark.internal.score.ScoringTask;
import org.lora4j.spark.internal.score.SentOptions;
import org.lora4j.spark.internal.score.TextScores;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.chat.DecoderTokens;
import org.lora4j.text.data.TokenExample;
import org.lora4j.text.metrics.Perplexity;

/** Probabilities and new texts of the rows of a table, against those of one machine; and rows that have none. */
@Tag("slow")
class TextOutputTest {
    private static final String VALID = "id not in (3, 8, 11, 14, 20)";

    private final Chats chats = new Chats(30);

    @TempDir
    Path folder;

    private String base;
    private Dataset<Row> table;
    private DecoderFolder decoder;
    private LoRAModel tenants;

    /** One adapter is DoRA. A row whose number is divisible by 5 has none. */
    @BeforeEach
    void prepare() throws Exception {
        base = Chats.decoder(folder).toString();
        table = chats.table(Sessions.local(), 3).withColumn("tenant", functions.expr("if(id % 5 = 0, null, tenant)"));
        decoder = DecoderFolder.open(Path.of(base));
        tenants = LoRAModel.of(decoder.network());
        for (int i = 0; i < 3; i++) {
            AdapterView view = tenants.add(
                    "tenant" + i,
                    LoRAConfig.builder()
                            .rank(2)
                            .init(LoRAInit.random())
                            .seed(i)
                            .dora(i == 2)
                            .build());
            view.parameters().forEach(parameter -> parameter.value().addi(0.2));
            view.save(folder.resolve("adapters/tenant" + i));
        }
    }

    @AfterEach
    void close() {
        decoder.close();
    }

    private LoRACausalLMModel model() {
        return new LoRACausalLMModel()
                .setBasePath(base)
                .setIdCol("id")
                .setAdapterCol("tenant")
                .setAdapterFolder(folder.resolve("adapters").toString());
    }

    private Model adapted(Row row) {
        String tenant = row.getAs("tenant");
        return tenant == null ? tenants.base() : tenants.using(tenant);
    }

    @ParameterizedTest
    @ValueSource(strings = {"messages", "prompt", "text"})
    void eachRowIsScoredWithItsAdapter(String form) {
        DecoderTokens tokens = decoder.tokens();
        LoRACausalLMModel model = model().setMaxTokens(Chats.BLOCK);
        if (form.equals("prompt")) {
            model.setPromptCol("prompt");
        } else if (form.equals("text")) {
            model.setTextCol("text");
        }
        // An answer of 20 words is longer than the block.
        List<Row> rows = model.transform(table).collectAsList();
        assertThat(rows).hasSize(30);
        for (Row row : rows) {
            int id = (int) (long) row.getAs("id");
            List<TokenExample> examples = form.equals("text")
                    ? DecoderTokens.blocks(tokens.text(chats.text(id)), Chats.BLOCK)
                    : List.of(tokens.conversation(chats.conversation(id)).cut(Chats.BLOCK));
            Generator generator = Generator.of(adapted(row));
            double nats = 0;
            long count = 0;
            for (TokenExample example : examples) {
                Perplexity one = example.perplexity(generator);
                nats += one.nats();
                count += one.tokens();
            }
            assertThat(row.<Double>getAs("logProbability")).isCloseTo(-nats, withPercentage(1e-4));
            assertThat(row.<Long>getAs("tokens")).isEqualTo(count);
            assertThat(row.<Double>getAs("perplexity")).isCloseTo(Math.exp(nats / count), withPercentage(1e-3));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"messages", "prompt", "text"})
    void eachRowIsContinuedWithItsAdapter(String form) {
        DecoderTokens tokens = decoder.tokens();
        LoRACausalLMModel model = model().setTask("generate").setMaxNewTokens(9).setBatchSize(7);
        Dataset<Row> some = table.drop("completion");
        if (form.equals("prompt")) {
            model.setPromptCol("prompt");
        } else if (form.equals("text")) {
            model.setTextCol("text");
        }
        GenerationOptions options = GenerationOptions.greedy().withMaxTokens(9);
        List<Row> rows = model.transform(some).collectAsList();
        assertThat(rows).hasSize(30);
        for (Row row : rows) {
            int id = (int) (long) row.getAs("id");
            int[] prompt = form.equals("text") ? tokens.plain(chats.text(id)) : tokens.prompt(chats.question(id));
            assertThat(row.<String>getAs("generated")).isEqualTo(generated(adapted(row), prompt, options));
        }
    }

    private String generated(Model model, int[] prompt, GenerationOptions options) {
        List<Integer> ids = Generator.of(model)
                .generate(prompt, decoder.tokens().fitting(options, prompt.length))
                .newTokens();
        return decoder.tokenizer()
                .decode(ids.stream().mapToInt(Integer::intValue).toArray());
    }

    @Test
    void theDrawsOfARowDependOnTheSeedAndItsIdAndNotOnItsPlace() {
        LoRACausalLMModel model = model().setTask("generate")
                .setMaxNewTokens(12)
                .setTemperature(1)
                .setTopK(20)
                .setTopP(0.95)
                .setMinP(0.01)
                .setRepetitionPenalty(1.1)
                .setSeed(4);
        List<Row> first = generated(model, table);
        assertThat(generated(model.setBatchSize(3), table.repartition(5))).isEqualTo(first);
        assertThat(generated(model.setSeed(5), table)).isNotEqualTo(first);
        // Rows with the same prompt get other texts.
        Dataset<Row> same = table.drop("messages").withColumn("prompt", functions.lit("w1 w2"));
        assertThat(model.transform(same).select("generated").distinct().count()).isGreaterThan(10);
        Row row = first.get(6);
        GenerationOptions options = GenerationOptions.sampling(31 * 4 + Long.hashCode(6))
                .withTemperature(1)
                .withTopK(20)
                .withTopP(0.95)
                .withMinP(0.01)
                .withRepetitionPenalty(1.1)
                .withMaxTokens(12);
        assertThat(row.getString(1))
                .isEqualTo(generated(tenants.using("tenant0"), decoder.tokens().prompt(chats.question(6)), options));
    }

    private static List<Row> generated(LoRACausalLMModel model, Dataset<Row> table) {
        return model.transform(table).orderBy("id").select("id", "generated").collectAsList();
    }

    @Test
    void aTrainedAdapterLowersThePerplexity() {
        LoRACausalLMModel model = new LoRACausalLM()
                .setBasePath(base)
                .setIdCol("id")
                .setRank(4)
                .setBatchSize(10)
                .setEpochs(20)
                .setLearningRate(0.02)
                .setNumWorkers(2)
                .fit(table);
        assertThat(perplexity(model.transform(table)))
                .isLessThan(0.5
                        * perplexity(model().transform(table.withColumn(
                                "tenant", functions.lit(null).cast("string")))));
        LoRAAdapter adapter = model.adapter();
        assertThat(adapter.config().rank()).isEqualTo(4);
        assertThat(model.hasSummary()).isTrue();
        assertThat(model.summary().totalIterations()).isEqualTo(60);
        assertThatIllegalStateException()
                .isThrownBy(() -> model().adapter())
                .withMessageContaining(
                        "train it with LoRACausalLM; adapterPath and adapterCol name adapters without holding them");
        assertThat(model().hasSummary()).isFalse();
    }

    private static double perplexity(Dataset<Row> scored) {
        return scored.selectExpr("exp(-sum(logProbability) / sum(tokens))")
                .first()
                .getDouble(0);
    }

    @Test
    void columnsHaveOtherNamesOrAreLeftOut() {
        LoRACausalLMModel model =
                model().setLogProbabilityCol("").setTokensCol("n").setPerplexityCol("");
        assertThat(model.transform(table).columns()).endsWith("tenant", "n");
        assertThat(model.setTask("generate")
                        .setGeneratedCol("reply")
                        .transform(table)
                        .columns())
                .endsWith("tenant", "reply");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> model.setGeneratedCol("text").transform(table))
                .withMessageStartingWith("generatedCol: the table must not have the column 'text' yet");
    }

    /** Each setter of a stage, and its getter. */
    @Test
    void gettersReturnWhatSettersSet() throws Exception {
        for (PipelineStage stage : List.of(new LoRACausalLM("lm"), model())) {
            Map<Class<?>, Object> values = Map.of(String.class, "a", int.class, 3, long.class, 4L, double.class, 0.5);
            int found = 0;
            for (Param<?> param : stage.params()) {
                assertThat(param.parent()).as(param.name()).isEqualTo(stage.uid());
                String name = Character.toUpperCase(param.name().charAt(0))
                        + param.name().substring(1);
                for (Method setter : stage.getClass().getMethods()) {
                    Object value = param.name().equals("task")
                            ? "generate"
                            : param.name().equals("storage")
                                    ? "int8"
                                    : setter.getParameterCount() == 1
                                            ? values.get(setter.getParameterTypes()[0])
                                            : null;
                    Method getter = getter(stage, "get" + name);
                    if (setter.getName().equals("set" + name) && value != null && getter != null && !isChoice(param)) {
                        assertThat(setter.invoke(stage, value)).isSameAs(stage);
                        assertThat(getter.invoke(stage)).as(name).isEqualTo(value);
                        found++;
                    }
                }
            }
            assertThat(found).isGreaterThan(10);
        }
    }

    private static @Nullable Method getter(Object stage, String name) {
        return Arrays.stream(stage.getClass().getMethods())
                .filter(method ->
                        method.getName().equals(name) && method.getParameterCount() == 0 && !method.isBridge())
                .findFirst()
                .orElse(null);
    }

    private static boolean isChoice(Param<?> param) {
        return param.doc().contains(": one of ") && !List.of("task", "storage").contains(param.name());
    }

    /** 3 has null, 8 no message, 11 a message without a role, 14 no answer, and 20 an unknown adapter. */
    private Dataset<Row> broken() {
        return table.withColumn(
                        "messages",
                        functions.expr("CASE id WHEN 3 THEN null WHEN 8 THEN slice(messages, 1, 0)"
                                + " WHEN 11 THEN transform(messages, m -> named_struct('role', string(null), 'content',"
                                + " m.content)) WHEN 14 THEN slice(messages, 1, 1) ELSE messages END"))
                .withColumn("tenant", functions.expr("if(id = 20, 'nobody', tenant)"));
    }

    @Test
    void errorsNameTheRow() {
        String[] messages = {
            "3: must not be null, found null in a row. The row has the id 3",
            "8: a row must have at least one message, found none. The row has the id 8",
            "11: the role of a message must not be null, found null at index 0. The row has the id 11",
            "14: of a row must leave a token of an answer within maxTokens, which are 64",
            "20: the adapter of each row must be in adapterFolder"
        };
        for (String message : messages) {
            String[] parts = message.split(": ", 2);
            Dataset<Row> some = broken().filter(VALID).union(broken().filter("id = " + parts[0]));
            assertThatThrownBy(() -> model().transform(some).collectAsList())
                    .hasStackTraceContaining(parts[1])
                    .hasStackTraceContaining("The row has the id " + parts[0]);
            if (!parts[0].equals("20")) {
                assertThatThrownBy(() -> estimator().fit(some))
                        .hasStackTraceContaining(parts[1])
                        .hasStackTraceContaining("The row has the id " + parts[0]);
            }
        }
    }

    private LoRACausalLM estimator() {
        return new LoRACausalLM()
                .setBasePath(base)
                .setIdCol("id")
                .setBatchSize(10)
                .setMaxIter(4)
                .setNumWorkers(2);
    }

    @Test
    void rowsThatCannotBeComputedAreSkippedOrKept() {
        List<Row> expected = model().transform(table.filter(VALID))
                .orderBy("id")
                .select("id", "perplexity")
                .collectAsList();
        List<Row> skipped = model().setHandleInvalid("skip")
                .transform(broken())
                .orderBy("id")
                .select("id", "perplexity")
                .collectAsList();
        assertThat(skipped).hasSize(25);
        for (int i = 0; i < 25; i++) {
            assertThat(skipped.get(i).getLong(0)).isEqualTo(expected.get(i).getLong(0));
            assertThat(skipped.get(i).getDouble(1)).isCloseTo(expected.get(i).getDouble(1), withPercentage(1e-3));
        }
        Dataset<Row> kept = model().setHandleInvalid("keep").transform(broken());
        assertThat(kept
                        .filter("perplexity is null and tokens is null and logProbability is null")
                        .orderBy("id")
                        .select("id")
                        .collectAsList()
                        .stream()
                        .map(row -> row.getLong(0)))
                .containsExactly(3L, 8L, 11L, 14L, 20L);
        assertThat(kept.filter("reason is null").count()).isEqualTo(25);
        // To answer a conversation, it needs no answer.
        assertThat(model().setTask("generate")
                        .setMaxNewTokens(2)
                        .setHandleInvalid("keep")
                        .transform(broken())
                        .filter("generated is null")
                        .count())
                .isEqualTo(4);
        assertThat(estimator()
                        .setHandleInvalid("skip")
                        .fit(broken().withColumn("tenant", functions.lit("a")))
                        .adapter())
                .isEqualTo(estimator()
                        .fit(table.filter("id not in (3, 8, 11, 14)"))
                        .adapter());
    }

    @Test
    void textsAndPromptsThatAreNullOrTooLong() {
        Dataset<Row> texts =
                table.select("id", "text", "tenant").withColumn("text", functions.expr("if(id = 4, null, text)"));
        assertThatThrownBy(() -> model().transform(texts).collectAsList())
                .hasStackTraceContaining(
                        "textCol: the text must not be null, found null in a row. The row has the id 4");
        assertThatThrownBy(() -> estimator().fit(texts))
                .hasStackTraceContaining(
                        "textCol: the text must not be null, found null in a row. The row has the id 4");
        assertThat(estimator().setHandleInvalid("skip").fit(texts).adapter())
                .isEqualTo(estimator().fit(texts.filter("id <> 4")).adapter());
        Dataset<Row> prompts = table.select("id", "prompt", "tenant")
                .withColumn("prompt", functions.expr("if(id = 4, repeat('w1 ', 70), prompt)"));
        assertThatThrownBy(() -> model().setTask("generate").transform(prompts).collectAsList())
                .hasStackTraceContaining(
                        "promptCol: the prompt of a row cannot be used: the prompt must have 1 to 64 tokens")
                .hasStackTraceContaining("The row has the id 4");
        assertThatThrownBy(() -> estimator().fit(table.filter("id < 0")))
                .hasMessage("the table must have at least one row, found none");
    }

    @Test
    void takesPartitionsWithoutRows() {
        Dataset<Row> some = table.repartition(7).filter("id < 4");
        assertThat(model().transform(some).count()).isEqualTo(4);
        for (Dataset<Row> form : List.of(some, some.select("id", "text"))) {
            assertThat(estimator().setNumWorkers(5).fit(form).adapter())
                    .isEqualTo(
                            estimator().setNumWorkers(5).fit(form.coalesce(1)).adapter());
        }
    }

    /** With few logits at a time, each text is computed alone. */
    @Test
    void textsThatAreComputedTogetherHaveTheScoresOfTextsAlone() {
        DecoderTokens tokens = decoder.tokens();
        Dataset<Row> plain = table.select("id", "text");
        LoRACausalLMModel model = model().setTextCol("text");
        JavaSparkContext spark =
                JavaSparkContext.fromSparkContext(Sessions.local().sparkContext());
        BaseDecoder read = BaseDecoder.read(model, spark.hadoopConfiguration(), 1 << 20);
        Broadcast<BaseDecoder> sent = spark.broadcast(read);
        LoRAModel own = LoRAModel.of(read.network());
        own.add(ScoringTask.OWN, tenants.adapter("tenant2"));
        ScoringTask.Scorer<BaseDecoder> scorer = new ScoringTask.Scorer<>(sent, own, null);
        DecoderReader reader = DecoderColumns.of(model, plain.schema(), true).reader(sent, plain.schema());
        List<RowOutputs.Usable<List<TokenExample>>> rows = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            rows.add(new RowOutputs.Usable<>(DecoderTokens.blocks(tokens.text(chats.text(i)), Chats.BLOCK), "base"));
        }
        List<Object[]> alone = new TextScores(reader, true, true, true, 45).compute(scorer, rows);
        for (long mostLogits : new long[] {45 * 60, TextScores.MOST_LOGITS}) {
            List<Object[]> together = new TextScores(reader, true, true, true, mostLogits).compute(scorer, rows);
            for (int i = 0; i < 30; i++) {
                assertThat((double) together.get(i)[0]).isCloseTo((double) alone.get(i)[0], withPercentage(1e-4));
                assertThat(together.get(i)[1]).isEqualTo(alone.get(i)[1]);
            }
        }
    }

    @Test
    void rowsStayInTheirOrderAndAFewAreReadBeforeALongTextEnds() {
        Dataset<Row> some = table.select("id", "prompt").coalesce(1);
        LoRACausalLMModel model = new LoRACausalLMModel()
                .setBasePath(base)
                .setIdCol("id")
                .setAdapterCol("tenant")
                .setAdapterFolder(folder.resolve("adapters").toString())
                .setTask("generate")
                .setMaxNewTokens(30)
                .setBatchSize(2);
        Dataset<Row> named = some.withColumn("tenant", functions.lit("tenant1"));
        List<Row> rows = new ArrayList<>(
                model.transform(named).select("id", "prompt", "generated").collectAsList());
        assertThat(rows.stream().map(row -> row.getLong(0)).toList())
                .isEqualTo(
                        some.collectAsList().stream().map(row -> row.getLong(0)).toList());
        // The longest text first, before which no other can be written.
        rows.sort(Comparator.comparing(row -> row.getString(2).split(" ").length));
        rows.add(0, rows.remove(rows.size() - 1));
        JavaSparkContext spark =
                JavaSparkContext.fromSparkContext(Sessions.local().sparkContext());
        BaseDecoder read = BaseDecoder.read(model, spark.hadoopConfiguration(), 1 << 20);
        Broadcast<BaseDecoder> sent = spark.broadcast(read);
        LoRAModel own = LoRAModel.of(read.network());
        own.add(ScoringTask.OWN, tenants.adapter("tenant1"));
        StructType schema = rows.get(0).schema();
        AtomicInteger taken = new AtomicInteger();
        GeneratedRows generated = new GeneratedRows(
                rows.stream().peek(row -> taken.incrementAndGet()).iterator(),
                new ScoringTask.Scorer<>(sent, own, null),
                new ScoringColumns(-1, 0, false, InvalidRows.ERROR, 2),
                new Completions(DecoderColumns.of(model, schema, false).reader(sent, schema), SentOptions.of(model)));
        Row first = generated.next();
        assertThat(first.getString(3)).isEqualTo(rows.get(0).getString(2));
        assertThat(taken.get()).isBetween(3, 8);
        for (int i = 1; i < rows.size(); i++) {
            assertThat(generated.next().getString(3)).isEqualTo(rows.get(i).getString(2));
        }
        assertThat(generated.hasNext()).isFalse();
    }

    /** The numbers of the adapter are too large, so the logits of its rows are not finite. */
    @ParameterizedTest
    @ValueSource(strings = {"score", "generate"})
    void anAdapterThatGivesNoNumbersSpoilsItsRowsOnly(String task) throws Exception {
        AdapterView view = tenants.add(
                "broken", LoRAConfig.builder().rank(2).init(LoRAInit.random()).build());
        view.parameters().forEach(parameter -> parameter.value().muli(1e30));
        view.save(folder.resolve("adapters/broken"));
        Dataset<Row> mixed = table.withColumn("tenant", functions.expr("if(id = 7, 'broken', tenant)"));
        LoRACausalLMModel model = model().setTask(task).setMaxNewTokens(3);
        List<Row> kept = model.setHandleInvalid("keep")
                .transform(mixed)
                .filter("reason is not null")
                .select("id", "reason")
                .collectAsList();
        assertThat(kept).singleElement().satisfies(row -> {
            assertThat(row.getLong(0)).isEqualTo(7);
            assertThat(row.getString(1)).startsWith("a row cannot be computed: ");
        });
        assertThat(model.setHandleInvalid("skip").transform(mixed).count()).isEqualTo(29);
        assertThatThrownBy(
                        () -> model.setHandleInvalid("error").transform(mixed).collectAsList())
                .hasStackTraceContaining("The row has the id 7");
    }

    @Test
    void allRowsHaveTheAdapterOfAFolder() {
        LoRACausalLMModel one = new LoRACausalLMModel()
                .setBasePath(base)
                .setIdCol("id")
                .setAdapterPath(folder.resolve("adapters/tenant1").toString());
        List<Row> expected = model().transform(table.withColumn("tenant", functions.lit("tenant1")))
                .orderBy("id")
                .collectAsList();
        List<Row> found = one.transform(table).orderBy("id").collectAsList();
        assertThat(found).hasSize(30);
        for (int i = 0; i < 30; i++) {
            assertThat(found.get(i).<Long>getAs("tokens"))
                    .isEqualTo(expected.get(i).<Long>getAs("tokens"));
            // Sums of floats, whose last bits depend on the other rows of a batch.
            assertThat(found.get(i).<Double>getAs("logProbability"))
                    .isCloseTo(expected.get(i).<Double>getAs("logProbability"), withPercentage(1e-4));
        }
    }

    @Test
    void adaptersOfAnotherBaseAreRefused() throws Exception {
        Path file = folder.resolve("adapters/tenant1/adapter_config.json");
        Files.writeString(file, Files.readString(file).replace("\"r\"", "\"rank\""));
        assertThatThrownBy(() -> model().transform(table).collectAsList())
                .hasStackTraceContaining("adapterCol: the adapter of each row must be in adapterFolder, found: ");
    }
}
