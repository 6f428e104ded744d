package org.lora4j.spark.internal.train;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.ml.param.Param;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.functions;
import org.jspecify.annotations.Nullable;
import org.lora4j.AdapterView;
import org.lora4j.adapter.BiasTraining;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.internal.DefaultSteps;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.nn.Network;
import org.lora4j.spark.internal.base.AdapterBytes;
import org.lora4j.spark.internal.base.BroadcastLimit;
import org.lora4j.spark.internal.base.SentBase;
import org.lora4j.spark.internal.param.Aggregation;
import org.lora4j.spark.internal.param.LoRAConfigJson;
import org.lora4j.spark.internal.param.OptimizerName;
import org.lora4j.spark.internal.rows.FlatValues;
import org.lora4j.spark.internal.rows.PartialLoss;
import org.lora4j.spark.internal.rows.TableColumns;
import org.lora4j.spark.param.HasTraining;
import org.lora4j.spark.param.RoundListener;
import org.lora4j.spark.param.TrainingRound;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingListener;
import org.lora4j.train.TrainingState;
import org.lora4j.train.Validation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One call of {@code fit}: shares out the rows and the base, and trains.
 *
 * @param <B> the kind of base
 */
public final class Training<B extends SentBase> {
    private static final Logger log = LoggerFactory.getLogger(Training.class);

    private final HasTraining<?> settings;
    private final TrainingForm<B> form;
    private final @Nullable RoundListener listener;
    private final List<Double> objective = new ArrayList<>();
    private final List<Double> validation = new ArrayList<>();
    private final Dataset<?> table;
    private final JavaSparkContext spark;
    private LoRAConfig config;
    private final int workers;
    private int batchSize;

    /**
     * Prepares a training.
     *
     * @param form what is learned of the rows
     * @param listener what is told of each round, or null
     */
    public Training(HasTraining<?> settings, TrainingForm<B> form, @Nullable RoundListener listener, Dataset<?> table) {
        this.settings = settings;
        this.form = form;
        this.listener = listener;
        this.table = table;
        spark = JavaSparkContext.fromSparkContext(table.sparkSession().sparkContext());
        config = settings.adapterConfig();
        workers = settings.isDefined(settings.numWorkers()) ? settings.getNumWorkers() : spark.defaultParallelism();
        requireAggregation();
    }

    /** Only factors can be combined exactly, which would be noticed after the last round. */
    private void requireAggregation() {
        String aggregation = settings.getAggregation();
        boolean hasMore = config.dora()
                || config.bias() != BiasTraining.NONE
                || !config.modulesToSave().isEmpty();
        if (hasMore && settings.getLocalSteps() > 0 && Aggregation.of(aggregation) != Aggregation.AVERAGE) {
            throw new IllegalArgumentException("aggregation must be '" + Aggregation.AVERAGE.text()
                    + "' if the adapter has DoRA, trained biases or modulesToSave, found '" + aggregation
                    + "'; set it, or train factors only");
        }
    }

    public TrainedAdapter run() {
        Configuration hadoop = table.sparkSession().sessionState().newHadoopConf();
        Broadcast<B> base = spark.broadcast(form.read(hadoop, BroadcastLimit.of(spark)));
        try {
            form.requireFit(table.schema(), base.value());
            config = form.config(config, base.value());
            batchSize = settings.isDefined(settings.batchSize())
                    ? settings.getBatchSize()
                    : DefaultSteps.batchSize(new JobNames(spark)
                            .run("LoRA: count the rows", () -> rows(false).count()));
            JavaRDD<Shard> shards = form.shards(base, rows(false), batchSize, workers, config.seed());
            try {
                return train(hadoop, base, shards);
            } finally {
                shards.unpersist();
            }
        } finally {
            base.destroy();
        }
    }

    private TrainedAdapter train(Configuration hadoop, Broadcast<B> base, JavaRDD<Shard> shards) {
        Network network = base.value().network();
        List<ShardSize> sizes = sizes("LoRA: order the rows", shards);
        long rows = rows(sizes);
        if (rows == 0) {
            throw new IllegalArgumentException("the table must have at least one row, found none");
        }
        SparkGradients.Batches batches = new SparkGradients.Batches(rows, batchSize);
        CheckpointFolder checkpoints = checkpoints(
                hadoop,
                base.value(),
                rows,
                sizes.stream().mapToLong(ShardSize::hash).sum());
        Broadcast<TrainingTask> task = spark.broadcast(
                new TrainingTask(base, config, form.loss(), form.hasWeights(), batchSize, new BatchPlaces(sizes)));
        try {
            LoRAAdapter adapter = settings.getLocalSteps() > 0
                    ? new LocalTraining(
                                    spark, settings, steps(batches), this::report, shards, task, batches, checkpoints)
                            .run()
                    : trainExactly(base, shards, task, batches, checkpoints);
            return new TrainedAdapter(
                    AdapterBytes.of(adapter, network, form.task(table.schema(), base.value())),
                    form.inputs(base.value()),
                    Math.toIntExact(network.outputSize()),
                    objective,
                    validation);
        } finally {
            task.destroy();
        }
    }

    /** The rows to train on, or those for validation. */
    private Dataset<?> rows(boolean forValidation) {
        if (!settings.isDefined(settings.validationIndicatorCol())) {
            return table;
        }
        Column isHeldOut =
                functions.coalesce(TableColumns.column(settings.getValidationIndicatorCol()), functions.lit(false));
        return table.filter(forValidation ? isHeldOut : functions.not(isHeldOut));
    }

    private List<ShardSize> sizes(String job, JavaRDD<Shard> shards) {
        int size = batchSize;
        return new JobNames(spark).run(job, () -> PartitionResults.collect(shards.map(shard -> shard.size(size))));
    }

    private static long rows(List<ShardSize> sizes) {
        return sizes.stream().mapToLong(ShardSize::rows).sum();
    }

    private @Nullable CheckpointFolder checkpoints(Configuration hadoop, B base, long rows, long hash) {
        if (!settings.isDefined(settings.checkpointPath())) {
            return null;
        }
        CheckpointSettings description = new CheckpointSettings()
                .put("base", base.identity())
                .put("rows", rows + " with the hash " + Long.toHexString(hash))
                .put("adapter", LoRAConfigJson.write(config))
                .put("loss", form.loss().text());
        List<Param<?>> params = new ArrayList<>(form.params());
        params.addAll(List.of(
                settings.idCol(),
                settings.validationIndicatorCol(),
                settings.optimizer(),
                settings.learningRate(),
                settings.weightDecay(),
                settings.clipNorm(),
                settings.localSteps()));
        description.put(settings.batchSize().name(), batchSize);
        if (settings.getLocalSteps() > 0) {
            params.add(settings.aggregation());
            description.put("workers", workers);
        }
        for (Param<?> param : params) {
            if (settings.isDefined(param)) {
                description.put(param.name(), value(settings, param));
            }
        }
        return new CheckpointFolder(settings.getCheckpointPath(), hadoop, description);
    }

    @SuppressWarnings("unchecked")
    private static Object value(HasTraining<?> settings, Param<?> param) {
        return settings.<Object>getOrDefault((Param<Object>) param);
    }

    private LoRAAdapter trainExactly(
            Broadcast<B> base,
            JavaRDD<Shard> shards,
            Broadcast<TrainingTask> task,
            SparkGradients.Batches batches,
            @Nullable CheckpointFolder checkpoints) {
        AdapterView view = task.value().newView();
        List<INDArray> values = task.value().values(view);
        SparkGradients gradients =
                new SparkGradients(spark, shards, task, () -> FlatValues.of(values), batches, isLarge(values));
        Trainer.Builder trainer = Trainer.builder(view)
                .loss(form.loss().loss())
                .updater(OptimizerName.of(settings.getOptimizer())
                        .updater(settings.getLearningRate(), settings.getWeightDecay()))
                .listener(new Progress());
        epochs(batches).ifPresent(trainer::epochs);
        if (settings.isDefined(settings.maxIter())) {
            trainer.maxIterations(settings.getMaxIter());
        }
        if (settings.isDefined(settings.clipNorm())) {
            trainer.clipNorm(settings.getClipNorm());
        }
        if (checkpoints != null) {
            trainer.checkpointEvery(
                    settings.getCheckpointInterval(),
                    state -> checkpoints.write(state.iteration(), state.tensors(), state.metadata()));
            checkpoints.latest().ifPresent(stored -> trainer.resume(read(stored)));
        }
        JavaRDD<Shard> heldOut = settings.isDefined(settings.validationIndicatorCol())
                ? form.shards(base, rows(true), batchSize, workers, config.seed())
                : null;
        try {
            if (heldOut != null) {
                requireRows(heldOut);
                trainer.validation(Validation.score(model -> -validate(heldOut, task, FlatValues.of(values))));
            }
            trainer.build().fit(gradients);
        } finally {
            if (heldOut != null) {
                heldOut.unpersist();
            }
        }
        if (checkpoints != null) {
            checkpoints.clear();
        }
        return view.adapter();
    }

    private void requireRows(JavaRDD<Shard> heldOut) {
        if (rows(sizes("LoRA: order the rows for validation", heldOut)) == 0) {
            throw new IllegalArgumentException("validationIndicatorCol: the column '"
                    + settings.getValidationIndicatorCol()
                    + "' must be true in at least one row, found none; mark some rows, or clear the column");
        }
    }

    private double validate(JavaRDD<Shard> heldOut, Broadcast<TrainingTask> task, FlatValues parameters) {
        double mean = new JobNames(spark)
                .run(
                        "LoRA: validation " + (validation.size() + 1),
                        () -> PartialLoss.mean(PartitionResults.collect(
                                heldOut.map(shard -> task.value().loss(shard, parameters)))));
        validation.add(mean);
        return mean;
    }

    private static TrainingState read(SafeTensors stored) {
        try {
            TrainingState state = TrainingState.of(stored.tensors(), stored.metadata());
            log.info("continues after step {}", state.iteration());
            return state;
        } catch (IOException e) {
            throw new IllegalStateException("checkpointPath: the last checkpoint cannot be read: " + e.getMessage(), e);
        }
    }

    private boolean isLarge(List<INDArray> values) {
        long bytes = values.stream()
                .mapToLong(v -> v.length() * v.dataType().width())
                .sum();
        return bytes > settings.getTreeReduceBytes();
    }

    /** The steps of the training. */
    private long steps(SparkGradients.Batches batches) {
        long most = settings.isDefined(settings.maxIter()) ? settings.getMaxIter() : Long.MAX_VALUE;
        OptionalInt epochs = epochs(batches);
        return epochs.isPresent() ? Math.min(most, batches.count() * (long) epochs.getAsInt()) : most;
    }

    /** The number of epochs; empty if only the number of steps is limited. */
    private OptionalInt epochs(SparkGradients.Batches batches) {
        if (settings.isDefined(settings.epochs())) {
            return OptionalInt.of(settings.getEpochs());
        }
        if (settings.isDefined(settings.maxIter())) {
            return OptionalInt.empty();
        }
        int epochs = DefaultSteps.epochs(1, batches.count(), form.defaultSteps());
        log.info(
                "trains {} epochs of {} batches of {} rows, so that the training has enough steps; the parameter epochs sets another number",
                epochs,
                batches.count(),
                batchSize);
        return OptionalInt.of(epochs);
    }

    /** Tells the log and the user's listener of each step. */
    private final class Progress implements TrainingListener {
        private long begin = System.nanoTime();

        @Override
        public void onIteration(Iteration step) {
            long now = System.nanoTime();
            report(new TrainingRound(
                    step.iteration(), step.epoch(), step.examples(), step.loss(), (now - begin) / 1e9, 0));
            begin = now;
        }
    }

    /** Tells the summary, the log and the user's listener of a round. */
    private void report(TrainingRound round) {
        objective.add(round.loss());
        log.info(
                "step {}, epoch {}: loss {} of {} rows in {} s{}",
                round.iteration(),
                round.epoch(),
                round.loss(),
                round.rows(),
                round.seconds(),
                round.gap() == 0 ? "" : ", gap of the averaged factors " + round.gap());
        if (listener != null) {
            listener.onRound(round);
        }
    }
}
