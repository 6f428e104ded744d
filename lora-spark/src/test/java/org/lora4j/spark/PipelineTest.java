package org.lora4j.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.spark.ml.Pipeline;
import org.apache.spark.ml.PipelineModel;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.ml.feature.VectorAssembler;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.BiasTraining;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.adapter.TargetModules;
import org.lora4j.adapter.TrainableTokens;
import org.lora4j.io.peft.PeftAdapters;
import org.lora4j.nn.Network;
import org.lora4j.spark.internal.param.LoRAConfigJson;

/** The estimator and the transformer keep the conventions of Spark ML. */
class PipelineTest {
    private final Digits digits = new Digits(60);

    @TempDir
    Path folder;

    private String base;
    private Dataset<Row> table;

    @BeforeEach
    void prepare() {
        base = Digits.base(folder);
        table = digits.table(Sessions.local(), 2, 1);
    }

    private LoRAEstimator estimator() {
        return new LoRAEstimator()
                .setBasePath(base)
                .setIdCol("id")
                .setRank(2)
                .setBatchSize(20)
                .setMaxIter(5)
                .setNumWorkers(2);
    }

    /** A configuration in which every field differs from the default. */
    private static LoRAConfig unusual() {
        return LoRAConfig.builder()
                .rank(3)
                .alpha(5.5)
                .rankStabilized(true)
                .dora(false)
                .dropout(0.125)
                .init(LoRAInit.gaussian(0.02))
                .seed(-3_000_000_000L)
                .bias(BiasTraining.LORA_ONLY)
                .loraBias(true)
                .targetModules(TargetModules.regex(".*(first|second)"))
                .excludeModules(TargetModules.of("third", "fourth"))
                .layersToTransform(List.of(1, 2))
                .layersPattern(List.of("layers"))
                .rankPattern(Map.of("first", 4))
                .alphaPattern(Map.of("second", 2.5))
                .modulesToSave("classifier")
                .fanInFanOut(true)
                .build();
    }

    @Tag("slow")
    @Test
    void everyParameterHasDocumentationAndItsName() {
        for (Param<?> param : new LoRAEstimator().params()) {
            assertThat(param.doc()).as(param.name()).isNotBlank().isNotEqualTo(param.name());
        }
        assertThat(new LoRAEstimator().params()).hasSize(39);
        assertThat(new LoRATransformer().params()).hasSize(23);
        assertThat(new LoRAEstimator().explainParams()).contains("rank: rank r of the update B·A (>= 1)");
    }

    @Test
    void configurationsAreKeptInEveryField() {
        List<LoRAConfig> configs = List.of(
                unusual(),
                LoRAConfig.of(1, 1),
                LoRAConfig.builder().dora(true).build(),
                LoRAConfig.builder().init(LoRAInit.olora()).build(),
                LoRAConfig.builder()
                        .init(LoRAInit.mica())
                        .trainableTokens(5, 3)
                        .hubFields(new LoRAConfig.HubFields("SEQ_CLS", "bert", null, Map.of("new", "[1]")))
                        .build(),
                LoRAConfig.builder()
                        .trainableTokens(TrainableTokens.of(Map.of("words", List.of(7, 2))))
                        .build());
        for (LoRAConfig config : configs) {
            assertThat(LoRAConfigJson.read(LoRAConfigJson.write(config))).isEqualTo(config);
        }
    }

    @Test
    void parametersOfTheirOwnReplaceThoseOfTheConfiguration() {
        LoRAEstimator estimator = new LoRAEstimator().setLoraConfig(unusual());
        assertThat(estimator.adapterConfig()).isEqualTo(unusual());
        estimator.setRank(7).setAlpha(14).setDropout(0).setSeed(9).setTargetModules("first", "second");
        assertThat(estimator.adapterConfig())
                .isEqualTo(unusual().toBuilder()
                        .rank(7)
                        .alpha(14)
                        .dropout(0)
                        .seed(9)
                        .targetModules("first", "second")
                        .build());
    }

    @Tag("slow")
    @Test
    void aSavedEstimatorLoadsWithItsParameters() throws Exception {
        LoRAEstimator estimator = estimator().setLoraConfig(unusual()).setTargetModules("first", "second");
        estimator.write().overwrite().save(folder.resolve("estimator").toString());
        LoRAEstimator loaded = LoRAEstimator.load(folder.resolve("estimator").toString());
        assertThat(loaded.uid()).isEqualTo(estimator.uid());
        assertThat(loaded.adapterConfig()).isEqualTo(estimator.adapterConfig());
        assertThat(loaded.explainParams().replaceAll("\\[Ljava.lang.String;@\\w+", "[]"))
                .isEqualTo(estimator.explainParams().replaceAll("\\[Ljava.lang.String;@\\w+", "[]"));
    }

    @Test
    @Tag("slow")
    void aCopyHasTheParametersAndTheListener() {
        int[] rounds = new int[1];
        LoRAEstimator estimator = estimator().setListener(round -> rounds[0]++);
        LoRATransformer model =
                estimator.fit(table, new ParamMap().put(estimator.maxIter().w(2L)));
        assertThat(rounds[0]).isEqualTo(2);
        assertThat(model.parent()).isInstanceOf(LoRAEstimator.class);
        LoRATransformer copy =
                model.copy(new ParamMap().put(model.predictionCol().w("other")));
        assertThat(copy.adapter()).isEqualTo(model.adapter());
        assertThat(copy.transform(table).columns()).endsWith("other");
        assertThat(model.transform(table).columns()).endsWith("prediction");
    }

    @Test
    @Tag("slow")
    void theTrainedTransformerChecksTheBaseAsTheEstimatorSays() throws Exception {
        LoRATransformer model = estimator().setFingerprintCheck("require").fit(table);
        assertThat(model.transform(table).count()).isEqualTo(60);
        Network.builder(Digits.IN)
                .linear("first", 16)
                .relu()
                .linear("second", Digits.OUT)
                .build(99)
                .save(Path.of(base));
        assertThatThrownBy(() -> model.transform(table).collectAsList())
                .hasMessageContaining("the base must be the one the adapter was saved with");
        assertThat(model.setFingerprintCheck("ignore").transform(table).collectAsList())
                .hasSize(60);
    }

    @Test
    void aPipelineSavesAndLoadsWithTheSamePredictions() throws Exception {
        Dataset<Row> wide = table;
        String[] columns = new String[Digits.IN];
        for (int i = 0; i < columns.length; i++) {
            columns[i] = "x" + i;
            wide = wide.withColumn(columns[i], functions.col("array").getItem(i));
        }
        wide = wide.drop("features");
        Pipeline pipeline = new Pipeline().setStages(new PipelineStage[] {
            new VectorAssembler().setInputCols(columns).setOutputCol("features"), estimator()
        });
        pipeline.save(folder.resolve("pipeline").toString());
        PipelineModel model =
                Pipeline.load(folder.resolve("pipeline").toString()).fit(wide);
        model.save(folder.resolve("model").toString());
        PipelineModel loaded = PipelineModel.load(folder.resolve("model").toString());
        List<Row> expected = model.transform(wide)
                .orderBy("id")
                .select("output", "prediction")
                .collectAsList();
        assertThat(loaded.transform(wide)
                        .orderBy("id")
                        .select("output", "prediction")
                        .collectAsList())
                .isEqualTo(expected);
        assertThat(loaded.transform(wide).schema()).isEqualTo(loaded.transformSchema(wide.schema()));
    }

    @Tag("slow")
    @Test
    void aSavedTransformerHasItsAdapterInTheFormOfPeft() throws Exception {
        LoRATransformer model = estimator().fit(table);
        Path saved = folder.resolve("saved");
        model.save(saved.toString());
        assertThat(PeftAdapters.load(saved.resolve("adapter"), Digits.network()))
                .isEqualTo(model.adapter());
        model.write().overwrite().save(saved.toString());
        assertThat(LoRATransformer.load(saved.toString()).adapter()).isEqualTo(model.adapter());
        assertThat(Files.exists(saved.resolve("metadata"))).isTrue();
    }

    @Test
    void refusesTablesWhoseColumnsDoNotFit() {
        StructType schema = table.schema();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new LoRAEstimator().transformSchema(schema))
                .withMessage("basePath must be set to the file of the base network, found none");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> estimator().setFeaturesCol("x").transformSchema(schema))
                .withMessage(
                        "featuresCol: the table must have the column 'x', found [id, features, array, label, tenant]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> estimator().setFeaturesCol("id").transformSchema(schema))
                .withMessage(
                        "featuresCol: the column 'id' must be a vector, an array<float> or an array<double>, or for"
                                + " an encoder an array<int> or an array<bigint> or a string, found bigint");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> estimator().setFeaturesCol("tenant").fit(table))
                .withMessage("featuresCol: the column 'tenant' must be a vector, an array<float> or an array<double>,"
                        + " found string");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> estimator().setMaskCol("array").fit(table))
                .withMessage(
                        "maskCol: the column 'array' must be an array<int> or an array<bigint>, found array<float>");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> estimator().setLabelCol("tenant").transformSchema(schema))
                .withMessageStartingWith("labelCol: the column 'tenant' must be a number, ");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> estimator().setIdCol("x").transformSchema(schema))
                .withMessageStartingWith("idCol: ");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> estimator().transformSchema(schema.add("prediction", DataTypes.LongType)))
                .withMessageStartingWith("predictionCol: the table must not have the column 'prediction' yet");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> estimator().transformSchema(schema.add("output", DataTypes.LongType)))
                .withMessageStartingWith("outputCol: the table must not have the column 'output' yet");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> estimator().setOutputCol("prediction").transformSchema(schema))
                .withMessageStartingWith("predictionCol: the table must not have the column 'prediction' yet");
    }

    @Test
    void refusesValuesOutOfRange() {
        assertThatIllegalArgumentException().isThrownBy(() -> new LoRAEstimator().setRank(0));
        assertThatIllegalArgumentException().isThrownBy(() -> new LoRAEstimator().setDropout(1));
        assertThatIllegalArgumentException().isThrownBy(() -> new LoRAEstimator().setOptimizer("lbfgs"));
        assertThatIllegalArgumentException().isThrownBy(() -> new LoRATransformer().setHandleInvalid("drop"));
        assertThatIllegalStateException()
                .isThrownBy(() -> new LoRATransformer().adapter())
                .withMessageStartingWith("the transformer must have an adapter of its own, found none");
    }

    @Test
    @Tag("slow")
    void columnsCanHaveAnyNames() {
        LoRATransformer expected = estimator().fit(table);
        Dataset<Row> renamed = table.withColumnRenamed("features", "key").withColumnRenamed("id", "a.b");
        assertThat(estimator()
                        .setFeaturesCol("key")
                        .setIdCol("a.b")
                        .fit(renamed)
                        .adapter())
                .isEqualTo(expected.adapter());
    }

    @Test
    void saysThatTheBaseIsMissing() {
        LoRAEstimator estimator = estimator().setBasePath(folder.resolve("none").toString());
        assertThatThrownBy(() -> estimator.fit(table))
                .hasMessageStartingWith("basePath: " + folder.resolve("none") + " must be a file of Network.save");
    }
}
