package org.lora4j.example.mnist;

import org.lora4j.example.mnist.report.Training;
import org.lora4j.nn.Model;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingListener;
import org.lora4j.train.TrainingResult;
import java.util.List;
import org.nd4j.linalg.learning.config.Adam;

/**
 * A training that went through.
 *
 * @param result what came of it
 * @param losses the loss of every batch
 */
record Learned(TrainingResult result, LossRecorder losses) {
    /**
     * Trains what is trainable, with a fresh Adam of β = (0.9, 0.999) and ε = 1e-8.
     *
     * @param batches gone through as often as it takes
     * @param count the number of batches
     */
    static Learned byAdam(
            Model model, MnistIterator batches, long count, double learningRate, TrainingListener listener) {
        LossRecorder losses = new LossRecorder();
        TrainingResult result = Trainer.builder(model)
                .updater(new Adam(learningRate))
                .maxIterations(count)
                .listener(losses)
                .listener(listener)
                .build()
                .fit(batches);
        return new Learned(result, losses);
    }

    double seconds() {
        return result.duration().toNanos() / 1e9;
    }

    double millisecondsPerBatch() {
        return 1000 * seconds() / result.iterations();
    }

    /** Trainings one after the other, seen as one. */
    static Training.Phase phase(List<Learned> trainings) {
        return new Training.Phase(
                trainings.stream().mapToLong(one -> one.result.iterations()).sum(),
                trainings.stream().mapToDouble(Learned::seconds).sum(),
                trainings.get(trainings.size() - 1).result.finalLoss());
    }
}
