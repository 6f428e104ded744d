package org.lora4j.example.mnist.report;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.util.List;
import java.util.Locale;
import org.knowm.xchart.style.AxesChartStyler;

/** The common look of all charts: colors, fonts and text. The colors differ for every kind of color vision. */
final class ChartStyle {
    static final Color BASE = new Color(0x5B7FA6);
    static final Color LORA = new Color(0xE6761B);
    /** The orange of LoRA, dark enough for text on white. */
    static final Color LORA_INK = new Color(0xA84F08);

    static final Color INK = new Color(0x1F2A37);
    static final Color QUIET_INK = new Color(0x5B6673);
    static final Color LINE = new Color(0xE2E7EC);
    static final Color FILL = new Color(0xF3F5F7);
    /** The background of a digit that was fine-tuned. */
    static final Color HIGHLIGHT = new Color(0xFDF0E2);

    static final Font TITLE = font(Font.BOLD, 18);
    static final Font STRONG = font(Font.BOLD, 13);
    static final Font TEXT = font(Font.PLAIN, 13);
    /** Larger, for confusion matrices: the page shows two of them side by side. */
    static final Font CELL = font(Font.PLAIN, 15);

    static final Font CELL_STRONG = font(Font.BOLD, 15);
    static final Font SMALL_STRONG = font(Font.BOLD, 12);
    static final Font SMALL = font(Font.PLAIN, 12);

    /** Base, LoRA, then other tests. */
    private static final List<Color> SERIES =
            List.of(BASE, LORA, new Color(0x009E73), new Color(0xAA4499), new Color(0x332288), new Color(0x88774A));

    private ChartStyle() {}

    private static Font font(int style, int size) {
        return new Font(Font.SANS_SERIF, style, size);
    }

    static Color series(int index) {
        return SERIES.get(index % SERIES.size());
    }

    /** Returns a color between white (0) and the given one (1). */
    static Color tint(Color color, double share) {
        return new Color(tint(color.getRed(), share), tint(color.getGreen(), share), tint(color.getBlue(), share));
    }

    private static int tint(int channel, double share) {
        return (int) Math.round(255 + (channel - 255) * share);
    }

    /** Draws text from x to the right, with its base line at y. Returns the x at its end. */
    static double drawLeft(Graphics2D g, String text, Font font, Color color, double x, double y) {
        g.setFont(font);
        g.setColor(color);
        g.drawString(text, (float) x, (float) y);
        return x + width(g, text, font);
    }

    /** Draws text with its middle at x and its base line at y. */
    static void drawCentered(Graphics2D g, String text, Font font, Color color, double x, double y) {
        drawLeft(g, text, font, color, x - width(g, text, font) / 2, y);
    }

    static double width(Graphics2D g, String text, Font font) {
        return font.getStringBounds(text, g.getFontRenderContext()).getWidth();
    }

    /** Sets the look of a chart that XChart draws. */
    static void apply(AxesChartStyler styler) {
        styler.setLocale(Locale.ROOT);
        styler.setChartTitleFont(TITLE)
                .setLegendFont(TEXT)
                .setChartFontColor(INK)
                .setChartBackgroundColor(Color.WHITE)
                .setPlotBackgroundColor(Color.WHITE)
                .setPlotBorderVisible(false)
                .setChartTitleBoxVisible(false)
                .setChartTitlePadding(12)
                .setChartPadding(14)
                .setLegendBorderColor(Color.WHITE)
                .setLegendPadding(14)
                .setAntiAlias(true);
        styler.setAxisTitleFont(TEXT)
                .setAxisTickLabelsFont(TEXT)
                .setAxisTickLabelsColor(QUIET_INK)
                .setXAxisTitleColor(QUIET_INK)
                .setYAxisTitleColor(QUIET_INK);
        styler.setAxisTickMarksColor(LINE)
                .setAxisTicksLineVisible(false)
                .setAxisTicksMarksVisible(false)
                .setAxisTitlePadding(10)
                .setPlotMargin(4)
                .setPlotGridLinesColor(LINE)
                .setPlotGridLinesStroke(new BasicStroke(1));
    }
}
