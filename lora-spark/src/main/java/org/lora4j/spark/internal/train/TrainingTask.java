package org.lora4j.spark.internal.train;

import java.io.Serializable;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.apache.spark.broadcast.Broadcast;
import org.jspecify.annotations.Nullable;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.spark.internal.base.ExecutorThreads;
import org.lora4j.spark.internal.base.SentBase;
import org.lora4j.spark.internal.param.LoRAConfigJson;
import org.lora4j.spark.internal.param.LossName;
import org.lora4j.spark.internal.rows.FlatValues;
import org.lora4j.spark.internal.rows.PartialLoss;
import org.lora4j.train.BatchGradients;
import org.lora4j.train.Loss;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What the workers of a training need, sent once to each executor. An executor that has the broadcast of this object keeps
 * a model for each of its tasks that run at the same time; a later task uses one of them again.
 */
final class TrainingTask implements Serializable {
    private static final long serialVersionUID = 1L;

    private static final String ADAPTER = "trained";

    private final Broadcast<? extends SentBase> base;
    private final String config;
    private final LossName loss;
    private final boolean hasWeights;
    private final int batchSize;
    private final BatchPlaces places;
    private transient @Nullable Deque<Worker> idle;

    /** A model with the adapter that trains, and the buffers to compute its gradients. */
    private static final class Worker {
        private final AdapterView view;
        private final WeightedLoss weighted;
        private final Loss loss;
        private final BatchGradients gradients;
        private final List<INDArray> values;

        Worker(AdapterView view, LossName name, boolean hasWeights) {
            this.view = view;
            weighted = new WeightedLoss(name.loss());
            loss = hasWeights ? weighted : name.loss();
            gradients = new BatchGradients(view, loss);
            values = values(gradients);
        }
    }

    TrainingTask(
            Broadcast<? extends SentBase> base,
            LoRAConfig config,
            LossName loss,
            boolean hasWeights,
            int batchSize,
            BatchPlaces places) {
        this.base = base;
        this.config = LoRAConfigJson.write(config);
        this.loss = loss;
        this.hasWeights = hasWeights;
        this.batchSize = batchSize;
        this.places = places;
    }

    /** Returns the arrays of the parameters that train, in the order that the driver and all executors have. */
    List<INDArray> values(AdapterView view) {
        return values(new BatchGradients(view, loss.loss()));
    }

    private static List<INDArray> values(BatchGradients gradients) {
        return gradients.parameters().stream().map(Parameter::value).toList();
    }

    /** Creates a model with an adapter at its initialization, which is the same on the driver and on each executor. */
    AdapterView newView() {
        return LoRAModel.of(base.value().network()).add(ADAPTER, LoRAConfigJson.read(config));
    }

    /**
     * Computes the gradients of a worker's rows of a batch.
     *
     * @param number the number of the batch in the training, from 0
     * @param batch its number in the epoch
     */
    PartialGradients gradients(int worker, Shard shard, FlatValues parameters, long number, long batch) {
        Shard.Range range = shard.range(batch, batchSize);
        if (range.size() == 0) {
            return new PartialGradients(worker, 0, 0, 0, null);
        }
        Worker model = take();
        try {
            parameters.assignTo(model.values);
            double sum = model.weighted.use(shard.weights(range));
            double mean = shard.compute(model.gradients, range, model.view, places.of(worker, range, number, batch));
            // Of a language model, the tokens that count.
            double weight = hasWeights ? sum : model.gradients.weight();
            return new PartialGradients(worker, range.size(), weight, mean, FlatValues.of(model.gradients.gradients()));
        } finally {
            release(model);
        }
    }

    /**
     * Takes the steps of a round with a worker's own rows.
     *
     * @return the result; nothing if the worker has no row of these batches
     */
    List<LocalResult> train(int worker, Shard shard, FlatValues parameters, LocalSteps steps) {
        LocalRows rows = new LocalRows(worker, shard, steps, batchSize, places);
        if (rows.batches() == 0) {
            return List.of();
        }
        Worker model = take();
        try {
            parameters.assignTo(model.values);
            double mean = rows.train(model.view, model.gradients, loss.loss());
            return List.of(new LocalResult(rows.rows(), mean, FlatValues.of(model.values)));
        } finally {
            release(model);
        }
    }

    /** Computes the mean loss of all rows of a worker without dropout, and the sum of their weights. */
    PartialLoss loss(Shard shard, FlatValues parameters) {
        if (shard.size() == 0) {
            return PartialLoss.NONE;
        }
        Worker model = take();
        try {
            parameters.assignTo(model.values);
            PartialLoss sum = PartialLoss.NONE;
            for (Shard.Range range : shard.blocks(batchSize)) {
                double weight = model.weighted.use(shard.weights(range));
                sum = sum.plus(shard.loss(model.loss, range, model.view, weight));
            }
            return sum;
        } finally {
            release(model);
        }
    }

    private Worker take() {
        ExecutorThreads.limit();
        synchronized (this) {
            if (idle != null && !idle.isEmpty()) {
                return idle.pop();
            }
        }
        return new Worker(newView(), loss, hasWeights);
    }

    private synchronized void release(Worker worker) {
        if (idle == null) {
            idle = new ArrayDeque<>();
        }
        idle.push(worker);
    }
}
