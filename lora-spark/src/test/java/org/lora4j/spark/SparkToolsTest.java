package org.lora4j.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.ml.Pipeline;
import org.apache.spark.ml.PipelineModel;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.ml.attribute.Attribute;
import org.apache.spark.ml.attribute.AttributeGroup;
import org.apache.spark.ml.attribute.NominalAttribute;
import org.apache.spark.ml.classification.OneVsRest;
import org.apache.spark.ml.classification.OneVsRestModel;
import org.apache.spark.ml.evaluation.BinaryClassificationEvaluator;
import org.apache.spark.ml.evaluation.MulticlassClassificationEvaluator;
import org.apache.spark.ml.evaluation.RegressionEvaluator;
import org.apache.spark.ml.feature.BucketedRandomProjectionLSH;
import org.apache.spark.ml.feature.StringIndexer;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.tuning.CrossValidator;
import org.apache.spark.ml.tuning.CrossValidatorModel;
import org.apache.spark.ml.tuning.ParamGridBuilder;
import org.apache.spark.ml.tuning.TrainValidationSplit;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.nn.Network;
import org.lora4j.spark.internal.base.BroadcastLimit;
import org.lora4j.spark.internal.base.SentFile;
import org.nd4j.linalg.api.buffer.DataType;

/** The classifier and the regressor are stages as Spark's own tools expect them. */
@Tag("slow")
class SparkToolsTest {
    private final Dataset<Row> table =
            new Digits(120).table(Sessions.local(), 2, 1).cache();

    @TempDir
    Path folder;

    private String base;
    private String binary;
    private String single;

    @BeforeEach
    void prepare() throws Exception {
        base = Digits.base(folder);
        binary = folder.resolve("two.safetensors").toString();
        Network.builder(Digits.IN)
                .linear("first", 16)
                .relu()
                .linear("second", 2)
                .build(1)
                .save(Path.of(binary));
        single = folder.resolve("one.safetensors").toString();
        Network.builder(Digits.IN).linear("first", 1).build(1).save(Path.of(single));
    }

    private LoRAClassifier classifier() {
        return new LoRAClassifier()
                .setBasePath(base)
                .setIdCol("id")
                .setRank(2)
                .setBatchSize(40)
                .setMaxIter(9)
                .setLearningRate(0.02)
                .setNumWorkers(2)
                .setSeed(3);
    }

    private LoRARegressor regressor() {
        return new LoRARegressor()
                .setBasePath(single)
                .setIdCol("id")
                .setBatchSize(40)
                .setMaxIter(9)
                .setLearningRate(0.02)
                .setNumWorkers(2);
    }

    private static List<Object> column(Dataset<Row> table, String name) {
        return table.orderBy("id").select(name).collectAsList().stream()
                .map(row -> row.get(0))
                .toList();
    }

    @Test
    void aClassifierTrainsAsTheEstimatorDoes() {
        LoRATransformer expected = new LoRAEstimator()
                .setBasePath(base)
                .setIdCol("id")
                .setRank(2)
                .setBatchSize(40)
                .setMaxIter(9)
                .setLearningRate(0.02)
                .setNumWorkers(2)
                .setSeed(3)
                .fit(table);
        LoRAClassificationModel model = classifier().fit(table);
        assertThat(model.adapter()).isEqualTo(expected.adapter());
        assertThat(model.parent()).isInstanceOf(LoRAClassifier.class);
        Dataset<Row> scored = model.transform(table);
        assertThat(column(scored, "rawPrediction"))
                .isEqualTo(column(expected.setOutputType("vector").transform(table), "output"));
        List<Row> rows = scored.collectAsList();
        assertThat(rows).hasSize(120);
        for (Row row : rows) {
            double[] probability = row.<Vector>getAs("probability").toArray();
            double[] raw = row.<Vector>getAs("rawPrediction").toArray();
            double sum = 0;
            for (double z : raw) {
                sum += Math.exp(z);
            }
            for (int i = 0; i < raw.length; i++) {
                assertThat(probability[i]).isCloseTo(Math.exp(raw[i]) / sum, within(1e-12));
            }
            assertThat(row.<Double>getAs("prediction"))
                    .isEqualTo((double) row.<Vector>getAs("rawPrediction").argmax());
        }
        Row one = table.orderBy("id").first();
        assertThat(model.predict(one.getAs("features")))
                .isEqualTo(column(scored, "prediction").get(0));
    }

    @Test
    void columnsHaveTheirTypesAndMetadata() {
        LoRAClassificationModel model = classifier().fit(table);
        StructType schema = model.transformSchema(table.schema());
        StructType scored = model.transform(table).schema();
        assertThat(scored.fieldNames()).isEqualTo(schema.fieldNames());
        assertThat(schema.fieldNames()).endsWith("prediction", "rawPrediction", "probability");
        for (String name : List.of("rawPrediction", "probability")) {
            assertThat(AttributeGroup.fromStructField(scored.apply(name)).size())
                    .isEqualTo(Digits.OUT);
        }
        Attribute prediction = Attribute.fromStructField(scored.apply("prediction"));
        assertThat(((NominalAttribute) prediction).numValues().get()).isEqualTo(Digits.OUT);
        assertThat(scored.apply("prediction").dataType()).isEqualTo(DataTypes.DoubleType);
        assertThat(model.numClasses()).isEqualTo(Digits.OUT);
        assertThat(model.numFeatures()).isEqualTo(Digits.IN);
        assertThat(model.setProbabilityCol("")
                        .setRawPredictionCol("")
                        .transform(table)
                        .columns())
                .containsExactly("id", "features", "array", "label", "tenant", "prediction");
    }

    @Test
    void gettersReturnWhatSettersSet() {
        LoRAClassifier classifier = classifier().setWeightCol("w").setValidationIndicatorCol("v");
        assertThat(classifier.getRank()).isEqualTo(2);
        assertThat(classifier.getMaxIter()).isEqualTo(9);
        assertThat(classifier.getSeed()).isEqualTo(3);
        assertThat(classifier.getWeightCol()).isEqualTo("w");
        assertThat(classifier.getValidationIndicatorCol()).isEqualTo("v");
        assertThat(classifier.getHandleInvalid()).isEqualTo("error");
        assertThat(classifier.getSaveBase()).isFalse();
        assertThat(classifier.getFeaturesCol()).isEqualTo("features");
        assertThat(classifier.explainParams())
                .contains("weightCol: column of the weights")
                .contains("current: 9");
        for (Param<?> param : classifier.params()) {
            assertThat(param.parent()).as(param.name()).isEqualTo(classifier.uid());
        }
        LoRAClassifier copy =
                classifier.copy(new ParamMap().put(classifier.rank().w(5)));
        assertThat(copy.getRank()).isEqualTo(5);
        assertThat(copy.uid()).isEqualTo(classifier.uid());
        assertThat(classifier.getRank()).isEqualTo(2);
    }

    @Test
    void theSummaryHasTheLossOfEachStep() throws Exception {
        LoRAClassificationModel model = classifier().fit(table);
        double[] losses = model.summary().objectiveHistory();
        assertThat(losses).hasSize(9);
        assertThat(losses[8]).isLessThan(losses[0]);
        assertThat(model.summary().totalIterations()).isEqualTo(9);
        assertThat(model.summary().adapterFingerprint())
                .isEqualTo(model.adapter().fingerprint());
        assertThat(model.summary().validationHistory()).isEmpty();
        model.save(folder.resolve("model").toString());
        LoRAClassificationModel loaded =
                LoRAClassificationModel.load(folder.resolve("model").toString());
        assertThat(loaded.hasSummary()).isFalse();
        assertThatIllegalStateException().isThrownBy(loaded::summary).withMessageStartingWith("a model has a summary");
        assertThat(column(loaded.transform(table), "probability"))
                .isEqualTo(column(model.transform(table), "probability"));
        assertThat(loaded.numClasses()).isEqualTo(Digits.OUT);
    }

    @Test
    void aWeightCountsAsSoManyRows() {
        Dataset<Row> weighted = table.withColumn(
                "w", functions.expr("CASE WHEN id % 3 = 0 THEN 2D WHEN id % 3 = 1 THEN 1D ELSE 0D END"));
        Dataset<Row> repeated = table.filter("id % 3 < 2")
                .withColumn("copy", functions.explode(functions.expr("if(id % 3 = 0, array(0, 1), array(0))")))
                .withColumn("id", functions.expr("id * 2 + copy"));
        LoRAClassifier estimator = classifier().setBatchSize(200);
        double[] expected = values(estimator.fit(repeated));
        double[] found = values(estimator.setWeightCol("w").fit(weighted));
        assertThat(found).hasSameSizeAs(expected);
        for (int i = 0; i < found.length; i++) {
            assertThat(found[i]).isCloseTo(expected[i], within(1e-5));
        }
        assertThat(values(classifier().setBatchSize(200).fit(table))).isNotEqualTo(found);
    }

    private static double[] values(LoRAClassificationModel model) {
        return model.adapter().weights().values().stream()
                .flatMapToDouble(w -> Arrays.stream(
                        w.loraB().castTo(DataType.DOUBLE).dup('c').data().asDouble()))
                .toArray();
    }

    @Test
    void rowsForValidationChooseTheBestEpoch() {
        Dataset<Row> marked = table.withColumn("held", functions.expr("id % 4 = 0"));
        LoRAClassificationModel model = classifier()
                .setMaxIter(15)
                .setLearningRate(0.3)
                .setValidationIndicatorCol("held")
                .fit(marked);
        double[] losses = model.summary().validationHistory();
        assertThat(losses).hasSize(5);
        double least = Arrays.stream(losses).min().orElseThrow();
        double sum = 0;
        List<Row> held = model.transform(marked.filter("held")).collectAsList();
        for (Row row : held) {
            sum -= Math.log(row.<Vector>getAs("probability").apply(row.<Integer>getAs("label")));
        }
        assertThat(sum / held.size()).isCloseTo(least, within(1e-5));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> classifier()
                        .setValidationIndicatorCol("held")
                        .fit(marked.withColumn("held", functions.lit(false))))
                .withMessageContaining("must be true in at least one row");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> classifier()
                        .setValidationIndicatorCol("held")
                        .setLocalSteps(2)
                        .fit(marked))
                .withMessageStartingWith("localSteps must be 0 if validationIndicatorCol is set");
    }

    @Test
    void thresholdsChooseTheClass() {
        LoRAClassificationModel model = classifier().fit(table).setThresholds(new double[] {1e-9, 1, 1, 1});
        assertThat(column(model.transform(table), "prediction")).containsOnly(0.0);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> classifier()
                        .setThresholds(new double[] {1, 1})
                        .fit(table)
                        .transform(table))
                .withMessage("thresholds must have 4 numbers, as there are classes, found 2");
    }

    @Test
    void crossValidatorAndTrainValidationSplit() throws Exception {
        LoRAClassifier classifier = classifier();
        ParamMap[] grid = new ParamGridBuilder()
                .addGrid(classifier.learningRate(), new double[] {1e-6, 0.05})
                .build();
        MulticlassClassificationEvaluator evaluator = new MulticlassClassificationEvaluator().setMetricName("logLoss");
        CrossValidatorModel validated = new CrossValidator()
                .setEstimator(classifier)
                .setEstimatorParamMaps(grid)
                .setEvaluator(evaluator)
                .setNumFolds(2)
                .setParallelism(2)
                .setSeed(1)
                .fit(table);
        assertThat(validated.avgMetrics()[1]).isLessThan(validated.avgMetrics()[0]);
        validated.save(folder.resolve("validated").toString());
        CrossValidatorModel loaded =
                CrossValidatorModel.load(folder.resolve("validated").toString());
        assertThat(column(loaded.transform(table), "prediction"))
                .isEqualTo(column(validated.transform(table), "prediction"));
        assertThat(new TrainValidationSplit()
                        .setEstimator(classifier)
                        .setEstimatorParamMaps(grid)
                        .setEvaluator(evaluator)
                        .setTrainRatio(0.7)
                        .fit(table)
                        .bestModel())
                .isInstanceOf(LoRAClassificationModel.class);
    }

    @Test
    void oneVsRest() throws Exception {
        // OneVsRest gives its classifier only the features and the labels.
        LoRAClassifier two = classifier().setBasePath(binary);
        two.clear(two.idCol());
        OneVsRestModel model = new OneVsRest().setClassifier(two).fit(table);
        assertThat(model.models()).hasSize(Digits.OUT);
        double accuracy = new MulticlassClassificationEvaluator()
                .setMetricName("accuracy")
                .evaluate(model.transform(table));
        assertThat(accuracy).isGreaterThan(0.3);
        model.save(folder.resolve("rest").toString());
        assertThat(column(OneVsRestModel.load(folder.resolve("rest").toString()).transform(table), "prediction"))
                .isEqualTo(column(model.transform(table), "prediction"));
    }

    @Test
    void aPipelineWithAStringIndexer() throws Exception {
        Dataset<Row> named =
                table.withColumn("class", functions.expr("concat('c', label)")).drop("label");
        PipelineModel model = new Pipeline()
                .setStages(new PipelineStage[] {
                    new StringIndexer().setInputCol("class").setOutputCol("label"),
                    classifier().setSaveBase(true)
                })
                .fit(named);
        model.save(folder.resolve("pipeline").toString());
        List<Object> expected = column(model.transform(named), "probability");
        Files.delete(Path.of(base));
        PipelineModel loaded = PipelineModel.load(folder.resolve("pipeline").toString());
        assertThat(column(loaded.transform(named), "probability")).isEqualTo(expected);
    }

    @Test
    void areaUnderTheCurve() {
        Dataset<Row> halves = table.withColumn("label", functions.expr("int(label < 2)"));
        LoRAClassificationModel model =
                classifier().setBasePath(binary).setMaxIter(30).fit(halves);
        double area = new BinaryClassificationEvaluator().evaluate(model.transform(halves));
        assertThat(area).isBetween(0.7, 1.0);
    }

    @Test
    void aRegressorInItsEvaluatorAndTrainValidationSplit() throws Exception {
        Dataset<Row> targets = table.withColumn("label", functions.expr("0.3D * label"));
        LoRARegressionModel model = regressor().fit(targets);
        Dataset<Row> scored = model.transform(targets);
        assertThat(scored.columns()).containsExactly("id", "features", "array", "label", "tenant", "prediction");
        double sum = 0;
        List<Row> rows = scored.collectAsList();
        for (Row row : rows) {
            sum += Math.pow(row.<Double>getAs("prediction") - row.<Double>getAs("label"), 2);
            assertThat(model.predict(row.getAs("features"))).isCloseTo(row.getAs("prediction"), within(1e-5));
        }
        RegressionEvaluator evaluator = new RegressionEvaluator().setMetricName("mse");
        assertThat(evaluator.evaluate(scored)).isCloseTo(sum / rows.size(), within(1e-9));
        LoRARegressor regressor = regressor();
        ParamMap[] grid = new ParamGridBuilder()
                .addGrid(regressor.learningRate(), new double[] {1e-6, 0.05})
                .build();
        double[] errors = new TrainValidationSplit()
                .setEstimator(regressor)
                .setEstimatorParamMaps(grid)
                .setEvaluator(evaluator)
                .fit(targets)
                .validationMetrics();
        assertThat(errors[1]).isLessThan(errors[0]);
        model.write().overwrite().save(folder.resolve("regression").toString());
        assertThat(column(
                        LoRARegressionModel.load(folder.resolve("regression").toString())
                                .transform(targets),
                        "prediction"))
                .isEqualTo(column(scored, "prediction"));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> regressor().setBasePath(base).fit(targets))
                .withMessageStartingWith("basePath: the base must have 1 output, found 4");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> classifier().setBasePath(single).fit(table))
                .withMessageStartingWith("basePath: the base must have an output for each of at least 2 classes");
    }

    @Test
    void aClassifierOfTexts() throws Exception {
        Dataset<Row> texts = new Phrases(30).table(Sessions.local(), 2).select("id", "text", "label");
        LoRAClassificationModel model = classifier()
                .setBasePath(Phrases.encoder(folder).toString())
                .setFeaturesCol("text")
                .setNumLabels(3)
                .setTargetModules("query")
                .setMaxIter(2)
                .fit(texts);
        Dataset<Row> scored = model.transform(texts);
        assertThat(column(scored, "prediction")).hasSize(30).allMatch(p -> (double) p >= 0 && (double) p <= 2);
        Row first = texts.orderBy("id").first();
        assertThat(model.predictProbability(first.getString(1)).size()).isEqualTo(3);
        assertThat(model.numFeatures()).isEqualTo(-1);
    }

    @Test
    void embeddingsAreWhatLocalitySensitiveHashingTakes() throws Exception {
        Dataset<Row> texts = new Phrases(30)
                .table(Sessions.local(), 2)
                .select("id", "text")
                .withColumn("adapter", functions.lit(null).cast(DataTypes.StringType));
        Dataset<Row> embedded = new LoRATransformer()
                .setBasePath(Phrases.encoder(folder).toString())
                .setEncoderHead("embedding")
                .setFeaturesCol("text")
                .setAdapterCol("adapter")
                .setAdapterFolder(
                        Files.createDirectories(folder.resolve("adapters")).toString())
                .setOutputCol("embedding")
                .setOutputType("vector")
                .transform(texts)
                .cache();
        Vector first = embedded.orderBy("id").first().getAs("embedding");
        Row nearest = (Row) new BucketedRandomProjectionLSH()
                .setInputCol("embedding")
                .setOutputCol("hashes")
                .setBucketLength(10)
                .setSeed(1)
                .fit(embedded)
                .approxNearestNeighbors(embedded, first, 1)
                .first();
        assertThat(Vectors.sqdist(nearest.getAs("embedding"), first)).isLessThan(1e-9);
    }

    @Test
    void aSavedModelFindsItsBaseOrSaysThatItIsMissing() throws Exception {
        LoRAClassificationModel model = classifier().fit(table);
        List<Object> expected = column(model.transform(table), "probability");
        String without = folder.resolve("without").toString();
        String with = folder.resolve("with").toString();
        model.save(without);
        model.setSaveBase(true).write().overwrite().save(with);
        Files.move(Path.of(base), folder.resolve("moved"));
        Files.move(Path.of(with), folder.resolve("elsewhere"));
        LoRAClassificationModel found =
                LoRAClassificationModel.load(folder.resolve("elsewhere").toString());
        assertThat(column(found.transform(table), "probability")).isEqualTo(expected);
        // Spark deletes what is overwritten first, and the base with it.
        assertThatThrownBy(() -> found.write()
                        .overwrite()
                        .save(folder.resolve("elsewhere").toString()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("a model must not be saved over its own base")
                .hasMessageEndingWith("save the model to another folder");
        assertThat(column(found.transform(table), "probability")).isEqualTo(expected);
        assertThat(LoRATransformer.load(transformer(model)).getBasePath()).endsWith("transformer/base");
        LoRAClassificationModel lost = LoRAClassificationModel.load(without);
        assertThatThrownBy(() -> lost.transform(table))
                .hasMessageContaining("basePath: " + base + " must be a file of Network.save")
                .hasMessageContaining(
                        "set basePath to where the base is now. A model that is saved with saveBase has a copy");
        lost.setBasePath(folder.resolve("moved").toString());
        assertThat(column(lost.transform(table), "probability")).isEqualTo(expected);
    }

    private String transformer(LoRAClassificationModel model) throws Exception {
        String path = folder.resolve("transformer").toString();
        model.transformer().setBasePath(folder.resolve("moved").toString()).save(path);
        return path;
    }

    @Test
    void aLargeBaseIsNotSent() {
        assertThat(BroadcastLimit.of(8L << 30, Long.MAX_VALUE)).isEqualTo(SentFile.MOST_BYTES);
        assertThat(BroadcastLimit.of(8L << 30, 1L << 30)).isEqualTo(512L << 20);
        assertThat(BroadcastLimit.of(100, 1L << 30)).isEqualTo(50);
    }
}
