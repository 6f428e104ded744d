package org.lora4j.console.report;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.font.FontRenderContext;
import java.util.List;
import java.util.Locale;
import org.knowm.xchart.style.AxesChartStyler;
import org.knowm.xchart.style.Styler;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The common look of all charts: colors, fonts and text. The colors differ for every kind of color vision. */
public final class ChartStyle {
    private static final Logger log = LoggerFactory.getLogger(ChartStyle.class);

    /** The color of the base. */
    public static final Color BASE = new Color(0x5B7FA6);
    /** The color of LoRA. */
    public static final Color LORA = new Color(0xE6761B);
    /** The orange of LoRA, dark enough for text on white. */
    public static final Color LORA_INK = new Color(0xA84F08);

    /** Text. */
    public static final Color INK = new Color(0x1F2A37);
    /** Text of less weight. */
    public static final Color QUIET_INK = new Color(0x5B6673);
    /** Lines and frames. */
    public static final Color LINE = new Color(0xE2E7EC);
    /** Empty cells. */
    public static final Color FILL = new Color(0xF3F5F7);
    /** The background of what was fine-tuned. */
    public static final Color HIGHLIGHT = new Color(0xFDF0E2);

    /** Titles. */
    public static final Font TITLE = font(Font.BOLD, 18);

    /** Bold text. */
    public static final Font STRONG = font(Font.BOLD, 13);
    /** Text. */
    public static final Font TEXT = font(Font.PLAIN, 13);
    /** Larger, for confusion matrices: the page shows two of them side by side. */
    public static final Font CELL = font(Font.PLAIN, 15);

    /** Bold text in confusion matrices. */
    public static final Font CELL_STRONG = font(Font.BOLD, 15);
    /** Small bold text. */
    public static final Font SMALL_STRONG = font(Font.BOLD, 12);
    /** Small text. */
    public static final Font SMALL = font(Font.PLAIN, 12);
    /** Titles on phones. */
    public static final Font NARROW_TITLE = font(Font.BOLD, 15);
    /** The smallest text on phones, which show it in this size. */
    public static final Font NARROW = font(Font.PLAIN, 11);

    /** Bold text on phones. */
    public static final Font NARROW_STRONG = font(Font.BOLD, 11);

    /** Base, LoRA, then other tests. */
    private static final List<Color> SERIES =
            List.of(BASE, LORA, new Color(0x009E73), new Color(0xAA4499), new Color(0x332288), new Color(0x88774A));

    private ChartStyle() {}

    /**
     * Returns whether there are fonts. A small container can have none at all; Java cannot draw text then. Logs a warning
     * that says what to do.
     */
    public static boolean fontsAvailable() {
        try {
            return width("0", TEXT) > 0;
        } catch (RuntimeException | LinkageError | InternalError e) {
            log.warn("No charts: Java finds no fonts here. On Debian, apt-get install fontconfig fonts-dejavu-core");
            log.debug("Fonts could not be loaded", e);
            return false;
        }
    }

    private static Font font(int style, int size) {
        return new Font(Font.SANS_SERIF, style, size);
    }

    /** Returns the color of a series: base, LoRA, then others. */
    public static Color series(int index) {
        return SERIES.get(index % SERIES.size());
    }

    /** Returns a color between white (0) and the given one (1). */
    public static Color tint(Color color, double share) {
        return new Color(tint(color.getRed(), share), tint(color.getGreen(), share), tint(color.getBlue(), share));
    }

    private static int tint(int channel, double share) {
        return (int) Math.round(255 + (channel - 255) * share);
    }

    /** Draws text from x to the right, with its base line at y, and returns the x at its end. */
    public static double drawLeft(Graphics2D g, String text, Font font, Color color, double x, double y) {
        g.setFont(font);
        g.setColor(color);
        g.drawString(text, (float) x, (float) y);
        return x + width(g, text, font);
    }

    /** Draws text with its middle at x and its base line at y. */
    public static void drawCentered(Graphics2D g, String text, Font font, Color color, double x, double y) {
        drawLeft(g, text, font, color, x - width(g, text, font) / 2, y);
    }

    /** Draws small text from bottom to top, with its middle at x and its start at y. */
    public static void drawUpright(Graphics2D g, String text, Font font, Color color, double x, double y) {
        g.rotate(-Math.PI / 2);
        drawLeft(g, text, font, color, -y, x + 4);
        g.rotate(Math.PI / 2);
    }

    /** Returns the width of a text. */
    public static double width(Graphics2D g, String text, Font font) {
        return font.getStringBounds(text, g.getFontRenderContext()).getWidth();
    }

    /** Returns the width of a text before there is anything to draw on. */
    public static double width(String text, Font font) {
        return font.getStringBounds(text, new FontRenderContext(null, true, true))
                .getWidth();
    }

    /**
     * Sets what is different on a phone, after {@link #apply}. {@link Drawing#narrow} draws the title, because XChart
     * writes it in one line.
     */
    public static void applyNarrow(AxesChartStyler styler) {
        styler.setChartTitleVisible(false)
                .setChartPadding(10)
                .setLegendLayout(Styler.LegendLayout.Vertical)
                .setLegendPadding(10);
        styler.setAxisTitlePadding(7).setPlotMargin(2);
        styler.setAxisTitleFont(NARROW).setAxisTickLabelsFont(NARROW);
    }

    /** Sets the look of a chart that XChart draws. */
    public static void apply(AxesChartStyler styler) {
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
