package org.lora4j.spark.internal.train;

import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.ml.param.Param;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.spark.internal.base.SentBase;
import org.lora4j.spark.internal.param.LossName;

/**
 * What a training learns of the rows of a table.
 *
 * @param <B> the kind of base
 */
interface TrainingForm<B extends SentBase> {
    /** Reads the base for a broadcast; only the path of its tensors if they have more than some bytes. */
    B read(Configuration hadoop, long mostBytes);

    /**
     * Checks that the columns are those that the base takes, and that the base is one that the stage takes.
     *
     * @throws IllegalArgumentException if it is not so
     */
    void requireFit(StructType schema, B base);

    /**
     * Returns the configuration of the adapter for a base.
     *
     * @param config that of the stage
     */
    default LoRAConfig config(LoRAConfig config, B base) {
        return config;
    }

    LossName loss();

    /** Whether rows have weights in the loss. */
    boolean hasWeights();

    /** The number of features; −1 if the input is tokens or texts. */
    int inputs(B base);

    /** The {@code task.json} of the adapter, which says what it is for; null if there is no such file for it. */
    default @Nullable String task(StructType schema, B base) {
        return null;
    }

    /** How many steps a training has at least if nobody says it, or 0; see {@link org.lora4j.internal.DefaultSteps}. */
    int defaultSteps();

    /** The parameters of the stage that decide what a row is, for a checkpoint. */
    List<Param<?>> params();

    /**
     * Creates the shards of all workers, one in each partition. They are computed once and cached.
     *
     * @param base the base, which the executors have
     * @param table the rows
     * @param batchSize the examples of a batch
     * @param workers the number of shards
     * @param seed the seed of the order if there is no column of ids
     */
    JavaRDD<Shard> shards(Broadcast<B> base, Dataset<?> table, int batchSize, int workers, long seed);
}
