package org.lora4j.text.job;

import java.util.Collections;
import java.util.List;
import org.lora4j.text.metrics.PairedDifference;
import org.lora4j.text.metrics.Perplexity;
import org.lora4j.text.metrics.PrecisionRecall;

/** What was measured of each row that judges. */
sealed interface Scores {
    /** The losses of a language model. */
    record Losses(List<Perplexity> each) implements Scores {
        @Override
        public String metric() {
            return "nats per token";
        }

        @Override
        public double value() {
            Perplexity sum = Perplexity.sum(each);
            return sum.nats() / sum.tokens();
        }

        @Override
        public PairedDifference against(Scores other) {
            return PairedDifference.ofLosses(each, ((Losses) other).each);
        }
    }

    /** Numbers between 0 and 1, of which greater ones are better. */
    record Shares(String metric, List<Double> each) implements Scores {
        @Override
        public double value() {
            return each.stream().mapToDouble(Double::doubleValue).average().orElse(0);
        }

        @Override
        public PairedDifference against(Scores other) {
            return PairedDifference.ofShares(each, ((Shares) other).each);
        }
    }

    /** The squared errors of numbers. */
    record SquaredErrors(List<Double> each) implements Scores {
        @Override
        public String metric() {
            return "mean squared error";
        }

        @Override
        public double value() {
            return each.stream().mapToDouble(Double::doubleValue).average().orElse(0);
        }

        @Override
        public PairedDifference against(Scores other) {
            return PairedDifference.ofLosses(each, ((SquaredErrors) other).each, Collections.nCopies(each.size(), 1.0));
        }
    }

    /** How many spans or labels were found in each text. */
    record F1(List<PrecisionRecall> each) implements Scores {
        @Override
        public String metric() {
            return "F1";
        }

        @Override
        public double value() {
            return PrecisionRecall.sum(each).f1();
        }

        @Override
        public PairedDifference against(Scores other) {
            return PairedDifference.ofF1(each, ((F1) other).each);
        }
    }

    /** What is measured. */
    String metric();

    /** What was measured of each row, or of each group of rows. */
    List<?> each();

    /** The number of all rows together. */
    double value();

    /** How much better these are than those of another model on the same rows. */
    PairedDifference against(Scores other);
}
