package org.lora4j.text.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Where a text ends that comes part by part. */
class StopTextsTest {
    /** However a text is divided, it ends where the first stop text begins. */
    @Test
    void theDivisionIntoPartsDoesNotMatter() {
        Random random = new Random(1);
        int found = 0;
        for (int round = 0; round < 2_000; round++) {
            String text = random(random, 12);
            List<String> stops = List.of(random(random, 3), random(random, 2) + "b");
            StopTexts stop = new StopTexts(stops);
            StringBuilder before = new StringBuilder();
            for (int i = 0; i < text.length() && !stop.isFound(); ) {
                int to = Math.min(text.length(), i + 1 + random.nextInt(2));
                before.append(stop.add(text.substring(i, to)));
                i = to;
            }
            boolean contains = stops.stream().anyMatch(text::contains);
            assertThat(stop.isFound()).isEqualTo(contains);
            if (contains) {
                found++;
                // What follows on a stop text within its last part is not there either.
                assertThat(stops).noneMatch(before.toString()::contains);
                assertThat(text).startsWith(before);
                String rest = text.substring(before.length());
                assertThat(stops).anyMatch(rest::startsWith);
            } else {
                assertThat(before + stop.end()).isEqualTo(text);
            }
        }
        assertThat(found).isBetween(300, 1_700);
    }

    @Test
    void anEmptyStopTextIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new StopTexts(List.of("a", "")))
                .withMessage("stops: each must have at least one character, found an empty one");
    }

    private static String random(Random random, int length) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < length; i++) {
            text.append((char) ('a' + random.nextInt(3)));
        }
        return text.toString();
    }
}
