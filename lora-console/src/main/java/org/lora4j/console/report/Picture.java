package org.lora4j.console.report;

import java.util.function.Supplier;
import org.knowm.xchart.XYChart;

/**
 * A picture of a page. It is drawn twice, because text that is readable on a desk is too small on a phone, where the page
 * has less than half the width.
 *
 * @param description the picture in words, for readers who do not see it
 * @param wide for wide screens and paper, and for a file of its own
 * @param narrow for phones
 */
public record Picture(String description, Drawing wide, Drawing narrow) {
    /** Draws a chart on a wide screen, and once more with the style of phones. */
    static Picture of(String title, Supplier<XYChart> charts, int width, int height, int narrowHeight) {
        XYChart wide = charts.get();
        XYChart narrow = charts.get();
        ChartStyle.applyNarrow(narrow.getStyler());
        return new Picture(
                title,
                Drawing.of(width, height, g -> wide.paint(g, width, height)),
                Drawing.narrow(
                        title, Drawing.NARROW, narrowHeight, g -> narrow.paint(g, Drawing.NARROW, narrowHeight)));
    }

    /**
     * Returns the file for wide screens.
     *
     * @return the bytes of a PNG file
     */
    public byte[] png() {
        return wide.png();
    }
}
