package org.lora4j.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.apache.spark.ml.evaluation.BinaryClassificationEvaluator;
import org.apache.spark.ml.evaluation.MulticlassClassificationEvaluator;
import org.apache.spark.ml.evaluation.RegressionEvaluator;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.nn.Network;

/** The evaluators of Spark ML take the columns that a transformer adds. */
@Tag("slow")
class EvaluatorTest {
    private final Dataset<Row> table = new Digits(120).table(Sessions.local(), 2, 1);

    @TempDir
    Path folder;

    private LoRAEstimator estimator() {
        return new LoRAEstimator()
                .setBasePath(Digits.base(folder))
                .setIdCol("id")
                .setBatchSize(40)
                .setEpochs(10)
                .setLearningRate(0.01)
                .setNumWorkers(2);
    }

    @Test
    void accuracyOfClasses() {
        LoRATransformer model = estimator().fit(table).setOutputType("vector");
        Dataset<Row> scored = model.transform(table);
        assertThat(scored.schema()).isEqualTo(model.transformSchema(table.schema()));
        assertThat(scored.schema().apply("prediction").dataType()).isEqualTo(DataTypes.DoubleType);
        List<Row> rows = scored.select("label", "output", "prediction").collectAsList();
        long right = 0;
        for (Row row : rows) {
            int argmax = row.<Vector>getAs("output").argmax();
            assertThat(row.getDouble(2)).isEqualTo(argmax);
            right += argmax == row.getInt(0) ? 1 : 0;
        }
        double accuracy = new MulticlassClassificationEvaluator()
                .setMetricName("accuracy")
                .evaluate(scored);
        assertThat(accuracy).isEqualTo(right / (double) rows.size()).isBetween(0.3, 1.0);
    }

    @Test
    void areaUnderTheCurveOfTwoClasses() throws Exception {
        Path two = folder.resolve("two.safetensors");
        Network.builder(Digits.IN)
                .linear("first", 16)
                .relu()
                .linear("second", 2)
                .build(1)
                .save(two);
        Dataset<Row> halves = table.withColumn("label", functions.expr("int(label < 2)"));
        Dataset<Row> scored = estimator()
                .setBasePath(two.toString())
                .setOutputCol("scores")
                .fit(halves)
                .setOutputType("vector")
                .transform(halves);
        double area = new BinaryClassificationEvaluator()
                .setRawPredictionCol("scores")
                .evaluate(scored);
        assertThat(area).isBetween(0.5, 1.0);
    }

    @Test
    void errorOfASingleOutput() throws Exception {
        Path one = folder.resolve("one.safetensors");
        Network.builder(Digits.IN).linear("first", 1).build(1).save(one);
        Dataset<Row> targets = table.withColumn("label", functions.expr("0.3D * label"));
        Dataset<Row> scored = estimator()
                .setBasePath(one.toString())
                .setLoss("meanSquaredError")
                .fit(targets)
                .transform(targets);
        double sum = 0;
        List<Row> rows = scored.collectAsList();
        for (Row row : rows) {
            float output = row.<Float>getList(row.fieldIndex("output")).get(0);
            double prediction = row.getAs("prediction");
            assertThat((float) prediction).isEqualTo(output);
            sum += Math.pow(prediction - row.<Double>getAs("label"), 2);
        }
        double error = new RegressionEvaluator().setMetricName("mse").evaluate(scored);
        assertThat(Math.abs(error - sum / rows.size())).isLessThan(1e-9);
    }
}
