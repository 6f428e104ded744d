package org.lora4j.console.report;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Base64;
import java.util.function.Consumer;
import javax.imageio.ImageIO;

/**
 * A drawing as PNG, with a description for readers who do not see it.
 *
 * @param width the width on a page
 * @param description the picture in words
 * @param base64 the file, for a page that contains it
 */
public record Picture(int width, String description, String base64) {
    /** Pixels per unit of length: charts are sharp on dense screens. */
    private static final int DENSITY = 2;

    /**
     * Draws on white, antialiased. Needs no display.
     *
     * @param width the width in units of length; each is two pixels
     * @param height the height
     * @param description the picture in words
     * @param painter draws it
     */
    public static Picture draw(int width, int height, String description, Consumer<Graphics2D> painter) {
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
        return new Picture(width, description, Base64.getEncoder().encodeToString(png.toByteArray()));
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
