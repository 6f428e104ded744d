package org.lora4j.spark;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.ml.param.Param;
import org.apache.spark.sql.Dataset;
import org.jspecify.annotations.Nullable;
import org.lora4j.AdapterView;
import org.lora4j.adapter.BiasTraining;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.io.SafeTensors;
import org.lora4j.nn.Network;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingListener;
import org.lora4j.train.TrainingState;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One call of {@link LoRAEstimator#fit}: shares out the rows and the base, and trains. */
final class Training {
    private static final Logger log = LoggerFactory.getLogger(LoRAEstimator.class);

    private final LoRAEstimator settings;
    private final Dataset<?> table;
    private final JavaSparkContext spark;
    private final LoRAConfig config;
    private final LossName loss;
    private final int batchSize;
    private final int workers;

    Training(LoRAEstimator settings, Dataset<?> table) {
        this.settings = settings;
        this.table = table;
        spark = JavaSparkContext.fromSparkContext(table.sparkSession().sparkContext());
        config = settings.adapterConfig();
        loss = LossName.of(settings.getOrDefault(settings.loss()));
        batchSize = (int) settings.getOrDefault(settings.batchSize());
        workers = settings.isDefined(settings.numWorkers())
                ? (int) settings.getOrDefault(settings.numWorkers())
                : spark.defaultParallelism();
        requireAggregation();
    }

    /** Only factors can be combined exactly, which would be noticed after the last round. */
    private void requireAggregation() {
        String aggregation = settings.getOrDefault(settings.aggregation());
        boolean hasMore = config.dora()
                || config.bias() != BiasTraining.NONE
                || !config.modulesToSave().isEmpty();
        if (hasMore
                && (int) settings.getOrDefault(settings.localSteps()) > 0
                && Aggregation.of(aggregation) != Aggregation.AVERAGE) {
            throw new IllegalArgumentException("aggregation must be '" + Aggregation.AVERAGE.text()
                    + "' if the adapter has DoRA, trained biases or modulesToSave, found '" + aggregation
                    + "'; set it, or train factors only");
        }
    }

    AdapterBytes run() {
        Configuration hadoop = table.sparkSession().sessionState().newHadoopConf();
        Broadcast<BaseNetwork> base = spark.broadcast(
                BaseNetwork.read(settings.getOrDefault(settings.basePath()), BaseColumns.encoder(settings), hadoop));
        BaseColumns.requireFit(settings, table.schema(), base.value());
        Network network = base.value().network();
        JavaRDD<Shard> shards = data(base).shards(table, batchSize, workers, config.seed());
        try {
            int size = batchSize;
            List<ShardSize> sizes = new JobNames(spark)
                    .run(
                            "LoRA: order the rows",
                            () -> shards.map(shard -> shard.size(size)).collect());
            long rows = sizes.stream().mapToLong(ShardSize::rows).sum();
            if (rows == 0) {
                throw new IllegalArgumentException("the table must have at least one row, found none");
            }
            SparkGradients.Batches batches = new SparkGradients.Batches(rows, batchSize);
            CheckpointFolder checkpoints = checkpoints(
                    hadoop,
                    base.value(),
                    rows,
                    sizes.stream().mapToLong(ShardSize::hash).sum());
            Broadcast<TrainingTask> task =
                    spark.broadcast(new TrainingTask(base, config, loss, batchSize, TokenCounts.of(sizes)));
            try {
                LoRAAdapter adapter = (int) settings.getOrDefault(settings.localSteps()) > 0
                        ? new LocalTraining(spark, settings, shards, task, batches, checkpoints).run()
                        : trainExactly(shards, task, batches, checkpoints);
                return AdapterBytes.of(adapter, network);
            } finally {
                task.destroy();
            }
        } finally {
            shards.unpersist();
            base.destroy();
        }
    }

    private TrainingData data(Broadcast<BaseNetwork> base) {
        return new TrainingData(
                base,
                settings.getOrDefault(settings.featuresCol()),
                BaseColumns.mask(settings),
                settings.getOrDefault(settings.labelCol()),
                settings.isDefined(settings.idCol()) ? settings.getOrDefault(settings.idCol()) : null,
                base.value().network().outputSize(),
                loss == LossName.SOFTMAX_CROSS_ENTROPY);
    }

    private @Nullable CheckpointFolder checkpoints(Configuration hadoop, BaseNetwork base, long rows, long hash) {
        if (!settings.isDefined(settings.checkpointPath())) {
            return null;
        }
        CheckpointSettings description = new CheckpointSettings()
                .put("base", base.identity())
                .put("rows", rows + " with the hash " + Long.toHexString(hash))
                .put("adapter", LoRAConfigJson.write(config));
        List<Param<?>> params = new ArrayList<>(List.of(
                settings.featuresCol(),
                settings.maskCol(),
                settings.labelCol(),
                settings.idCol(),
                settings.loss(),
                settings.optimizer(),
                settings.learningRate(),
                settings.weightDecay(),
                settings.clipNorm(),
                settings.batchSize(),
                settings.localSteps()));
        if ((int) settings.getOrDefault(settings.localSteps()) > 0) {
            params.add(settings.aggregation());
            description.put("workers", workers);
        }
        for (Param<?> param : params) {
            if (settings.isDefined(param)) {
                description.put(param.name(), settings.getOrDefault(param));
            }
        }
        return new CheckpointFolder(settings.getOrDefault(settings.checkpointPath()), hadoop, description);
    }

    private LoRAAdapter trainExactly(
            JavaRDD<Shard> shards,
            Broadcast<TrainingTask> task,
            SparkGradients.Batches batches,
            @Nullable CheckpointFolder checkpoints) {
        AdapterView view = task.value().newView();
        List<INDArray> values = task.value().values(view);
        SparkGradients gradients =
                new SparkGradients(spark, shards, task, () -> FlatValues.of(values), batches, isLarge(values));
        Trainer.Builder trainer = Trainer.builder(view)
                .loss(loss.loss())
                .updater(OptimizerName.of(settings.getOrDefault(settings.optimizer()))
                        .updater((double) settings.getOrDefault(settings.learningRate()), (double)
                                settings.getOrDefault(settings.weightDecay())))
                .listener(new Progress());
        limit(trainer);
        if (checkpoints != null) {
            trainer.checkpointEvery(
                    (int) settings.getOrDefault(settings.checkpointInterval()),
                    state -> checkpoints.write(state.iteration(), state.tensors(), state.metadata()));
            checkpoints.latest().ifPresent(stored -> trainer.resume(read(stored)));
        }
        trainer.build().fit(gradients);
        if (checkpoints != null) {
            checkpoints.clear();
        }
        return view.adapter();
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
        return bytes > (long) settings.getOrDefault(settings.treeReduceBytes());
    }

    private void limit(Trainer.Builder trainer) {
        if (settings.isDefined(settings.epochs())) {
            trainer.epochs((int) settings.getOrDefault(settings.epochs()));
        }
        if (settings.isDefined(settings.maxIter())) {
            trainer.maxIterations((long) settings.getOrDefault(settings.maxIter()));
        }
        if (settings.isDefined(settings.clipNorm())) {
            trainer.clipNorm((double) settings.getOrDefault(settings.clipNorm()));
        }
    }

    /** Tells the log and the user's listener of each step. */
    private final class Progress implements TrainingListener {
        private long begin = System.nanoTime();

        @Override
        public void onIteration(Iteration step) {
            long now = System.nanoTime();
            report(
                    settings,
                    new TrainingRound(
                            step.iteration(), step.epoch(), step.examples(), step.loss(), (now - begin) / 1e9, 0));
            begin = now;
        }
    }

    /** Tells the log and the user's listener of a round. */
    static void report(LoRAEstimator settings, TrainingRound round) {
        log.info(
                "step {}, epoch {}: loss {} of {} rows in {} s{}",
                round.iteration(),
                round.epoch(),
                round.loss(),
                round.rows(),
                round.seconds(),
                round.gap() == 0 ? "" : ", gap of the averaged factors " + round.gap());
        RoundListener listener = settings.listener();
        if (listener != null) {
            listener.onRound(round);
        }
    }
}
