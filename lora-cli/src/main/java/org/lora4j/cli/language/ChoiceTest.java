package org.lora4j.cli.language;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.lora4j.LoRAModel;
import org.lora4j.cli.measure.Metric;
import org.lora4j.cli.model.AdaptedModel;
import org.lora4j.cli.train.DataFile;
import org.lora4j.console.report.ReportText;
import org.lora4j.console.report.TextOutput;
import org.lora4j.generate.Generator;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.data.ChoiceQuestion;
import org.lora4j.text.data.TextRow;
import org.lora4j.text.metrics.ChoiceScores;
import org.lora4j.text.metrics.PairedDifference;
import org.lora4j.text.metrics.Share;
import org.lora4j.text.task.SavedAdapter;

/**
 * How many questions with choices a decoder answers rightly: beside the model alone if it has an adapter, so that a user sees what the
 * adapter forgot or learned.
 *
 * @param questions how many there are
 * @param accuracy the questions of which the right choice is the most probable one
 * @param accuracyByLength those of which it has the greatest log probability of a byte
 * @param skipped what was wrong with lines that were left out
 */
public record ChoiceTest(int questions, Accuracy accuracy, Accuracy accuracyByLength, List<String> skipped) {
    /**
     * The share of questions that are answered rightly.
     *
     * @param share that of the model, with the adapter if there is one
     * @param alone that of the model without it; null if there is no adapter
     * @param difference by how much it is greater with the adapter, on the same questions; null if there is no adapter
     */
    public record Accuracy(
            Share share, @Nullable Share alone, @Nullable PairedDifference difference) {
        static Accuracy of(
                List<ChoiceScores> found, @Nullable List<ChoiceScores> alone, Predicate<ChoiceScores> isRight) {
            return new Accuracy(
                    share(found, isRight),
                    alone == null ? null : share(alone, isRight),
                    alone == null ? null : PairedDifference.ofShares(each(found, isRight), each(alone, isRight)));
        }

        private static Share share(List<ChoiceScores> scores, Predicate<ChoiceScores> isRight) {
            return Share.of((int) scores.stream().filter(isRight).count(), scores.size());
        }

        private static List<Double> each(List<ChoiceScores> scores, Predicate<ChoiceScores> isRight) {
            return scores.stream().map(one -> isRight.test(one) ? 1.0 : 0.0).toList();
        }

        /**
         * Returns what the difference shows.
         *
         * @return a sentence; null if there is no adapter
         */
        @JsonProperty
        public @Nullable String verdict() {
            if (difference == null) {
                return null;
            }
            if (difference.isWorse()) {
                return "The adapter answers fewer of them than the model alone: it has forgotten some of what the model"
                        + " knew.";
            }
            return difference.isBetter()
                    ? "The adapter answers more of them than the model alone."
                    : "They do not show that the adapter answers fewer or more of them than the model alone: chance can"
                            + " explain the difference.";
        }

        private void print(TextOutput out, String what) {
            out.line("%s %s", what, text(share));
            String verdict = verdict();
            if (alone != null && difference != null && verdict != null) {
                out.fact("the model alone: %s", text(alone));
                out.fact(
                        "adapter against the model alone: %s points (95 %%: %s)",
                        Metric.ACCURACY.difference(difference.difference()), Metric.ACCURACY.interval(difference));
                out.fact("%s", verdict);
            }
        }

        private static String text(Share share) {
            return Metric.ACCURACY.text(share.share()) + " (95 %: " + Metric.ACCURACY.text(share.low()) + " to "
                    + Metric.ACCURACY.text(share.high()) + ")";
        }
    }

    /**
     * Returns whether a file has questions with choices.
     *
     * @param data the file
     * @return whether its first row is meant as one
     * @throws IOException if the file cannot be read
     */
    public static boolean isFor(DataFile data) throws IOException {
        if (PlainText.isText(data.file())) {
            return false;
        }
        try (Stream<TextRow> rows = data.rows().stream()) {
            return rows.findFirst().filter(ChoiceQuestion::isIn).isPresent();
        }
    }

    /**
     * Tests a decoder on all questions of a file. Nothing is cut.
     *
     * @param decoder the model
     * @param adapters its adapters; none for the model alone
     * @param data the file
     * @return what was found
     * @throws IOException if a file cannot be read, it has no question, or an adapter does not fit
     * @throws IllegalArgumentException if a line is wrong, or a question is longer than the model takes; the message names the line
     */
    public static ChoiceTest of(DecoderFolder decoder, List<SavedAdapter> adapters, DataFile data) throws IOException {
        LoRAModel model = AdaptedModel.load(decoder, adapters);
        Generator adapted = Generator.of(model);
        Generator alone = Generator.of(model.base());
        List<ChoiceScores> found = new ArrayList<>();
        List<ChoiceScores> before = new ArrayList<>();
        DataFile.Pass pass = data.visit(
                (row, part) -> {
                    ChoiceQuestion question = ChoiceQuestion.of(row);
                    try {
                        ChoiceScores scores = question.scores(adapted, decoder.tokenizer());
                        if (!adapters.isEmpty()) {
                            before.add(question.scores(alone, decoder.tokenizer()));
                        }
                        found.add(scores);
                    } catch (IllegalArgumentException e) {
                        throw row.refuse("the model must take the context with each choice: " + e.getMessage());
                    }
                },
                0);
        List<ChoiceScores> compared = adapters.isEmpty() ? null : before;
        return new ChoiceTest(
                found.size(),
                Accuracy.of(found, compared, ChoiceScores::isRight),
                Accuracy.of(found, compared, ChoiceScores::isRightByLength),
                pass.skipped());
    }

    /**
     * Prints the shares.
     *
     * @param out the terminal
     */
    public void print(TextOutput out) {
        out.line("%s with choices", ReportText.count(questions, "question"));
        accuracy.print(out, "accuracy");
        accuracyByLength.print(out, "accuracy by length");
    }
}
