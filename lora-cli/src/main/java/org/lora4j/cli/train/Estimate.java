package org.lora4j.cli.train;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.lora4j.console.report.ReportText;
import org.lora4j.console.report.TextOutput;
import org.lora4j.nn.input.Sequences;
import org.lora4j.train.Batch;

/**
 * What a training will need, measured with a few steps. The longest batch shows the memory; the others show the time.
 *
 * @param trainable the parameters that train
 * @param frozen the parameters of the base
 * @param examples the examples for training
 * @param validationExamples those for the validation
 * @param tokens the tokens of the examples for training; of more than 10,000 examples, about so many
 * @param longest the tokens of the longest of up to 10,000 examples
 * @param epochs how often all examples are used
 * @param steps the steps of all epochs
 * @param seconds about how long they take, with the validations
 * @param memoryBytes the memory of the process after a step with the longest examples, with the base
 */
public record Estimate(
        long trainable,
        long frozen,
        int examples,
        int validationExamples,
        long tokens,
        int longest,
        int epochs,
        int steps,
        double seconds,
        long memoryBytes) {
    private static final int TIMED = 3;

    /** A validation computes only forward. */
    private static final double SHARE_OF_FORWARD = 1.0 / 3;

    /** Measures. The adapter of the training is of no use then. */
    static Estimate measure(
            TextTraining training,
            TrainingReport.Sizes sizes,
            Examples<?> examples,
            Examples<?> validation,
            Iterable<Batch> batches) {
        Examples.Lengths lengths = examples.measure();
        training.tryOut(List.of(examples.batch(lengths.longest(training.plan().batch()))));
        long memory = Pointer.physicalBytes();
        List<Batch> some = new ArrayList<>();
        for (Batch batch : batches) {
            some.add(batch);
            if (some.size() == TIMED) {
                break;
            }
        }
        long start = System.nanoTime();
        training.tryOut(some);
        double perToken = (System.nanoTime() - start)
                / 1e9
                / some.stream().mapToLong(Estimate::tokens).sum();
        double perEpoch = perToken
                * (lengths.tokens() + SHARE_OF_FORWARD * validation.measure().tokens());
        return new Estimate(
                sizes.trainable(),
                sizes.frozen(),
                sizes.examples(),
                sizes.validation(),
                lengths.tokens(),
                lengths.longest(),
                training.epochs(),
                training.steps(),
                training.epochs() * perEpoch,
                memory);
    }

    private static long tokens(Batch batch) {
        return ((Sequences) batch.input()).tokens();
    }

    /**
     * Prints the estimate.
     *
     * @param out where
     */
    public void print(TextOutput out) {
        out.line("Nothing was written. This training would need:");
        out.fact(
                "%s trainable parameters beside %s of the base, %s",
                ReportText.count(trainable), ReportText.count(frozen), ReportText.percent((double) trainable / frozen));
        out.fact(
                "%s with %s (%.1f on average, %,d at most), %s for the validation",
                ReportText.count(examples, "example"),
                ReportText.count(tokens, "token"),
                (double) tokens / examples,
                longest,
                ReportText.count(validationExamples));
        out.fact(
                "%s in about %s, for %s",
                ReportText.count(steps, "step"), ReportText.duration(seconds), ReportText.count(epochs, "epoch"));
        out.fact("about %.1f GB of memory, measured with the longest examples", memoryBytes / 1e9);
    }
}
