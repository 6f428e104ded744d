package org.lora4j.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.functions;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.nn.Network;

/** Rows that cannot be computed: null, NaN, of another width, of an unknown adapter, with a wrong label. */
@Tag("slow")
class InvalidRowsTest {
    private static final String VALID = "id not in (5, 17, 30, 41)";

    private final Dataset<Row> table = new Digits(60).table(Sessions.local(), 3, 1);

    @TempDir
    Path folder;

    private String base;
    private Dataset<Row> broken;

    /** 5 is null, 17 has NaN, 30 another width, and 41 an unknown adapter and a label that is no class. */
    @BeforeEach
    void prepare() throws Exception {
        base = Digits.base(folder);
        UDF2<Long, Vector, Vector> breaks = InvalidRowsTest::broken;
        broken = table.withColumn(
                        "features",
                        functions
                                .udf(breaks, SQLDataTypes.VectorType())
                                .apply(functions.col("id"), functions.col("features")))
                .withColumn("tenant", functions.expr("if(id = 41, 'nobody', 'known')"))
                .withColumn("label", functions.expr("if(id = 41, 9, label)"));
        LoRAModel.of(Network.load(Path.of(base)))
                .add("known", LoRAConfig.of(2, 2))
                .save(folder.resolve("adapters").resolve("known"));
    }

    private static @Nullable Vector broken(Long id, Vector features) {
        if (id == 5) {
            return null;
        }
        if (id == 17) {
            double[] values = features.toArray().clone();
            values[3] = Double.NaN;
            return Vectors.dense(values);
        }
        return id == 30 ? Vectors.dense(1, 2) : features;
    }

    private LoRATransformer transformer() {
        return new LoRATransformer()
                .setBasePath(base)
                .setIdCol("id")
                .setAdapterCol("tenant")
                .setAdapterFolder(folder.resolve("adapters").toString())
                .setBatchSize(7);
    }

    private LoRAClassifier classifier() {
        return new LoRAClassifier()
                .setBasePath(base)
                .setIdCol("id")
                .setBatchSize(20)
                .setMaxIter(4)
                .setNumWorkers(2);
    }

    @Test
    void errorsNameTheRow() {
        String[] filters = {"id = 5", "id = 17", "id = 30", "id = 41"};
        String[] messages = {
            "must not be null, found null in a row. The row has the id 5",
            "must have finite numbers of type FLOAT, found NaN at index 3. The row has the id 17",
            "must have 12 numbers, as the network has, found 2. The row has the id 30",
            "The row has the id 41"
        };
        for (int i = 0; i < filters.length; i++) {
            Dataset<Row> some = broken.filter(VALID).union(broken.filter(filters[i]));
            assertThatThrownBy(() -> transformer().transform(some).collectAsList())
                    .hasStackTraceContaining(messages[i]);
            assertThatThrownBy(() -> classifier().fit(some)).hasStackTraceContaining(messages[i]);
        }
        assertThatThrownBy(() -> new LoRATransformer()
                        .setBasePath(base)
                        .setAdapterCol("tenant")
                        .setAdapterFolder(folder.resolve("adapters").toString())
                        .transform(broken.filter("id = 5"))
                        .collectAsList())
                .hasStackTraceContaining("Set idCol to see the id of the row; repair or filter such rows, or set"
                        + " handleInvalid to 'skip'");
    }

    @Test
    void skippedRowsAreLeftOut() {
        List<Row> expected = transformer()
                .transform(broken.filter(VALID))
                .orderBy("id")
                .select("id", "output")
                .collectAsList();
        assertThat(transformer()
                        .setHandleInvalid("skip")
                        .transform(broken)
                        .orderBy("id")
                        .select("id", "output")
                        .collectAsList())
                .isEqualTo(expected)
                .hasSize(56);
    }

    @Test
    void keptRowsHaveNullAndAReason() {
        Dataset<Row> scored = transformer().setHandleInvalid("keep").transform(broken);
        List<Row> rows = scored.filter("output is null and prediction is null")
                .orderBy("id")
                .select("id", "reason")
                .collectAsList();
        assertThat(rows.stream().map(row -> row.getLong(0))).containsExactly(5L, 17L, 30L, 41L);
        assertThat(rows.get(1).getString(1)).contains("found NaN at index 3");
        assertThat(rows.get(3).getString(1)).contains("nobody");
        assertThat(scored.filter("output is not null and reason is null").count())
                .isEqualTo(56);
    }

    @Test
    void aTrainingLeavesThemOut() {
        LoRAClassificationModel expected = classifier().fit(broken.filter(VALID));
        LoRAClassificationModel model = classifier().setHandleInvalid("skip").fit(broken);
        assertThat(model.adapter()).isEqualTo(expected.adapter());
        Dataset<Row> kept = model.setHandleInvalid("keep").transform(broken);
        assertThat(kept.count()).isEqualTo(60);
        assertThat(kept.filter("probability is null and rawPrediction is null and prediction is null")
                        .count())
                .isEqualTo(3);
        assertThat(model.setHandleInvalid("skip").transform(broken).count()).isEqualTo(57);
        assertThat(model.transform(broken.drop("id")).count()).isEqualTo(57);
    }

    @Test
    void weightsAreChecked() {
        Dataset<Row> weighted = table.withColumn("w", functions.expr("if(id = 8, -1D, 1D)"));
        assertThatThrownBy(() -> classifier().setWeightCol("w").fit(weighted))
                .hasStackTraceContaining(
                        "weightCol: the weight of a row must be finite and at least 0, found -1.0. The row has the id 8");
        assertThat(classifier()
                        .setWeightCol("w")
                        .setHandleInvalid("skip")
                        .fit(weighted)
                        .adapter())
                .isEqualTo(classifier().fit(table.filter("id <> 8")).adapter());
        Dataset<Row> wrong = table.withColumn("p", functions.expr("array(0.5D, 0.1D, 0D, double(id) * 0)"));
        assertThatThrownBy(() -> new LoRAEstimator()
                        .setBasePath(base)
                        .setIdCol("id")
                        .setLabelCol("p")
                        .fit(wrong))
                .hasStackTraceContaining("the label of a row must be probabilities from 0 to 1 whose sum is 1")
                .hasStackTraceContaining("The row has the id");
    }
}
