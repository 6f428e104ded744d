package org.lora4j.console.report;

import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.function.Consumer;
import javax.imageio.ImageIO;

/**
 * A drawing as PNG.
 *
 * @param width the width in units of length; a page shows each as a pixel of CSS, or as more
 * @param base64 the file, for a page that contains it
 */
public record Drawing(int width, String base64) {
    /** The room for a picture on a phone of 360 pixels: text in a drawing of this width is not made smaller. */
    public static final int NARROW = 332;

    /** Pixels per unit of length: charts are sharp on dense screens. */
    private static final int DENSITY = 2;

    private static final int TITLE_LINE = 20;
    private static final int TITLE_SPACE = 8;

    /**
     * Draws on white, antialiased. Needs no display.
     *
     * @param width the width in units of length; each is two pixels
     * @param height the height
     * @param painter draws it
     * @return the drawing
     */
    public static Drawing of(int width, int height, Consumer<Graphics2D> painter) {
        BufferedImage image = new BufferedImage(width * DENSITY, height * DENSITY, BufferedImage.TYPE_INT_RGB);
        Graphics2D g = image.createGraphics();
        try {
            g.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
            g.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
            g.setRenderingHint(RenderingHints.KEY_FRACTIONALMETRICS, RenderingHints.VALUE_FRACTIONALMETRICS_ON);
            g.setRenderingHint(RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
            g.setColor(Color.WHITE);
            g.fillRect(0, 0, image.getWidth(), image.getHeight());
            g.scale(DENSITY, DENSITY);
            painter.accept(g);
        } finally {
            g.dispose();
        }
        ByteArrayOutputStream png = new ByteArrayOutputStream();
        try {
            ImageIO.write(image, "png", png);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new Drawing(width, Base64.getEncoder().encodeToString(png.toByteArray()));
    }

    /**
     * Draws for a phone, below a title that has as many lines as it needs.
     *
     * @param title the title
     * @param width the width, at least that of {@link #NARROW}
     * @param height the height without the title
     * @param painter draws what is below the title; its upper left corner is at 0, 0
     * @return the drawing
     */
    public static Drawing narrow(String title, int width, int height, Consumer<Graphics2D> painter) {
        List<String> lines = lines(title, ChartStyle.NARROW_TITLE, NARROW);
        int top = TITLE_LINE * lines.size() + TITLE_SPACE;
        return of(width, top + height, g -> {
            for (int i = 0; i < lines.size(); i++) {
                int baseLine = TITLE_LINE * (i + 1) - 4;
                ChartStyle.drawLeft(g, lines.get(i), ChartStyle.NARROW_TITLE, ChartStyle.INK, 0, baseLine);
            }
            g.translate(0, top);
            painter.accept(g);
        });
    }

    /** Divides a text between words into lines that are at most so wide. A longer word has a line of its own. */
    static List<String> lines(String text, Font font, int width) {
        List<String> lines = new ArrayList<>();
        String line = "";
        for (String word : text.split(" ", -1)) {
            String longer = line.isEmpty() ? word : line + " " + word;
            if (!line.isEmpty() && ChartStyle.width(longer, font) > width) {
                lines.add(line);
                longer = word;
            }
            line = longer;
        }
        lines.add(line);
        return lines;
    }

    /**
     * Returns the file.
     *
     * @return the bytes of a PNG file
     */
    public byte[] png() {
        return Base64.getDecoder().decode(base64);
    }
}
