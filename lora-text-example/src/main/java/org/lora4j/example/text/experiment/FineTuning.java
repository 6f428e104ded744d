package org.lora4j.example.text.experiment;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.lora4j.example.support.report.TextOutput;
import org.lora4j.nn.Model;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.LinearWarmupSchedule;
import org.lora4j.train.Loss;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingListener;
import org.lora4j.train.TrainingResult;
import org.nd4j.linalg.learning.config.IUpdater;

/**
 * A training with AdamW, whose learning rate rises for the first tenth of the steps and then falls to 0.
 *
 * @param steps the number of batches; the data are repeated as often as necessary
 * @param batchSize the number of texts, or of pairs, in a batch
 * @param learningRate the highest learning rate
 */
public record FineTuning(int steps, int batchSize, double learningRate) {
    /** PyTorch's default. */
    private static final double WEIGHT_DECAY = 0.01;

    /**
     * The result of a training.
     *
     * @param result the trainer's result
     * @param losses the loss of each batch
     */
    public record Outcome(TrainingResult result, List<Double> losses) {}

    /**
     * Trains the trainable parameters of a model.
     *
     * @param model the model
     * @param loss the loss
     * @param data the batches
     * @param listener is called after each batch
     * @return the result
     */
    Outcome run(Model model, Loss loss, Iterable<Batch> data, TrainingListener listener) {
        List<Double> losses = new ArrayList<>();
        TrainingResult result = Trainer.builder(model)
                .loss(loss)
                .updater(updater())
                .maxIterations(steps)
                .listener(listener)
                .listener(new TrainingListener() {
                    @Override
                    public void onIteration(Iteration iteration) {
                        losses.add(iteration.loss());
                    }
                })
                .build()
                .fit(data);
        return new Outcome(result, losses);
    }

    private IUpdater updater() {
        return new AdamW(new LinearWarmupSchedule(learningRate, steps / 10, steps), WEIGHT_DECAY);
    }

    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "%,d batches of %d, AdamW with learning rates up to %s",
                steps,
                batchSize,
                TextOutput.plain(learningRate));
    }
}
