package org.lora4j.spark.internal.train;

import java.util.Comparator;
import java.util.List;
import java.util.function.Supplier;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.lora4j.spark.internal.rows.FlatValues;
import org.lora4j.train.BatchGradients;
import org.nd4j.linalg.api.ndarray.INDArray;
import scala.Tuple2;

/** Computes each batch with an ordinary job of Spark: every worker computes its rows, and the driver adds up. */
public final class SparkGradients implements BatchGradients.Source {
    private final JobNames jobs;
    private final JavaRDD<Shard> shards;
    private final Broadcast<TrainingTask> task;
    private final Supplier<FlatValues> parameters;
    private final Batches batches;
    private final boolean inTwoLevels;

    /**
     * The batches of an epoch.
     *
     * @param rows the rows of the table
     * @param size the rows of each batch but the last
     */
    record Batches(long rows, int size) {
        int count() {
            return Math.toIntExact((rows + size - 1) / size);
        }

        int examples(int batch) {
            return (int) Math.min(size, rows - (long) batch * size);
        }
    }

    /**
     * Creates a source.
     *
     * @param parameters gives the parameters of the training as they are now
     * @param inTwoLevels whether the driver gets sums of several workers, because it could not hold those of all of them
     */
    SparkGradients(
            JavaSparkContext spark,
            JavaRDD<Shard> shards,
            Broadcast<TrainingTask> task,
            Supplier<FlatValues> parameters,
            Batches batches,
            boolean inTwoLevels) {
        jobs = new JobNames(spark);
        this.shards = shards;
        this.task = task;
        this.parameters = parameters;
        this.batches = batches;
        this.inTwoLevels = inTwoLevels;
    }

    @Override
    public int batches() {
        return batches.count();
    }

    @Override
    public int examples(int batch) {
        return batches.examples(batch);
    }

    @Override
    public double compute(long number, List<INDArray> gradients) {
        String name = "LoRA: batch " + (number + 1) + ", epoch " + (number / batches() + 1);
        GradientSums sums = jobs.run(name, () -> sums(number));
        if (sums.rows() != examples((int) (number % batches()))) {
            throw new IllegalStateException("the table must stay the same while it is trained on, found " + sums.rows()
                    + " rows in batch " + (number % batches()) + " of "
                    + examples((int) (number % batches()))
                    + "; cache or store the table if it changes when it is read");
        }
        sums.means(gradients.get(0).dataType()).assignTo(gradients);
        return sums.meanLoss();
    }

    private GradientSums sums(long number) {
        Broadcast<TrainingTask> sent = task;
        FlatValues now = parameters.get();
        long batch = number % batches();
        JavaRDD<PartialGradients> parts =
                shards.map(shard -> sent.value().gradients(TaskContext.getPartitionId(), shard, now, number, batch));
        return sums(parts, inTwoLevels);
    }

    /** Adds at the driver in the order of the workers, or groups of them first. */
    public static GradientSums sums(JavaRDD<PartialGradients> parts, boolean inTwoLevels) {
        return inTwoLevels ? sumsOfGroups(parts) : GradientSums.of(PartitionResults.collect(parts));
    }

    /** Groups of √n workers, each in order. Spark's own treeReduce adds in the order of arrival. */
    private static GradientSums sumsOfGroups(JavaRDD<PartialGradients> parts) {
        int perGroup = (int) Math.ceil(Math.sqrt(parts.getNumPartitions()));
        int groups = (parts.getNumPartitions() + perGroup - 1) / perGroup;
        List<Tuple2<Integer, GradientSums>> ofGroups =
                PartitionResults.collect(parts.mapToPair(part -> new Tuple2<>(part.worker() / perGroup, part))
                        .groupByKey(groups)
                        .map(group -> new Tuple2<>(group._1(), GradientSums.inOrder(group._2()))));
        GradientSums sums = new GradientSums();
        ofGroups.stream().sorted(Comparator.comparing(Tuple2::_1)).forEach(group -> sums.add(group._2()));
        return sums;
    }
}
