package org.lora4j.example.mnist.report;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.util.List;
import java.util.stream.IntStream;
import org.lora4j.console.report.ChartStyle;
import org.lora4j.console.report.Drawing;
import org.lora4j.console.report.Picture;
import org.lora4j.console.report.ReportText;
import org.lora4j.example.mnist.data.MnistData;
import org.lora4j.example.mnist.report.ChartData.Example;

/** Test images that LoRA fixed, and others that it broke. */
final class ExamplesChart {
    private static final int MOST = 20;
    private static final int IMAGE = 68;
    private static final int TILE_HEIGHT = 122;
    private static final int EMPTY_HEIGHT = 30;

    private static final ExamplesChart WIDE = new ExamplesChart(10, 85, 24, true);
    private static final ExamplesChart NARROW = new ExamplesChart(4, Drawing.NARROW / 4, 0, false);

    private final int columns;
    private final int tileWidth;
    private final int margin;
    private final boolean hasMeaningBeside;

    private ExamplesChart(int columns, int tileWidth, int margin, boolean hasMeaningBeside) {
        this.columns = columns;
        this.tileWidth = tileWidth;
        this.margin = margin;
        this.hasMeaningBeside = hasMeaningBeside;
    }

    /** Draws at most twenty of each, evenly spread over those that are given. */
    static Picture draw(List<Example> fixed, List<Example> broken) {
        String description = "Test images that LoRA fixed (" + ReportText.count(fixed.size()) + ") and that it broke ("
                + ReportText.count(broken.size()) + "), with the true digit and both predictions.";
        return new Picture(description, WIDE.drawing(fixed, broken), NARROW.drawing(fixed, broken));
    }

    private Drawing drawing(List<Example> fixed, List<Example> broken) {
        int height = 24 + sectionHeight(fixed) + sectionHeight(broken);
        return Drawing.of(2 * margin + columns * tileWidth, height, g -> {
            section(g, 0, "Fixed by LoRA", "base wrong, LoRA right", fixed);
            section(g, sectionHeight(fixed), "Broken by LoRA", "base right, LoRA wrong", broken);
        });
    }

    private int heading() {
        return hasMeaningBeside ? 62 : 74;
    }

    private int sectionHeight(List<Example> examples) {
        int rows = Math.max(1, (Math.min(MOST, examples.size()) + columns - 1) / columns);
        return heading() + (examples.isEmpty() ? EMPTY_HEIGHT : rows * TILE_HEIGHT);
    }

    private void section(Graphics2D g, int top, String heading, String meaning, List<Example> examples) {
        List<Example> shown = spread(examples);
        double end = ChartStyle.drawLeft(g, heading, ChartStyle.TITLE, ChartStyle.INK, margin, top + 40.0);
        String number = shown.size() < examples.size()
                ? shown.size() + " of " + ReportText.count(examples.size())
                : ReportText.count(examples.size());
        double x = hasMeaningBeside ? end + 14 : margin;
        double y = hasMeaningBeside ? top + 40.0 : top + 60.0;
        ChartStyle.drawLeft(g, meaning + " – " + number, ChartStyle.TEXT, ChartStyle.QUIET_INK, x, y);
        if (shown.isEmpty()) {
            double line = top + heading() + 14.0;
            ChartStyle.drawLeft(g, "No test image.", ChartStyle.TEXT, ChartStyle.QUIET_INK, margin, line);
        }
        for (int i = 0; i < shown.size(); i++) {
            tile(g, shown.get(i), margin + i % columns * tileWidth, top + heading() + i / columns * TILE_HEIGHT);
        }
    }

    private static List<Example> spread(List<Example> examples) {
        int shown = Math.min(MOST, examples.size());
        return IntStream.range(0, shown)
                .mapToObj(i -> examples.get((int) ((long) i * examples.size() / shown)))
                .toList();
    }

    private void tile(Graphics2D g, Example example, int x, int y) {
        int left = x + (tileWidth - IMAGE) / 2;
        g.setRenderingHint(RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BILINEAR);
        g.drawImage(image(example), left, y, IMAGE, IMAGE, null);
        g.setColor(ChartStyle.LINE);
        g.drawRect(left, y, IMAGE, IMAGE);
        double middle = x + tileWidth / 2.0;
        ChartStyle.drawCentered(
                g,
                "true " + example.images().label(example.index()),
                ChartStyle.SMALL,
                ChartStyle.QUIET_INK,
                middle,
                y + IMAGE + 17.0);
        predictions(g, example, middle, y + IMAGE + 34.0);
    }

    /** Draws both predictions, each in its color, with an arrow between them. */
    private static void predictions(Graphics2D g, Example example, double middle, double y) {
        String arrow = " → ";
        String base = String.valueOf(example.base());
        String lora = String.valueOf(example.lora());
        double width = ChartStyle.width(g, base, ChartStyle.STRONG)
                + ChartStyle.width(g, arrow, ChartStyle.TEXT)
                + ChartStyle.width(g, lora, ChartStyle.STRONG);
        double x = ChartStyle.drawLeft(g, base, ChartStyle.STRONG, ChartStyle.BASE, middle - width / 2, y);
        x = ChartStyle.drawLeft(g, arrow, ChartStyle.TEXT, ChartStyle.QUIET_INK, x, y);
        ChartStyle.drawLeft(g, lora, ChartStyle.STRONG, ChartStyle.LORA_INK, x, y);
    }

    /** Returns the image in dark ink on white. */
    private static BufferedImage image(Example example) {
        MnistData images = example.images();
        byte[] pixels = images.image(example.index());
        BufferedImage image = new BufferedImage(images.columns(), images.rows(), BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < pixels.length; i++) {
            Color ink = ChartStyle.tint(ChartStyle.INK, Byte.toUnsignedInt(pixels[i]) / 255.0);
            image.setRGB(i % images.columns(), i / images.columns(), ink.getRGB());
        }
        return image;
    }
}
