package org.lora4j.spark.internal.train;

import java.io.Serializable;
import java.util.List;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.broadcast.Broadcast;
import org.lora4j.spark.internal.rows.FlatValues;

/** What a worker has after its local steps. */
final class LocalResult implements Serializable {
    private static final long serialVersionUID = 1L;

    private final long rows;
    private final double loss;
    private final FlatValues values;

    /**
     * Holds the results.
     *
     * @param rows the rows of all steps
     * @param loss their mean loss, before each step
     * @param values the parameters after the last step
     */
    LocalResult(long rows, double loss, FlatValues values) {
        this.rows = rows;
        this.loss = loss;
        this.values = values;
    }

    /** Runs a round, and returns the results of the workers that have rows, in their order. */
    static List<LocalResult> run(
            JavaRDD<Shard> shards, Broadcast<TrainingTask> task, LocalSteps steps, FlatValues parameters) {
        return PartitionResults.collect(shards.flatMap(
                shard -> task.value().train(TaskContext.getPartitionId(), shard, parameters, steps).stream()
                        .iterator()));
    }

    long rows() {
        return rows;
    }

    double loss() {
        return loss;
    }

    FlatValues values() {
        return values;
    }
}
