package org.lora4j.example.mnist.report;

import java.awt.Color;
import java.awt.Font;
import java.util.List;

/** The colours and fonts of all charts; told apart by every kind of colour vision. */
final class Palette {

    static final Color BASE = new Color(0x5B7FA6);
    static final Color LORA = new Color(0xE6761B);
    /** The same orange, dark enough for text on white. */
    static final Color LORA_INK = new Color(0xA84F08);

    static final Color INK = new Color(0x1F2A37);
    static final Color QUIET_INK = new Color(0x5B6673);
    static final Color LINE = new Color(0xE2E7EC);
    static final Color FILL = new Color(0xF3F5F7);
    /** Behind what belongs to the digit that was fine-tuned. */
    static final Color HIGHLIGHT = new Color(0xFDF0E2);

    static final Font TITLE = font(Font.BOLD, 18);
    static final Font STRONG = font(Font.BOLD, 13);
    static final Font TEXT = font(Font.PLAIN, 13);
    /** In the confusion matrices, two of which stand side by side. */
    static final Font CELL = font(Font.PLAIN, 15);

    static final Font CELL_STRONG = font(Font.BOLD, 15);
    static final Font SMALL_STRONG = font(Font.BOLD, 12);
    static final Font SMALL = font(Font.PLAIN, 12);

    /** Base, LoRA, then what else is compared. */
    private static final List<Color> SERIES =
            List.of(BASE, LORA, new Color(0x009E73), new Color(0xAA4499), new Color(0x332288), new Color(0x88774A));

    private Palette() {}

    static Color series(int index) {
        return SERIES.get(index % SERIES.size());
    }

    /** A colour between white (0) and the given one (1). */
    static Color tint(Color color, double share) {
        return new Color(tint(color.getRed(), share), tint(color.getGreen(), share), tint(color.getBlue(), share));
    }

    private static int tint(int channel, double share) {
        return (int) Math.round(255 + (channel - 255) * share);
    }

    private static Font font(int style, int size) {
        return new Font(Font.SANS_SERIF, style, size);
    }
}
