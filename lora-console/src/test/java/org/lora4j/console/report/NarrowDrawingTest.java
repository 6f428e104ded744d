package org.lora4j.console.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.Font;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What phones show: text in 11 pixels of CSS or more, and nothing cut. */
class NarrowDrawingTest {
    @BeforeAll
    static void drawWithoutADisplay() {
        System.setProperty("java.awt.headless", "true");
    }

    private static List<Font> fonts() {
        return Arrays.stream(ChartStyle.class.getFields())
                .filter(field -> Modifier.isStatic(field.getModifiers()) && field.getType() == Font.class)
                .map(NarrowDrawingTest::font)
                .toList();
    }

    private static Font font(Field field) {
        try {
            return (Font) field.get(null);
        } catch (IllegalAccessException e) {
            throw new AssertionError(e);
        }
    }

    private static Picture confusion(List<String> classes) {
        int[][] counts = new int[classes.size()][classes.size()];
        for (int i = 0; i < counts.length; i++) {
            Arrays.fill(counts[i], 90);
            counts[i][i] = 1135;
        }
        return new ConfusionChart("Actual", "Predicted", classes, List.of(), 100)
                .draw("9,000 of 20,350 wrong", TestResult.of(counts), ChartStyle.LORA);
    }

    private static List<String> classes(int count, String name) {
        return IntStream.range(0, count).mapToObj(i -> name + i).toList();
    }

    @Test
    void allTextIsReadableInTheSizeThatIsDrawn() {
        assertThat(fonts()).isNotEmpty().allMatch(font -> font.getSize() >= 11);
    }

    /** With a smaller width than the drawing's, text would be smaller than its font. */
    @Test
    void thePageMakesNoDrawingSmaller() throws IOException {
        String page = Page.of(PageTest.class, "sample.ftlh", PageTest.values());
        assertThat(page)
                .contains("<figure style=\"--narrow: 332px\">")
                .contains("figure { overflow-x: auto; }")
                .contains("width: clamp(var(--narrow), 100%,");
        String parts = new String(Page.class.getResourceAsStream("parts.ftlh").readAllBytes(), StandardCharsets.UTF_8);
        assertThat(parts).contains("media=\"screen and (max-width: 860px)\"");
        assertThat(page).contains("@media screen and (max-width: 860px) {");
    }

    @Test
    void fitsAPhone() throws IOException {
        List<Double> losses =
                IntStream.range(0, 40).mapToObj(i -> 1.0 / (1 + i)).toList();
        Picture loss = LossChart.draw("Loss", losses, Map.of(10L, 0.5), ChartStyle.LORA);
        // A phone of 390 pixels has margins of 14.
        for (Picture picture : List.of(loss, confusion(classes(10, "")), confusion(List.of("good", "bad")))) {
            assertThat(picture.narrow().width()).isBetween(Drawing.NARROW, 390 - 2 * 14);
            BufferedImage image =
                    ImageIO.read(new ByteArrayInputStream(picture.narrow().png()));
            assertThat(image.getWidth()).isEqualTo(2 * picture.narrow().width());
        }
    }

    @Test
    void aMatrixOfLongNamesIsWiderThanAPhoneInPlaceOfCut() {
        int narrow = confusion(classes(12, "a name of a class ")).narrow().width();
        assertThat(narrow).isGreaterThan(12 * 28 + 100);
    }

    @Test
    void dividesTitlesBetweenWords() {
        Font font = ChartStyle.NARROW_TITLE;
        assertThat(Drawing.lines("Loss", font, Drawing.NARROW)).containsExactly("Loss");
        String words = String.join(" ", Collections.nCopies(30, "words"));
        List<String> lines = Drawing.lines(words, font, Drawing.NARROW);
        assertThat(lines).hasSizeBetween(3, 10).allMatch(line -> ChartStyle.width(line, font) <= Drawing.NARROW);
        assertThat(String.join(" ", lines)).isEqualTo(words);
        assertThat(Drawing.lines("a " + "b".repeat(100) + " c", font, Drawing.NARROW))
                .containsExactly("a", "b".repeat(100), "c");
    }
}
