package org.lora4j.spark;

import org.apache.spark.ml.evaluation.MulticlassClassificationEvaluator;
import org.apache.spark.ml.tuning.CrossValidator;
import org.apache.spark.ml.tuning.CrossValidatorModel;
import org.apache.spark.ml.tuning.ParamGridBuilder;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** The program at the beginning of the page about Spark. */
public final class TrainClassifier {
    public static void main(String[] args) throws Exception {
        try (SparkSession spark = SparkSession.builder().getOrCreate()) {
            Dataset<Row>[] parts = spark.read().parquet(args[1]).randomSplit(new double[] {0.8, 0.2}, 1);
            LoRAClassifier classifier = new LoRAClassifier()
                    .setBasePath(args[0])
                    .setFeaturesCol("features")
                    .setLabelCol("label")
                    .setIdCol("id")
                    .setRank(4)
                    .setBatchSize(40)
                    .setMaxIter(60)
                    .setNumWorkers(2)
                    .setSaveBase(true);
            MulticlassClassificationEvaluator accuracy =
                    new MulticlassClassificationEvaluator().setMetricName("accuracy");
            CrossValidatorModel best = new CrossValidator()
                    .setEstimator(classifier)
                    .setEvaluator(accuracy)
                    .setEstimatorParamMaps(new ParamGridBuilder()
                            .addGrid(classifier.learningRate(), new double[] {0.0001, 0.01})
                            .build())
                    .setNumFolds(2)
                    .fit(parts[0]);
            System.out.println("accuracy: " + accuracy.evaluate(best.transform(parts[1])));
            best.write().overwrite().save(args[2]);
        }
    }
}
