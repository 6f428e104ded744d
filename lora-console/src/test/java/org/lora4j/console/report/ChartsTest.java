package org.lora4j.console.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The charts as pictures: what has color, and how large they are. */
class ChartsTest {
    @BeforeAll
    static void drawWithoutADisplay() {
        System.setProperty("java.awt.headless", "true");
    }

    private static BufferedImage image(Picture picture) throws IOException {
        return ImageIO.read(new ByteArrayInputStream(picture.png()));
    }

    private static Color at(BufferedImage image, double x, double y) {
        return new Color(image.getRGB((int) Math.round(2 * x), (int) Math.round(2 * y)));
    }

    @Test
    void onlyErrorsHaveColorAndMoreErrorsMoreOfIt() throws IOException {
        TestResult result = TestResult.of(new int[][] {{900, 100, 4}, {0, 950, 0}, {0, 0, 990}});
        assertThat(ChartStyle.fontsAvailable()).isTrue();
        Picture picture = new ConfusionChart("Actual", "Predicted", List.of("a", "b", "c"), List.of(2), 100)
                .draw("Test", result, ChartStyle.LORA);
        assertThat(picture.description()).isEqualTo("Confusion matrix. Test");
        BufferedImage image = image(picture);
        assertThat(image.getWidth()).isEqualTo(2 * picture.wide().width());
        // The upper left corners of the first row's cells, which are 46 wide and begin at 84, 104.
        assertThat(at(image, 84 + 4, 104 + 4)).isEqualTo(ChartStyle.LINE);
        assertThat(at(image, 84 + 46 + 4, 104 + 4)).isEqualTo(ChartStyle.LORA);
        assertThat(at(image, 84 + 92 + 4, 104 + 4)).isEqualTo(ChartStyle.tint(ChartStyle.LORA, 0.08 + 0.92 * 0.2));
        assertThat(at(image, 84 + 4, 104 + 46 + 4)).isEqualTo(ChartStyle.FILL);
    }

    @Test
    void longNamesOfClassesMakeItWider() {
        TestResult result = TestResult.of(new int[][] {{1, 0}, {0, 1}});
        int narrow = new ConfusionChart("a", "p", List.of("x", "y"), List.of(), 0)
                .draw("t", result, ChartStyle.BASE)
                .wide()
                .width();
        int wide = new ConfusionChart("a", "p", List.of("x", "yyyyy"), List.of(), 0)
                .draw("t", result, ChartStyle.BASE)
                .wide()
                .width();
        assertThat(wide - narrow).isEqualTo(3 * 4 * 8);
    }

    @Test
    void aReliabilityChartShowsTheBinsBesideTheLineWhereTheyAreRight() throws IOException {
        Picture picture = ReliabilityChart.draw(
                "Calibration", "Share of right predictions", List.of(0.55, 0.95), List.of(0.4, 0.9));
        BufferedImage image = image(picture);
        assertThat(image.getWidth()).isEqualTo(2 * picture.wide().width());
        assertThat(picture.narrow().width()).isEqualTo(Drawing.NARROW);
        assertThat(pixels(image, ChartStyle.LORA)).isPositive();
        assertThat(pixels(image, ChartStyle.BASE)).isPositive();
        // One bin is a dot.
        BufferedImage one = image(ReliabilityChart.draw("Calibration", "Share", List.of(0.7), List.of(0.5)));
        assertThat(pixels(one, ChartStyle.LORA)).isPositive().isLessThan(pixels(image, ChartStyle.LORA));
    }

    @Test
    void aLossChartShowsTheMeanAndTheValidations() throws IOException {
        List<Double> losses =
                IntStream.range(0, 40).mapToObj(i -> 1.0 / (1 + i)).toList();
        BufferedImage without = image(LossChart.draw("Loss", losses, Map.of(), ChartStyle.LORA));
        BufferedImage with = image(LossChart.draw("Loss", losses, Map.of(10L, 0.5, 30L, 0.25), ChartStyle.LORA));
        assertThat(without.getWidth()).isEqualTo(1800);
        assertThat(without.getHeight()).isEqualTo(840);
        assertThat(pixels(without, ChartStyle.LORA)).isPositive();
        assertThat(pixels(without, ChartStyle.BASE)).isZero();
        assertThat(pixels(with, ChartStyle.BASE)).isPositive();
    }

    private static long pixels(BufferedImage image, Color color) {
        int[] all = image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth());
        return Arrays.stream(all).filter(rgb -> rgb == color.getRGB()).count();
    }

    @Test
    void seriesHaveColorsOfTheirOwnThatComeAgain() {
        assertThat(ChartStyle.series(0)).isEqualTo(ChartStyle.BASE);
        assertThat(ChartStyle.series(1)).isEqualTo(ChartStyle.LORA);
        assertThat(ChartStyle.series(6)).isEqualTo(ChartStyle.BASE);
        assertThat(ChartStyle.tint(Color.BLACK, 0)).isEqualTo(Color.WHITE);
        assertThat(ChartStyle.tint(Color.BLACK, 1)).isEqualTo(Color.BLACK);
    }
}
