package org.lora4j.cli.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.lora4j.cli.measure.Judgement.MeasuredOn;
import org.lora4j.cli.measure.Judgement.Outcome;
import org.lora4j.text.metrics.PairedDifference;

class JudgementTest {
    private static Comparison comparison(String baseline, double value, double low, double high) {
        return new Comparison(baseline, value, new PairedDifference((low + high) / 2, low, high));
    }

    private static Judgement of(MeasuredOn on, Comparison... comparisons) {
        return new Judgement(on, "query", 120, Metric.ACCURACY, 0.946, List.of(comparisons));
    }

    @Test
    void isBetterOnlyIfItIsBetterThanAll() {
        Comparison lower = comparison("the frozen model", 0.892, 0.01, 0.1);
        Comparison open = comparison("word counts", 0.932, -0.015, 0.12);
        Comparison higher = comparison("the longer answer", 0.99, -0.2, -0.01);
        assertThat(of(MeasuredOn.TEST, lower).outcome()).isEqualTo(Outcome.BETTER);
        assertThat(of(MeasuredOn.TEST, lower).verdict()).isEqualTo("The adapter is better than the frozen model.");
        assertThat(of(MeasuredOn.TEST, lower, open).outcome()).isEqualTo(Outcome.UNDECIDED);
        assertThat(of(MeasuredOn.TEST, lower, open).verdict())
                .isEqualTo(
                        "The test queries do not show that the adapter is better than word counts: chance can explain"
                                + " the difference.");
        assertThat(of(MeasuredOn.TEST, lower, open, higher).outcome()).isEqualTo(Outcome.WORSE);
        assertThat(of(MeasuredOn.TEST, lower, open, higher).verdict())
                .isEqualTo("The adapter is worse than the longer answer.");
        assertThat(of(MeasuredOn.TEST, lower, open, higher).strongest()).isEqualTo(higher);
        assertThat(of(MeasuredOn.TEST, lower, open).baselines())
                .isEqualTo("the frozen model 89.2 %, word counts 93.2 %");
        assertThatIllegalArgumentException().isThrownBy(() -> of(MeasuredOn.TEST));
    }

    @Test
    void saysThatTheValidationChoseTheEpoch() {
        Comparison one = comparison("chance", 0.5, 0.1, 0.2);
        assertThat(of(MeasuredOn.of(List.of("a")), one).warning()).isEmpty();
        Judgement chosen = of(MeasuredOn.of(List.of()), one);
        assertThat(chosen.examplesText()).isEqualTo("120 validation queries");
        assertThat(chosen.warning())
                .startsWith(
                        "The validation queries also chose the epoch, so the numbers of the adapter are a little too"
                                + " good; --test");
    }

    @Test
    void metricsHaveTheirOwnText() {
        assertThat(Metric.ACCURACY.text(0.946)).isEqualTo("94.6 %");
        assertThat(Metric.ACCURACY.interval(new PairedDifference(0, -0.015, 0.12)))
                .isEqualTo("−1.5 to +12.0");
        assertThat(Metric.MRR.difference(0.05)).isEqualTo("+0.050");
        assertThat(Metric.LOSS.text(1.5)).isEqualTo("1.500");
        assertThat(Metric.LOSS.interval(new PairedDifference(0, Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY)))
                .isEqualTo("none");
    }
}
