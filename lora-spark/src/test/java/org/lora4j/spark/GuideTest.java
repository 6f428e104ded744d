package org.lora4j.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.ml.Pipeline;
import org.apache.spark.ml.PipelineModel;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.ml.evaluation.MulticlassClassificationEvaluator;
import org.apache.spark.ml.feature.VectorAssembler;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.ml.tuning.CrossValidatorModel;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.nn.Network;
import org.lora4j.text.fixtures.OneTask;
import org.lora4j.train.Trainer;
import org.nd4j.linalg.api.buffer.DataType;

/** The code blocks of the page about Spark. */
@Tag("slow")
class GuideTest {
    private final SparkSession spark = Sessions.local();
    private final Digits digits = new Digits(400);

    @TempDir
    Path folder;

    private Dataset<Row> table;
    private String path;

    /** A base whose classes are numbered in another way than those of the table. */
    @BeforeEach
    void prepare() throws Exception {
        Network network = Digits.network();
        Trainer.builder(network).epochs(5).build().fit(digits.batches(20, DataType.FLOAT));
        path = folder.toString();
        network.save(Path.of(path, "base.safetensors"));
        table = digits.table(spark, 2, 1);
    }

    // spotless:off
    @Test
    void fromADataFrameToAnAdapter() throws Exception {
        table = table.withColumn("label", functions.expr("(label + 1) % 4"));
        LoRAEstimator estimator = new LoRAEstimator()
                .setBasePath(path + "/base.safetensors") // a file that Network.save wrote
                .setFeaturesCol("features")              // a vector or an array of numbers
                .setLabelCol("label")                    // the number of a class
                .setIdCol("id")                          // orders the rows, so that each run gives the same bits
                .setRank(4)
                .setAlpha(8)
                .setOptimizer("adam")
                .setLearningRate(0.01)
                .setBatchSize(40)                        // over all workers
                .setEpochs(30)
                .setNumWorkers(2)
                .setCheckpointPath(path + "/checkpoints");
        LoRATransformer model = estimator.fit(table);
        model.save(path + "/model");                     // the adapter is in /model/adapter, in PEFT's form

        Dataset<Row> scored = LoRATransformer.load(path + "/model")
                .setOutputType("vector")
                .transform(table);
        scored.select("id", "label", "output", "prediction").show(5);
        double accuracy = new MulticlassClassificationEvaluator().setMetricName("accuracy").evaluate(scored);
        assertThat(accuracy).isEqualTo(accuracy(scored)).isGreaterThan(0.8);
    }

    private static double accuracy(Dataset<Row> scored) {
        List<Row> rows = scored.select("label", "output").collectAsList();
        return rows.stream()
                .filter(row -> row.<Vector>getAs(1).argmax() == row.getInt(0))
                .count() / (double) rows.size();
    }

    @Test
    void theProgram() throws Exception {
        table.write().parquet(path + "/table");
        TrainClassifier.main(new String[] {path + "/base.safetensors", path + "/table", path + "/best"});
        Sessions.stop();
        Dataset<Row> rows = Sessions.local().read().parquet(path + "/table");
        double accuracy = new MulticlassClassificationEvaluator()
                .setMetricName("accuracy")
                .evaluate(CrossValidatorModel.load(path + "/best").transform(rows));
        assertThat(accuracy).isGreaterThan(0.8);
    }

    @Test
    void partsOfTexts() throws Exception {
        OneTask tasks = OneTask.write(folder.resolve("tasks"));
        Files.move(tasks.encoderAdapters().resolve(OneTask.NAMES), Path.of(path, "names"));
        Files.move(tasks.encoder(), Path.of(path, "minilm"));
        table = table.limit(3).withColumn("text", functions.lit(OneTask.TEXTS.get(0)));
        Dataset<Row> found = new LoRATagger()
                .setBasePath(path + "/minilm")
                .setAdapterPath(path + "/names")
                .setTextCol("text")
                .transform(table);
        found.selectExpr("id", "explode(spans) AS span").selectExpr("id", "span.label", "span.text").show();
        assertThat(found.select("spans").distinct().count()).isEqualTo(1);
    }

    /** The recipe of a column. */
    @Test
    void aColumnOfTexts() throws Exception {
        OneTask tasks = OneTask.write(folder.resolve("tasks"));
        Files.move(tasks.encoderAdapters().resolve(OneTask.TOPICS), Path.of(path, "teams"));
        Files.move(tasks.encoder(), Path.of(path, "minilm"));
        Dataset<Row> messages = table.limit(3).withColumn("text", functions.lit(OneTask.TEXTS.get(0)));
        Dataset<Row> sorted = new LoRATransformer()
                .setBasePath(path + "/minilm")
                .setAdapterPath(path + "/teams")
                .setFeaturesCol("text")
                .setHandleInvalid("keep")                // a row that cannot be computed gets null, and a reason
                .transform(messages);
        sorted.groupBy("prediction", "reason").count().show();
        assertThat(sorted.filter("prediction is null").count()).isZero();
        assertThat(sorted.filter("reason is not null").count()).isZero();
    }

    @Test
    void tagsOfWords() throws Exception {
        Files.move(Phrases.encoder(folder), Path.of(path, "minilm"));
        Dataset<Row> tagged = new TaggedPhrases(60).table(spark, 2).select("id", "tokens", "tags");
        LoRATagger tagger = new LoRATokenClassifier()
                .setBasePath(path + "/minilm")
                .setTokensCol("tokens")                  // array<string>
                .setTagsCol("tags")                      // array<string>: B-PER, I-PER, O, ...
                .setIdCol("id")
                .setRank(8)
                .setAlpha(16)
                .fit(tagged);
        tagger.save(path + "/tagger");                   // the adapter is in /tagger/adapter
        Dataset<Row> texts = new TaggedPhrases(60).table(spark, 2).select("id", "text");
        Dataset<Row> named = new LoRATagger()
                .setBasePath(path + "/minilm")
                .setAdapterPath(path + "/tagger/adapter")
                .transform(texts);
        assertThat(named.orderBy("id").collectAsList())
                .hasSize(60)
                .isEqualTo(tagger.transform(texts).orderBy("id").collectAsList());
    }

    @Test
    void aClassifierOfSparkML() throws Exception {
        table = table.withColumn("importance", functions.expr("1 + id % 2"))
                .withColumn("heldOut", functions.expr("id % 5 = 0"));
        LoRAClassificationModel model = new LoRAClassifier()
                .setBasePath(path + "/base.safetensors")
                .setIdCol("id")
                .setWeightCol("importance")              // numbers >= 0
                .setValidationIndicatorCol("heldOut")    // true for rows that choose the best epoch
                .setHandleInvalid("skip")                // or "error", or "keep"
                .setBatchSize(40)
                .setEpochs(5)
                .setNumWorkers(2)
                .setThresholds(new double[] {0.2, 0.2, 0.4, 0.4})
                .fit(table);
        double[] losses = model.summary().objectiveHistory();
        double[] heldOut = model.summary().validationHistory();
        Dataset<Row> scored = model.transform(table);
        scored.select("rawPrediction", "probability", "prediction").show(5);
        model.setSaveBase(true).write().overwrite().save(path + "/classifier");
        assertThat(losses).hasSize(40);
        assertThat(heldOut).hasSize(5);
        assertThat(LoRAClassificationModel.load(path + "/classifier").getBasePath()).endsWith("/classifier/base");
    }

    @Test
    void theSampleOfThePackage() {
        LoRATransformer model = new LoRAEstimator()
                .setBasePath(path + "/base.safetensors") // on any file system of Hadoop
                .setRank(4)
                .setAlpha(8)
                .setNumWorkers(2)
                .fit(table);
        model.transform(table).select("prediction").show(5);
        assertThat(model.adapter().config().rank()).isEqualTo(4);
    }

    @Test
    void inAPipeline() throws Exception {
        String[] columns = {"height", "width", "depth"};
        Dataset<Row> wide = table.withColumn("rest", functions.expr("slice(array, 4, 9)")).drop("features");
        for (int i = 0; i < columns.length; i++) {
            wide = wide.withColumn(columns[i], functions.col("array").getItem(i));
        }
        wide = wide.withColumn("rest", functions.expr("transform(rest, x -> double(x))"))
                .withColumn("rest", org.apache.spark.ml.functions.array_to_vector(functions.col("rest")));
        LoRAEstimator estimator = new LoRAEstimator()
                .setBasePath(path + "/base.safetensors").setIdCol("id").setBatchSize(100).setNumWorkers(2);
        Pipeline pipeline = new Pipeline().setStages(new PipelineStage[] {
            new VectorAssembler()
                    .setInputCols(new String[] {"height", "width", "depth", "rest"})
                    .setOutputCol("features"),
            estimator
        });
        pipeline.fit(wide).save(path + "/pipeline");
        Dataset<Row> predicted = PipelineModel.load(path + "/pipeline").transform(wide);
        assertThat(predicted.count()).isEqualTo(400);
    }

    @Test
    void anAdapterForEachRow() throws Exception {
        LoRAModel tenants = LoRAModel.of(Network.load(Path.of(path, "base.safetensors")));
        for (String tenant : List.of("tenant0", "tenant1", "tenant2")) {
            tenants.add(tenant, LoRAConfig.of(2, 2)).save(Path.of(path, "adapters", tenant));
        }
        Dataset<Row> scored = new LoRATransformer()
                .setBasePath(path + "/base.safetensors")
                .setAdapterCol("tenant")                 // the name of a sub-folder, or null for the base only
                .setAdapterFolder(path + "/adapters")    // on any file system of Hadoop
                .setMaxAdapterBytes(512L << 20)          // of each executor
                .setHandleInvalid("keep")                // or "skip", or "error"
                .transform(table);
        scored.filter("prediction is null").groupBy("tenant", "reason").count().show();
        assertThat(scored.filter("prediction is null").count()).isZero();
    }

    @Test
    void anEncoderOfTexts() throws Exception {
        Phrases phrases = new Phrases(120);
        Files.move(Phrases.encoder(folder), folder.resolve("encoder"));
        Dataset<Row> texts = phrases.table(spark, 2).select("id", "text", "label");
        LoRATransformer model = new LoRAEstimator()
                .setBasePath(path + "/encoder")          // config.json, model.safetensors and tokenizer.json
                .setNumLabels(3)                         // a new classifier, which is trained with the adapter
                .setFeaturesCol("text")                  // or a column of tokens, array<int>
                .setIdCol("id")
                .setRank(8)
                .setAlpha(16)
                .setTargetModules("query", "value")
                .setLearningRate(0.01)
                .setBatchSize(30)
                .setEpochs(20)
                .setNumWorkers(2)
                .setFingerprintCheck("require")          // of the transformer that is returned
                .fit(texts);
        Dataset<Row> scored = model.setOutputType("vector").transform(texts);
        scored.select("text", "label", "prediction").show(5);
        assertThat(accuracy(scored)).isGreaterThan(0.6);
    }

    @Test
    void aLanguageModel() {
        Chats.decoder(folder);
        Dataset<Row> chats = new Chats(40).table(spark, 2).select("id", "messages");
        LoRACausalLMModel model = new LoRACausalLM()
                .setBasePath(path + "/decoder")          // any decoder
                .setMessagesCol("messages")              // array<struct<role,content>>
                .setIdCol("id")
                .setRank(8)
                .setAlpha(16)
                .setTargetModules("q_proj", "v_proj")
                .setBatchSize(16)
                .setEpochs(3)
                .setNumWorkers(2)
                .fit(chats);
        Dataset<Row> scored = model.transform(chats);
        scored.selectExpr("exp(-sum(logProbability) / sum(tokens)) AS perplexity").show();
        Dataset<Row> answered = model.setTask("generate").setMaxNewTokens(20).transform(chats);
        answered.select("id", "generated").show(5);
        assertThat(scored.filter("perplexity > 1").count()).isEqualTo(40);
        assertThat(answered.filter("generated is not null").count()).isEqualTo(40);
    }

    @Test
    void fromSql() throws Exception {
        LoRAModel tenants = LoRAModel.of(Network.load(Path.of(path, "base.safetensors")));
        for (String tenant : List.of("tenant0", "tenant1", "tenant2")) {
            tenants.add(tenant, LoRAConfig.of(2, 2)).save(Path.of(path, "adapters", tenant));
        }
        LoRATransformer transformer = new LoRATransformer()
                .setBasePath(path + "/base.safetensors")
                .setAdapterCol("tenant")
                .setAdapterFolder(path + "/adapters");
        LoRAFunctions.register(spark, "lora_score", transformer);
        table.createOrReplaceTempView("digits");
        spark.sql("SELECT id, lora_score(features, tenant)[1] AS score FROM digits WHERE label = 1").show(5);
        assertThat(spark.sql("SELECT sum(lora_score(features, tenant)[1]) FROM digits").first().isNullAt(0)).isFalse();
    }

    @Test
    void severalStepsInARound() {
        LoRAEstimator estimator = new LoRAEstimator()
                .setBasePath(path + "/base.safetensors").setIdCol("id").setBatchSize(40).setNumWorkers(2);
        LoRATransformer model = estimator
                .setLocalSteps(10)
                .setAggregation("svd")
                .setListener(round -> System.out.println(round.iteration() + ": gap " + round.gap()))
                .fit(table);
        assertThat(model.adapter().config().targetModules()).isNotNull();
    }
    // spotless:on
}
