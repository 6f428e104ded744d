package org.lora4j.cli.tag;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.lora4j.cli.measure.F1;
import org.lora4j.text.metrics.TagMetrics;
import org.lora4j.text.tokens.TagScheme;
import org.lora4j.text.tokens.TagSpan;
import org.lora4j.text.train.TaggedTexts;

/**
 * How well spans are found, by the rules of seqeval: a span is right if its label and all of its words are.
 *
 * @param texts the number of texts
 * @param labels precision, recall and F1 of each label
 * @param micro those of all spans together
 * @param macro the means over the labels
 * @param strict those of all spans together if tags in a wrong order are no span
 * @param accuracy the share of words whose tag is right
 */
public record SpanMetrics(int texts, List<OfLabel> labels, F1 micro, F1 macro, F1 strict, double accuracy) {
    /**
     * The metrics of a label.
     *
     * @param name its name
     * @param spans how many spans have it
     * @param precision how many of those that are predicted with it have it
     * @param recall how many of its spans are predicted with it
     * @param f1 the harmonic mean of both
     */
    public record OfLabel(String name, long spans, double precision, double recall, double f1) {}

    /** Measures predictions. */
    static SpanMetrics of(TaggedTexts texts, TagScheme scheme) {
        TagMetrics all = TagMetrics.sum(each(texts, scheme::spans));
        List<OfLabel> labels = new ArrayList<>();
        all.types()
                .forEach((name, counts) -> labels.add(
                        new OfLabel(name, counts.actual(), counts.precision(), counts.recall(), counts.f1())));
        return new SpanMetrics(
                texts.actual().size(),
                labels,
                F1.of(all.micro()),
                all.macro().map(F1::of).orElse(new F1(0, 0, 0)),
                F1.of(TagMetrics.sum(each(texts, scheme::strictSpans)).micro()),
                TagMetrics.accuracy(texts.actual(), texts.predicted()));
    }

    private static List<TagMetrics> each(TaggedTexts texts, Function<List<String>, List<TagSpan>> spans) {
        List<TagMetrics> each = new ArrayList<>();
        for (int i = 0; i < texts.actual().size(); i++) {
            each.add(TagMetrics.of(
                    spans.apply(texts.actual().get(i)),
                    spans.apply(texts.predicted().get(i))));
        }
        return each;
    }
}
