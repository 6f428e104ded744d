package org.lora4j.example.mnist.experiment;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;
import org.lora4j.example.mnist.report.Report;
import org.lora4j.example.mnist.report.TextReport;
import org.lora4j.nn.Model;
import org.lora4j.train.Batch;
import org.lora4j.train.MultiTrainer;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingListener;
import org.lora4j.train.TrainingResult;
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
        /** Returns the sum of trainings that ran one after the other, or of trainings that began at the same time. */
        static Report.Phase phase(List<Outcome> trainings, boolean together) {
            DoubleStream seconds = trainings.stream()
                    .mapToDouble(training -> training.result.duration().toNanos() / 1e9);
            return new Report.Phase(
                    trainings.stream()
                            .mapToLong(training -> training.result.iterations())
                            .sum(),
                    together ? seconds.max().orElse(0) : seconds.sum(),
                    trainings.get(trainings.size() - 1).result.finalLoss());
        }
    }

    /**
     * Trains the trainable parameters of a model.
     *
     * @param model the model
     * @param data the batches
     * @param listener is called after each batch
     */
    public Outcome run(Model model, Iterable<Batch> data, TrainingListener listener) {
        List<Double> losses = new ArrayList<>();
        return new Outcome(trainer(model, losses).listener(listener).build().fit(data), losses);
    }

    /**
     * Trains several models of one base at once, each with its own data.
     *
     * @param models the models
     * @param data the batches of each model
     * @param listener is called after each batch of the first model
     * @return the results, in the order of the models
     */
    public List<Outcome> runTogether(
            List<? extends Model> models, List<? extends Iterable<Batch>> data, TrainingListener listener) {
        MultiTrainer together = new MultiTrainer();
        List<List<Double>> losses = new ArrayList<>();
        for (int i = 0; i < models.size(); i++) {
            losses.add(new ArrayList<>());
            Trainer.Builder trainer = trainer(models.get(i), losses.get(i));
            together.add((i == 0 ? trainer.listener(listener) : trainer).build(), data.get(i));
        }
        List<Outcome> outcomes = new ArrayList<>();
        for (MultiTrainer.Outcome outcome : together.fit()) {
            outcome.failure().ifPresent(failure -> {
                throw failure;
            });
            outcomes.add(new Outcome(outcome.result(), losses.get(outcomes.size())));
        }
        return outcomes;
    }

    private Trainer.Builder trainer(Model model, List<Double> losses) {
        return Trainer.builder(model)
                .updater(new Adam(learningRate))
                .maxIterations(batches)
                // A run that diverges ends with an error, and nothing uses its parameters.
                .restoreOnDivergence(false)
                .listener(new TrainingListener() {
                    @Override
                    public void onIteration(Iteration iteration) {
                        losses.add(iteration.loss());
                    }
                });
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
