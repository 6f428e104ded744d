package org.lora4j.spark.internal.train;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.jspecify.annotations.Nullable;
import org.lora4j.AdapterView;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.algebra.AdapterCombination;
import org.lora4j.algebra.TargetRank;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.spark.internal.param.Aggregation;
import org.lora4j.spark.internal.param.OptimizerName;
import org.lora4j.spark.internal.rows.FlatValues;
import org.lora4j.spark.param.HasTraining;
import org.lora4j.spark.param.RoundListener;
import org.lora4j.spark.param.TrainingRound;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A training whose workers take several steps alone in each round. Then their parameters are averaged, each with the weight
 * of its rows. This is not exact: an average of factors is not the factors of an average.
 */
final class LocalTraining {
    private static final String STEPS = "lora4j.spark.steps";

    private final JobNames jobs;
    private final HasTraining<?> settings;
    private final RoundListener progress;
    private final JavaRDD<Shard> shards;
    private final Broadcast<TrainingTask> task;
    private final SparkGradients.Batches batches;
    private final @Nullable CheckpointFolder checkpoints;
    private final AdapterView view;
    private final List<INDArray> values;
    private final long steps;
    private final LocalSteps round;

    LocalTraining(
            JavaSparkContext spark,
            HasTraining<?> settings,
            long steps,
            RoundListener progress,
            JavaRDD<Shard> shards,
            Broadcast<TrainingTask> task,
            SparkGradients.Batches batches,
            @Nullable CheckpointFolder checkpoints) {
        jobs = new JobNames(spark);
        this.settings = settings;
        this.progress = progress;
        this.shards = shards;
        this.task = task;
        this.batches = batches;
        this.checkpoints = checkpoints;
        view = task.value().newView();
        values = task.value().values(view);
        this.steps = steps;
        round = new LocalSteps(
                0,
                settings.getLocalSteps(),
                batches.count(),
                OptimizerName.of(settings.getOptimizer()),
                settings.getLearningRate(),
                settings.getWeightDecay(),
                settings.isDefined(settings.clipNorm()) ? settings.getClipNorm() : Double.POSITIVE_INFINITY);
    }

    LoRAAdapter run() {
        long done = resume();
        List<LocalResult> results = List.of();
        int rounds = 0;
        while (done < steps) {
            long begin = System.nanoTime();
            LocalSteps now = round.from(done, steps);
            results = jobs.run(
                    "LoRA: steps " + (done + 1) + " to " + (done + now.count()),
                    () -> LocalResult.run(shards, task, now, FlatValues.of(values)));
            done += now.count();
            report(results, done, (System.nanoTime() - begin) / 1e9);
            rounds++;
            // Not after the last round: only the results of the workers can be aggregated.
            if (checkpoints != null && done < steps && rounds % settings.getCheckpointInterval() == 0) {
                checkpoint(checkpoints, done);
            }
        }
        LoRAAdapter adapter = adapter(results);
        if (checkpoints != null) {
            checkpoints.clear();
        }
        return adapter;
    }

    private static double[] shares(List<LocalResult> results) {
        double all = results.stream().mapToLong(LocalResult::rows).sum();
        return results.stream().mapToDouble(result -> result.rows() / all).toArray();
    }

    /** Averages the parameters, and tells how far that is from the average of the updates. */
    private void report(List<LocalResult> results, long done, double seconds) {
        double[] shares = shares(results);
        double gap = results.size() == 1 ? 0 : FactorGap.of(adapters(results), shares);
        double[] sum = new double[results.get(0).values().length()];
        double loss = 0;
        for (int i = 0; i < shares.length; i++) {
            results.get(i).values().addTo(sum, shares[i]);
            loss += shares[i] * results.get(i).loss();
        }
        FlatValues.rounded(sum, view.dataType()).assignTo(values);
        if (!Double.isFinite(loss)) {
            throw new IllegalStateException(
                    "the loss must be finite, found " + loss + " after step " + done + "; set a lower learning rate");
        }
        long rows = results.stream().mapToLong(LocalResult::rows).sum();
        int epoch = (int) ((done - 1) / batches.count()) + 1;
        progress.onRound(new TrainingRound(done, epoch, rows, loss, seconds, gap));
    }

    private List<LoRAAdapter> adapters(List<LocalResult> results) {
        List<LoRAAdapter> adapters = new ArrayList<>();
        for (LocalResult result : results) {
            result.values().assignTo(values);
            adapters.add(view.adapter());
        }
        return adapters;
    }

    private LoRAAdapter adapter(List<LocalResult> results) {
        Aggregation aggregation = Aggregation.of(settings.getAggregation());
        if (aggregation == Aggregation.AVERAGE || results.size() < 2) {
            return view.adapter();
        }
        double[] shares = shares(results);
        List<LoRAAdapter> adapters = adapters(results);
        int rank = adapters.get(0).config().rank();
        AdapterCombination all = AdapterCombination.of(adapters.get(0), shares[0]);
        for (int i = 1; i < shares.length; i++) {
            all = all.plus(adapters.get(i), shares[i]);
        }
        return aggregation == Aggregation.CAT
                ? all.cat()
                : all.svd(TargetRank.of(rank)).adapter();
    }

    private void checkpoint(CheckpointFolder folder, long done) {
        Map<String, INDArray> tensors = new HashMap<>();
        for (int i = 0; i < values.size(); i++) {
            tensors.put(key(i), values.get(i));
        }
        try {
            folder.write(done, tensors, Map.of(STEPS, Long.toString(done)));
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "the checkpoint of step " + done + " cannot be stored: " + e.getMessage(), e);
        }
    }

    private static String key(int i) {
        return "parameter." + i;
    }

    /** Continues from the last checkpoint, and returns the number of steps before it. */
    private long resume() {
        SafeTensors stored = checkpoints == null ? null : checkpoints.latest().orElse(null);
        if (stored == null) {
            return 0;
        }
        try {
            for (int i = 0; i < values.size(); i++) {
                values.get(i).assign(stored.tensor(key(i)));
            }
            long done = Long.parseLong(stored.metadata().getOrDefault(STEPS, "0"));
            if (done >= steps) {
                throw new IllegalStateException("checkpointPath: the checkpoint must be one before the last step, "
                        + steps + ", found one after step " + done
                        + "; set more epochs or a greater maxIter, or another folder");
            }
            return done;
        } catch (IOException e) {
            throw new UncheckedIOException("checkpointPath: the last checkpoint cannot be read: " + e.getMessage(), e);
        }
    }
}
