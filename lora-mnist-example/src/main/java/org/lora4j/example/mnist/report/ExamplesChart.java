package org.lora4j.example.mnist.report;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.util.List;
import java.util.stream.IntStream;

/** Test images that the adapter fixed, and others that it broke. */
final class ExamplesChart {

    private static final int COLUMNS = 10;
    private static final int MOST = 2 * COLUMNS;
    private static final int MARGIN = 24;
    private static final int IMAGE = 68;
    private static final int TILE_WIDTH = 85;
    private static final int TILE_HEIGHT = 122;
    private static final int HEADING = 62;
    private static final int WIDTH = 2 * MARGIN + COLUMNS * TILE_WIDTH;

    private ExamplesChart() {}

    /** Draws at most twenty of each, evenly taken from all that are given. */
    static Picture draw(List<Example> fixed, List<Example> broken) {
        int height = MARGIN + sectionHeight(fixed) + sectionHeight(broken);
        String description = "Test images that the adapter fixed (" + Words.count(fixed.size())
                + ") and that it broke (" + Words.count(broken.size()) + "), with the true digit and both answers.";
        return Picture.draw(WIDTH, height, description, g -> {
            section(g, 0, "Fixed by the adapter", "the base was wrong, LoRA is right", fixed);
            section(g, sectionHeight(fixed), "Broken by the adapter", "the base was right, LoRA is wrong", broken);
        });
    }

    private static int sectionHeight(List<Example> examples) {
        int rows = Math.max(1, (Math.min(MOST, examples.size()) + COLUMNS - 1) / COLUMNS);
        return HEADING + (examples.isEmpty() ? 30 : rows * TILE_HEIGHT);
    }

    private static void section(Graphics2D g, int top, String heading, String meaning, List<Example> examples) {
        List<Example> shown = spread(examples);
        double end = Text.left(g, heading, Palette.TITLE, Palette.INK, MARGIN, top + 40.0);
        String number = shown.size() < examples.size()
                ? shown.size() + " of " + Words.count(examples.size())
                : Words.count(examples.size());
        Text.left(g, meaning + " – " + number, Palette.TEXT, Palette.QUIET_INK, end + 14, top + 40.0);
        if (shown.isEmpty()) {
            Text.left(g, "No test image.", Palette.TEXT, Palette.QUIET_INK, MARGIN, top + HEADING + 14.0);
        }
        for (int i = 0; i < shown.size(); i++) {
            tile(g, shown.get(i), MARGIN + i % COLUMNS * TILE_WIDTH, top + HEADING + i / COLUMNS * TILE_HEIGHT);
        }
    }

    private static List<Example> spread(List<Example> examples) {
        int shown = Math.min(MOST, examples.size());
        return IntStream.range(0, shown)
                .mapToObj(i -> examples.get((int) ((long) i * examples.size() / shown)))
                .toList();
    }

    private static void tile(Graphics2D g, Example example, int x, int y) {
        int left = x + (TILE_WIDTH - IMAGE) / 2;
        g.setRenderingHint(RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BILINEAR);
        g.drawImage(image(example), left, y, IMAGE, IMAGE, null);
        g.setColor(Palette.LINE);
        g.drawRect(left, y, IMAGE, IMAGE);
        double middle = x + TILE_WIDTH / 2.0;
        Text.centred(g, "true " + example.label(), Palette.SMALL, Palette.QUIET_INK, middle, y + IMAGE + 17.0);
        answers(g, example, middle, y + IMAGE + 34.0);
    }

    /** The base's answer in its colour, an arrow, LoRA's in its own. */
    private static void answers(Graphics2D g, Example example, double middle, double y) {
        String arrow = " → ";
        String base = String.valueOf(example.base());
        String lora = String.valueOf(example.lora());
        double width = Text.width(g, base, Palette.STRONG)
                + Text.width(g, arrow, Palette.TEXT)
                + Text.width(g, lora, Palette.STRONG);
        double x = Text.left(g, base, Palette.STRONG, Palette.BASE, middle - width / 2, y);
        x = Text.left(g, arrow, Palette.TEXT, Palette.QUIET_INK, x, y);
        Text.left(g, lora, Palette.STRONG, Palette.LORA_INK, x, y);
    }

    /** Dark ink on white paper. */
    private static BufferedImage image(Example example) {
        BufferedImage image = new BufferedImage(example.columns(), example.rows(), BufferedImage.TYPE_INT_RGB);
        for (int row = 0; row < example.rows(); row++) {
            for (int column = 0; column < example.columns(); column++) {
                Color ink = Palette.tint(Palette.INK, example.ink(row, column) / 255.0);
                image.setRGB(column, row, ink.getRGB());
            }
        }
        return image;
    }
}
