package org.lora4j.text.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.text.tokens.TagScheme;
import org.lora4j.text.tokens.TagSpan;

/** Spans as tags of words, and as offsets of texts. */
class TaggedTextTest {
    private static List<String> words(String text) {
        return List.of(text.split(" ", -1));
    }

    @ParameterizedTest
    @CsvSource({
        "O B-PER I-PER O, IOB2",
        "O I-PER E-PER, IOE2",
        "B-PER I-PER E-PER S-LOC O, IOBES",
        "B-PER L-PER O, BILOU",
        "U-PER O, BILOU",
        "S-PER O, IOBES",
        "NOUN VERB O, PLAIN",
        "O, PLAIN",
        "B-PER other, PLAIN",
        "LABEL_0 LABEL_1, PLAIN",
    })
    void theTagsSayTheirScheme(String tags, TagScheme expected) {
        assertThat(TagScheme.of(words(tags))).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "O B-PER I-PER O, 1-3 PER",
        "B-PER B-PER I-PER, 0-1 PER 1-3 PER",
        "I-PER I-PER O I-LOC, 0-2 PER 3-4 LOC",
        "B-PER I-LOC, 0-1 PER 1-2 LOC",
        "B-PER E-PER I-PER, 0-2 PER 2-3 PER",
        "S-PER S-PER O, 0-1 PER 1-2 PER",
        "B-PER I-PER L-PER U-LOC, 0-3 PER 3-4 LOC",
        "O I-PER E-PER E-PER, 1-3 PER 3-4 PER",
        "B-a-b I-a-b, 0-2 a-b",
    })
    void tagsAreJoinedAlsoInAWrongOrder(String tags, String expected) {
        assertThat(text(TagScheme.of(words(tags)).spans(words(tags)))).isEqualTo(expected);
    }

    private static String text(List<TagSpan> spans) {
        StringBuilder text = new StringBuilder();
        for (TagSpan span : spans) {
            text.append(' ')
                    .append(span.start())
                    .append('-')
                    .append(span.end())
                    .append(' ')
                    .append(span.label());
        }
        return text.toString().strip();
    }

    @Test
    void plainTagsAreRunsOfOneLabel() {
        assertThat(text(TagScheme.PLAIN.spans(words("NOUN NOUN VERB O NOUN B-X"))))
                .isEqualTo("0-2 NOUN 2-3 VERB 4-5 NOUN 5-6 B-X");
    }

    @ParameterizedTest
    @EnumSource
    void spansAreReadAsTheyWereWritten(TagScheme scheme) {
        SplittableRandom random = new SplittableRandom(scheme.name().hashCode());
        for (int tries = 0; tries < 200; tries++) {
            int count = random.nextInt(1, 12);
            List<TagSpan> spans = new ArrayList<>();
            int at = 0;
            while (at < count) {
                int length = Math.min(random.nextInt(1, 4), count - at);
                if (random.nextBoolean()) {
                    spans.add(new TagSpan(at, at + length, "L" + random.nextInt(3)));
                    // Plain tags do not part two spans of one label.
                    length += scheme == TagScheme.PLAIN ? 1 : 0;
                }
                at += length;
            }
            List<String> tags = scheme.tags(count, spans);
            assertThat(scheme.spans(tags)).as(tags.toString()).isEqualTo(spans);
            assertThat(scheme.strictSpans(tags)).as(tags.toString()).isEqualTo(spans);
            assertThat(scheme.tags(List.of("L0", "L1", "L2"))).containsAll(tags);
        }
        // The tags of IOB1 are those of IOB2.
        assertThat(TagScheme.of(scheme.tags(List.of("PER"))))
                .isEqualTo(scheme == TagScheme.IOB1 ? TagScheme.IOB2 : scheme);
    }

    @Test
    void labelsHaveTheTagsOfAScheme() {
        assertThat(TagScheme.IOB2.tags(List.of("PER", "LOC"))).containsExactly("O", "B-PER", "I-PER", "B-LOC", "I-LOC");
        assertThat(TagScheme.BILOU.tags(List.of("PER"))).containsExactly("O", "B-PER", "I-PER", "L-PER", "U-PER");
        assertThat(TagScheme.PLAIN.tags(List.of("PER"))).containsExactly("O", "PER");
    }

    @Test
    void anExampleOfTagsHasSpansOfItsText() {
        TaggedText example =
                TaggedText.ofTags(words("Ann Lee lives in York"), words("B-P I-P O O B-L"), TagScheme.IOB2);
        assertThat(example.spans()).containsExactly(new TextSpan(0, 7, "P"), new TextSpan(17, 21, "L"));
        TaggedText same = TaggedText.ofSpans(
                "Ann Lee lives in York", List.of(new TextSpan(16, 21, "L"), new TextSpan(0, 8, "P")));
        assertThat(same).isEqualTo(example);
    }

    private static void assertRefused(String message, String text, TextSpan... spans) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TaggedText.ofSpans(text, List.of(spans)))
                .withMessage(message);
    }

    @Test
    void refusesSpansThatDoNotFitAndSaysWhere() {
        assertRefused(
                "spans: each must begin and end with a word of the text, found 1 to 3 for P, which is 'nn' in 'Ann Lee'",
                "Ann Lee",
                new TextSpan(1, 3, "P"));
        assertRefused(
                "spans: each must begin and end with a word of the text, found 3 to 4 for P, which is ' ' in 'Ann Lee'",
                "Ann Lee",
                new TextSpan(3, 4, "P"));
        assertRefused(
                "spans: each must lie in the text of 7 chars, found 4 to 8 for P", "Ann Lee", new TextSpan(4, 8, "P"));
        assertRefused(
                "spans: none must overlap another one, found 4 to 7 for Q beside 0 to 7 for P",
                "Ann Lee",
                new TextSpan(0, 7, "P"),
                new TextSpan(4, 7, "Q"));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TaggedText.ofTags(List.of("a", "b"), List.of("O"), TagScheme.IOB2))
                .withMessage("tags: there must be one for each of the 2 words, found 1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new TextSpan(3, 3, "P"))
                .withMessageContaining("found 3 to 3 for P");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new TextSpan(3, 5, " "))
                .withMessage("a span must have a label, found a blank one at 3");
    }
}
