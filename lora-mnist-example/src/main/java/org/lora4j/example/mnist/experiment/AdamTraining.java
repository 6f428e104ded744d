package org.lora4j.example.mnist.experiment;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.lora4j.example.mnist.report.TextReport;
import org.lora4j.example.mnist.report.Training;
import org.lora4j.nn.Model;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingListener;
import org.lora4j.train.TrainingResult;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Adam;

/**
 * A training with Adam, β = (0.9, 0.999) and ε = 1e-8.
 *
 * @param batches the number of batches; the data are repeated as often as necessary
 * @param batchSize the number of images in a batch
 * @param learningRate the learning rate
 */
public record AdamTraining(long batches, int batchSize, double learningRate) {
    /**
     * The result of a training.
     *
     * @param result the trainer's result
     * @param losses the loss of each batch
     */
    public record Outcome(TrainingResult result, List<Double> losses) {
        /** Returns the sum of trainings that ran one after the other. */
        static Training.Phase phase(List<Outcome> outcomes) {
            return new Training.Phase(
                    outcomes.stream().mapToLong(one -> one.result.iterations()).sum(),
                    outcomes.stream()
                                    .mapToLong(one -> one.result.duration().toNanos())
                                    .sum()
                            / 1e9,
                    outcomes.get(outcomes.size() - 1).result.finalLoss());
        }
    }

    /**
     * Trains the trainable parameters of a model.
     *
     * @param model the model
     * @param data the batches
     * @param listener is called after each batch
     * @return the result
     */
    public Outcome run(Model model, Iterable<DataSet> data, TrainingListener listener) {
        List<Double> losses = new ArrayList<>();
        TrainingListener recorder = new TrainingListener() {
            @Override
            public void onIteration(Iteration iteration) {
                losses.add(iteration.loss());
            }
        };
        TrainingResult result = Trainer.builder(model)
                .updater(new Adam(learningRate))
                .maxIterations(batches)
                .listener(recorder)
                .listener(listener)
                .build()
                .fit(data);
        return new Outcome(result, losses);
    }

    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "%,d batches of %d, Adam with learning rate %s",
                batches,
                batchSize,
                TextReport.plain(learningRate));
    }
}
