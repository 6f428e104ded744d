package org.lora4j.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.apache.spark.ml.Pipeline;
import org.apache.spark.ml.PipelineModel;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.io.ModelSource;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.spark.internal.param.OptimizerName;
import org.lora4j.text.TextModel;
import org.lora4j.text.data.Labels;
import org.lora4j.text.data.TaggedText;
import org.lora4j.text.fixtures.OneTask;
import org.lora4j.text.metrics.PrecisionRecall;
import org.lora4j.text.task.Head;
import org.lora4j.text.task.TaskFile;
import org.lora4j.text.train.TrainableTag;
import org.lora4j.train.Trainer;
import org.lora4j.train.Validation;

/** Tags that are learned on Spark, against those that are learned on one machine. */
@Tag("slow")
class LoRATokenClassifierTest {
    private static final int BATCH = 10;
    private static final int STEPS = 30;
    private static final double RATE = 0.003;

    private static final Labels TAGS = Labels.of(List.of("O", "B-CITY", "I-CITY", "B-NAME", "I-NAME"));

    /** The last batch has 7 rows. */
    private final TaggedPhrases phrases = new TaggedPhrases(47);

    @TempDir
    Path folder;

    private Path base;
    private Dataset<Row> table;

    @BeforeEach
    void prepare() {
        base = Phrases.encoder(folder);
        table = phrases.table(Sessions.local(), 3);
    }

    private LoRATokenClassifier estimator(String form, int workers) {
        LoRATokenClassifier estimator = new LoRATokenClassifier()
                .setBasePath(base.toString())
                .setIdCol("id")
                .setLoraConfig(config(0.1))
                .setBatchSize(BATCH)
                .setMaxIter(STEPS)
                .setLearningRate(RATE)
                .setNumWorkers(workers);
        return form.equals("words")
                ? estimator.setTokensCol("tokens").setTagsCol("tags")
                : estimator.setTextCol("text").setLabelCol("label");
    }

    private static LoRAConfig config(double dropout) {
        return LoRAConfig.builder()
                .rank(2)
                .dropout(dropout)
                .targetModules("query", "value")
                .build();
    }

    /** Trains as a program without Spark does. */
    private LoRAAdapter onOneMachine(OptionalInt maxTokens, double dropout, List<TaggedText> held) throws IOException {
        try (TextModel model = TextModel.open(ModelSource.of(base), BaseStorage.of(Precision.FLOAT))) {
            TrainableTag task = new TrainableTag(
                    new org.lora4j.text.task.Tag(TAGS, org.lora4j.text.task.Tag.SubWords.FIRST, maxTokens),
                    model.textTokens(),
                    Head.TOKENS.network(model.model(), TAGS.count(), 0));
            AdapterView view = LoRAModel.of(task.network()).add("a", task.config(config(dropout)));
            Trainer.Builder trainer = Trainer.builder(view)
                    .loss(task.loss())
                    .updater(OptimizerName.ADAM.updater(RATE, 0.01))
                    .maxIterations(STEPS);
            if (!held.isEmpty()) {
                trainer.validation(Validation.loss(List.of(task.batch(held))));
            }
            List<TaggedText> texts = phrases.texts().subList(0, phrases.texts().size() - held.size());
            List<org.lora4j.train.Batch> batches = new ArrayList<>();
            for (int from = 0; from < texts.size(); from += BATCH) {
                batches.add(task.batch(texts.subList(from, Math.min(texts.size(), from + BATCH))));
            }
            trainer.build().fit(batches);
            return view.adapter();
        }
    }

    /** The encoder has dropout of its own in each attention, whose place is that of the window in the batch. */
    @ParameterizedTest
    @CsvSource({"words, 1", "words, 2", "words, 3", "spans, 2", "words, 13"})
    void equalsATrainingOnOneMachine(String form, int workers) throws IOException {
        LoRAAdapter trained = estimator(form, workers).fit(table).adapter();
        LoRAAdapter expected = onOneMachine(OptionalInt.empty(), 0.1, List.of());
        double difference = Adapters.difference(trained, expected);
        System.out.println("difference of tags, " + form + ", " + workers + " workers: " + difference);
        assertThat(difference).isLessThan(1e-5);
        // It is seen if something trains in another way.
        assertThat(Adapters.difference(trained, onOneMachine(OptionalInt.of(9), 0.1, List.of())))
                .isGreaterThan(1e-3);
    }

    @Test
    void theWindowsAreThoseThatAreAskedFor() throws IOException {
        LoRATagger tagger = estimator("words", 2).setMaxTokens(9).fit(table);
        assertThat(Adapters.difference(tagger.adapter(), onOneMachine(OptionalInt.of(9), 0.1, List.of())))
                .isLessThan(1e-5);
        tagger.save(folder + "/tagger");
        assertThat(TaskFile.read(folder.resolve("tagger/adapter")))
                .hasValue(
                        new org.lora4j.text.task.Tag(TAGS, org.lora4j.text.task.Tag.SubWords.FIRST, OptionalInt.of(9)));
    }

    /** The epoch with the lowest loss of the held rows is kept. */
    @Test
    void theValidationIsThatOfOneMachine() throws IOException {
        LoRAAdapter trained = estimator("words", 3)
                .setLoraConfig(config(0))
                .setValidationIndicatorCol("held")
                .fit(table.withColumn("held", functions.expr("id >= 37")))
                .adapter();
        LoRAAdapter expected =
                onOneMachine(OptionalInt.empty(), 0, phrases.texts().subList(37, 47));
        assertThat(Adapters.difference(trained, expected)).isLessThan(1e-5);
    }

    @Test
    void theBitsDependNeitherOnTheRunNorOnThePartitionsOfTheTable() {
        LoRATokenClassifier estimator = estimator("words", 3).setMaxIter(7);
        LoRAAdapter first = estimator.fit(table).adapter();
        assertThat(estimator.fit(phrases.table(Sessions.local(), 7)).adapter()).isEqualTo(first);
        estimator.clear(estimator.idCol());
        assertThat(estimator.fit(phrases.table(Sessions.local(), 5)).adapter())
                .isEqualTo(estimator.fit(table).adapter());
    }

    @Test
    void anotherDriverContinuesWithTheSameBits() {
        LoRATokenClassifier estimator =
                estimator("words", 2).setCheckpointPath(folder + "/states").setCheckpointInterval(4);
        assertThatThrownBy(() -> estimator
                        .copy(ParamMap.empty())
                        .setListener(round -> {
                            if (round.iteration() == 15) {
                                throw new IllegalStateException("the driver ends");
                            }
                        })
                        .fit(table))
                .hasMessage("the driver ends");
        assertThatThrownBy(() -> estimator.setSubWords("all").fit(table)).hasMessageContaining("subWords is all now");
        List<Long> iterations = new ArrayList<>();
        LoRAAdapter resumed = estimator
                .setSubWords("first")
                .setListener(round -> iterations.add(round.iteration()))
                .fit(table)
                .adapter();
        assertThat(iterations.get(0)).isEqualTo(13);
        assertThat(resumed).isEqualTo(estimator("words", 2).fit(table).adapter());
    }

    @Test
    void localStepsLearnToo() {
        List<Double> losses = new ArrayList<>();
        estimator("words", 2)
                .setLocalSteps(5)
                .setMaxIter(100)
                .setListener(round -> losses.add(round.loss()))
                .fit(table);
        assertThat(losses.get(losses.size() - 1)).isLessThan(losses.get(0) - 0.3);
    }

    @Test
    void aSavedTaggerFindsTheSameAndWhatItLearned() throws IOException {
        LoRATagger tagger = estimator("spans", 2)
                .setLoraConfig(config(0))
                .setSpansCol("found")
                .setMaxIter(200)
                .setLearningRate(0.02)
                .fit(table);
        List<Row> found = rows(tagger.transform(table));
        tagger.setSaveBase(true).write().overwrite().save(folder + "/tagger");
        LoRATagger loaded = LoRATagger.load(folder + "/tagger");
        assertThat(loaded.adapter()).isEqualTo(tagger.adapter());
        assertThat(rows(loaded.transform(table))).isEqualTo(found);
        LoRATagger named = new LoRATagger()
                .setBasePath(base.toString())
                .setAdapterPath(folder + "/tagger/adapter")
                .setSpansCol("found");
        assertThat(rows(named.transform(table))).isEqualTo(found);

        int right = 0;
        int all = 0;
        int predicted = 0;
        for (Row row : found) {
            List<List<Object>> actual = spans(row, "label");
            List<List<Object>> spans = spans(row, "found");
            all += actual.size();
            predicted += spans.size();
            right += (int) spans.stream().filter(actual::contains).count();
        }
        double f1 = new PrecisionRecall(right, predicted, all).f1();
        System.out.println("F1 of the tags on the rows that train: " + f1);
        // Without a training it is 0.
        assertThat(f1).isGreaterThan(0.6);
    }

    private static List<List<Object>> spans(Row row, String column) {
        return row.<Row>getList(row.fieldIndex(column)).stream()
                .map(span -> List.<Object>of(span.getAs("start"), span.getAs("end"), span.getAs("label")))
                .toList();
    }

    private static List<Row> rows(Dataset<Row> tagged) {
        return tagged.orderBy("id").collectAsList();
    }

    @Test
    void aDecoderLearnsTagsToo() throws IOException {
        OneTask tasks = OneTask.write(folder.resolve("tasks"));
        Dataset<Row> words =
                table.selectExpr("id", "transform(tokens, t -> if(t < 'w3', 'parcel', 'where')) AS tokens", "tags");
        LoRATagger tagger = estimator("words", 2)
                .setBasePath(tasks.decoder().toString())
                .setLoraConfig(LoRAConfig.of(2, 4))
                .setMaxIter(3)
                .fit(words);
        assertThat(tagger.adapter().savedModules()).containsKey("score");
    }

    @Test
    void worksInAPipeline() throws IOException {
        Pipeline pipeline = new Pipeline()
                .setStages(new PipelineStage[] {estimator("words", 2).setMaxIter(5)});
        PipelineModel fitted = pipeline.fit(table);
        fitted.write().overwrite().save(folder + "/pipeline");
        assertThat(rows(PipelineModel.load(folder + "/pipeline").transform(table)))
                .isEqualTo(rows(fitted.transform(table)));
        assertThat(pipeline.transformSchema(table.schema()).fieldNames()).endsWith("spans");
        LoRATokenClassifier estimator = estimator("spans", 2).setMaxTokens(9).setSubWords("all");
        estimator.save(folder + "/estimator");
        assertThat(LoRATokenClassifier.load(folder + "/estimator").explainParams())
                .isEqualTo(estimator.explainParams());
    }

    /** Without columns that are set, the table decides. */
    @Test
    void aTableIsReadInTheFormOfItsColumns() {
        LoRATokenClassifier estimator = estimator("words", 2).setMaxIter(3);
        LoRAAdapter expected = estimator.fit(table).adapter();
        estimator.clear(estimator.tokensCol());
        estimator.clear(estimator.tagsCol());
        assertThat(estimator.fit(table).adapter()).isEqualTo(expected);
        assertThat(estimator.fit(table.drop("tokens", "tags")).adapter()).isEqualTo(expected);
    }

    @Test
    void rowsThatCannotBeLearnedAreNamedOrLeftOut() {
        Dataset<Row> wrong =
                table.withColumn("tags", functions.expr("if(id = 5, slice(tags, 2, 99), if(id = 6, null, tags))"));
        assertThatThrownBy(() -> estimator("words", 2).fit(wrong.filter("id != 6")))
                .hasStackTraceContaining("tags: there must be one for each of the")
                .hasStackTraceContaining("The row has the id 5");
        assertThatThrownBy(() -> estimator("words", 2).fit(wrong.filter("id != 5")))
                .hasStackTraceContaining("tagsCol: the tags must not be null")
                .hasStackTraceContaining("The row has the id 6");
        assertThat(estimator("words", 2)
                        .setMaxIter(6)
                        .setHandleInvalid("skip")
                        .fit(wrong)
                        .adapter())
                .isEqualTo(estimator("words", 2)
                        .setMaxIter(6)
                        .fit(table.filter("id not in (5, 6)"))
                        .adapter());
        Dataset<Row> outside = table.withColumn(
                "label",
                functions.expr("if(id = 5, array(named_struct('start', 1, 'end', 2, 'label', 'NAME')), label)"));
        assertThatThrownBy(() -> estimator("spans", 2).fit(outside))
                .hasStackTraceContaining("each must begin and end with a word of the text")
                .hasStackTraceContaining("The row has the id 5");
        Dataset<Row> noText = table.withColumn(
                "label",
                functions.expr("transform(label, s -> named_struct('start', s.start, 'end', s.end, 'label', s.label,"
                        + " 'text', 'other'))"));
        assertThatThrownBy(() -> estimator("spans", 2).fit(noText)).hasStackTraceContaining("as its text says");
    }

    @Test
    void refusesWhatItCannotTrainOn() throws IOException {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new LoRATokenClassifier().fit(table))
                .withMessageStartingWith("basePath must be set");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> estimator("words", 2).setLabelCol("label").fit(table))
                .withMessageStartingWith("the columns must be those of one form");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> estimator("words", 2).setTagsCol("text").fit(table))
                .withMessageContaining("tagsCol: the column 'text' must be an array<string>, found string");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> estimator("spans", 2).setLabelCol("tags").fit(table))
                .withMessageContaining("must be an array<struct<start:int,end:int,label:string>>, found array<string>");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> estimator("spans", 2).setSpansCol("label").fit(table))
                .withMessageStartingWith("spansCol: the table must not have the column 'label' yet");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> estimator("words", 2)
                        .fit(table.withColumn("tags", functions.expr("transform(tags, t -> 'O')"))))
                .withMessageContaining("must have spans of 1 to 1000 labels, found none in the column 'tags'");
        assertThatThrownBy(() -> estimator("words", 2).setMaxTokens(17).fit(table))
                .hasMessageContaining("17");
        assertThatThrownBy(() -> new LoRATagger().adapter()).hasMessageContaining("LoRATokenClassifier");
        Files.delete(base.resolve("model.safetensors"));
        assertThatThrownBy(() -> estimator("words", 2).fit(table)).hasMessageContaining("basePath: ");
    }
}
