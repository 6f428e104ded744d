package org.lora4j.example.text.experiment;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.lora4j.example.support.report.TextOutput;
import org.lora4j.nn.Model;
import org.lora4j.train.Batch;
import org.lora4j.train.TrainingListener;
import org.lora4j.train.TrainingResult;

/**
 * A training with AdamW, whose learning rate rises for the first tenth of the steps and then falls to 0.
 *
 * @param steps the number of batches; the data are repeated as often as necessary
 * @param batchSize the number of texts in a batch
 * @param learningRate the highest learning rate
 */
public record FineTuning(int steps, int batchSize, double learningRate) {
    /**
     * The result of a training.
     *
     * @param result the trainer's result
     * @param losses the loss of each batch
     */
    public record Outcome(TrainingResult result, List<Double> losses) {}

    /** Trains an adapter as {@link TextLoRA#train}, and keeps the losses. */
    Outcome run(Model adapter, Iterable<Batch> batches, TrainingListener listener) {
        List<Double> losses = new ArrayList<>();
        TrainingResult result = TextLoRA.train(adapter, batches, steps, learningRate, new TrainingListener() {
            @Override
            public void onIteration(Iteration iteration) {
                losses.add(iteration.loss());
                listener.onIteration(iteration);
            }

            @Override
            public void onEnd(TrainingResult end) {
                listener.onEnd(end);
            }
        });
        return new Outcome(result, losses);
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
