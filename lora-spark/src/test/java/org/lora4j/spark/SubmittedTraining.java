package org.lora4j.spark;

import org.apache.spark.sql.SparkSession;

/** The program that {@link StandaloneIT} submits. */
public final class SubmittedTraining {
    private SubmittedTraining() {}

    /**
     * Trains an adapter and saves it.
     *
     * @param args the file of the base, the file of the table, and the folder of the result
     */
    public static void main(String[] args) throws Exception {
        try (SparkSession spark = SparkSession.builder().getOrCreate()) {
            new LoRAEstimator()
                    .setBasePath(args[0])
                    .setIdCol("id")
                    .setFeaturesCol("array")
                    .setRank(2)
                    .setBatchSize(40)
                    .setEpochs(5)
                    .setLearningRate(0.01)
                    .setNumWorkers(4)
                    .fit(spark.read().parquet(args[1]))
                    .save(args[2]);
        }
    }
}
