package org.lora4j.spark;

import java.io.Serializable;
import java.util.Objects;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;
import org.lora4j.spark.internal.base.BaseNetwork;
import org.lora4j.spark.internal.rows.BaseColumns;
import org.lora4j.spark.internal.score.ScoringTask;
import org.lora4j.spark.internal.train.TrainedAdapter;
import org.lora4j.spark.param.HasBlockSize;

/**
 * What Spark's predictors do with a trained adapter. Spark has a base class for each kind of predictor, so they have an object of
 * this class and not a base class of their own.
 */
final class Predictor implements Serializable {
    private static final long serialVersionUID = 1L;

    private final HasBlockSize<?> model;
    private final String estimator;
    private final @Nullable TrainedAdapter trained;
    private transient @Nullable Broadcast<ScoringTask<BaseNetwork>> local;

    /**
     * Holds an adapter.
     *
     * @param model the predictor
     * @param estimator what trains its adapter, for messages
     * @param trained the adapter; null for none
     */
    Predictor(HasBlockSize<?> model, String estimator, @Nullable TrainedAdapter trained) {
        this.model = model;
        this.estimator = estimator;
        this.trained = trained;
    }

    /**
     * Returns the adapter.
     *
     * @throws IllegalStateException if there is none
     */
    TrainedAdapter trained() {
        if (trained == null) {
            throw new IllegalStateException("the model must have an adapter, found none; train one with " + estimator
                    + ", or load a saved model");
        }
        return trained;
    }

    /** Returns the adapter for a copy of the model; null for none. */
    @Nullable
    TrainedAdapter trainedIfAny() {
        return trained;
    }

    LoRATransformer transformer() {
        LoRATransformer transformer =
                new LoRATransformer(model.uid() + "_transformer", trained().adapter());
        BaseColumns.copy(model, transformer);
        return transformer.setBatchSize(model.getBlockSize());
    }

    /** Computes the outputs of one row in this process. The first call reads the base. */
    synchronized Vector outputs(Object features) {
        Objects.requireNonNull(features, "features must not be null");
        Broadcast<ScoringTask<BaseNetwork>> task = local;
        if (task == null) {
            BaseColumns.requireBase(model);
            if (BaseColumns.pair(model) != null) {
                throw new IllegalArgumentException("pairCol must not be set for a prediction of one row in the driver,"
                        + " found '" + BaseColumns.pair(model) + "'; transform a table");
            }
            task = transformer().broadcast(SparkSession.active());
            local = task;
        }
        return LoRAFunctions.vector(features, task);
    }
}
