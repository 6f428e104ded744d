package org.lora4j.spark.internal.train;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.AdapterView;
import org.lora4j.spark.internal.rows.Inputs;
import org.lora4j.train.BatchGradients;
import org.lora4j.train.Loss;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingListener;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The rows of one worker in the batches of a round, as the data of a training of its own. Batches without rows are left out. */
final class LocalRows {
    private final Shard shard;
    private final LocalSteps steps;
    private final List<Part> parts = new ArrayList<>();

    /**
     * The rows of a batch.
     *
     * @param range the rows
     * @param place where they are in the training
     */
    private record Part(Shard.Range range, Inputs.Place place) {}

    LocalRows(int worker, Shard shard, LocalSteps steps, int batchSize, BatchPlaces places) {
        this.shard = shard;
        this.steps = steps;
        for (long number = steps.first(); number < steps.first() + steps.count(); number++) {
            long batch = number % steps.batches();
            Shard.Range range = shard.range(batch, batchSize);
            if (range.size() > 0) {
                parts.add(new Part(range, places.of(worker, range, number, batch)));
            }
        }
    }

    int batches() {
        return parts.size();
    }

    long rows() {
        return parts.stream().mapToLong(part -> part.range().size()).sum();
    }

    /** Takes a step for each batch, and returns the mean loss of all rows. */
    double train(AdapterView view, BatchGradients gradients, Loss loss) {
        double[] sum = new double[1];
        Trainer.builder(view)
                .loss(loss)
                .updater(steps.updater())
                .clipNorm(steps.clipNorm())
                .restoreOnDivergence(false)
                .listener(new TrainingListener() {
                    @Override
                    public void onIteration(Iteration step) {
                        sum[0] += step.loss() * step.examples();
                    }
                })
                .build()
                .fit(source(view, gradients));
        return sum[0] / rows();
    }

    private BatchGradients.Source source(AdapterView view, BatchGradients gradients) {
        return new BatchGradients.Source() {
            @Override
            public int batches() {
                return parts.size();
            }

            @Override
            public int examples(int batch) {
                return parts.get(batch).range().size();
            }

            @Override
            public double compute(long number, List<INDArray> into) {
                Part part = parts.get((int) number);
                double loss = shard.compute(gradients, part.range(), view, part.place());
                List<INDArray> computed = gradients.gradients();
                for (int i = 0; i < into.size(); i++) {
                    into.get(i).assign(computed.get(i));
                }
                return loss;
            }
        };
    }
}
