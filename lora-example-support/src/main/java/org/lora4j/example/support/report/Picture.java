package org.lora4j.example.support.report;

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

/** A drawing as PNG, with a description for readers who do not see it. */
public final class Picture {
    /** Pixels per unit of length: charts are sharp on dense screens. */
    private static final int DENSITY = 2;

    private final int width;
    private final String description;
    private final byte[] png;

    private Picture(int width, String description, byte[] png) {
        this.width = width;
        this.description = description;
        this.png = png;
    }

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
        return new Picture(width, description, encode(image));
    }

    private static byte[] encode(BufferedImage image) {
        ByteArrayOutputStream png = new ByteArrayOutputStream();
        try {
            ImageIO.write(image, "png", png);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return png.toByteArray();
    }

    /** Returns the width on a page. */
    public int width() {
        return width;
    }

    /** Returns the picture in words. */
    public String description() {
        return description;
    }

    /** Returns the file for a page that contains it. */
    public String base64() {
        return Base64.getEncoder().encodeToString(png);
    }

    /**
     * Returns the file.
     *
     * @return the bytes of a PNG file
     */
    public byte[] png() {
        return png.clone();
    }
}
