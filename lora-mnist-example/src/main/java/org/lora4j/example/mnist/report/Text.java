package org.lora4j.example.mnist.report;

import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;

/** Text on a chart, placed by its base line. */
final class Text {

    private Text() {}

    /** Draws from x to the right and returns where it ends. */
    static double left(Graphics2D g, String text, Font font, Color color, double x, double y) {
        g.setFont(font);
        g.setColor(color);
        g.drawString(text, (float) x, (float) y);
        return x + width(g, text, font);
    }

    static void centred(Graphics2D g, String text, Font font, Color color, double x, double y) {
        left(g, text, font, color, x - width(g, text, font) / 2, y);
    }

    static void right(Graphics2D g, String text, Font font, Color color, double x, double y) {
        left(g, text, font, color, x - width(g, text, font), y);
    }

    static double width(Graphics2D g, String text, Font font) {
        return font.getStringBounds(text, g.getFontRenderContext()).getWidth();
    }
}
