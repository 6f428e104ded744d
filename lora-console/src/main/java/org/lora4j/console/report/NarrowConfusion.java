package org.lora4j.console.report;

import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.util.Locale;

/**
 * A confusion matrix for a phone. Its cells are as wide as their numbers need, or as the screen permits, and names that are
 * wider than a cell stand upright above it. With many classes of long names it is wider than the screen.
 */
final class NarrowConfusion extends ConfusionCells {
    private static final int CELL_HEIGHT = 28;
    private static final int WIDEST_CELL = 46;
    private static final int LINE_HEIGHT = 16;
    private static final String WRONG = "wrong";

    private final int left;
    private final int top;
    private final int cellWidth;
    private final int sums;
    private final boolean isUpright;

    NarrowConfusion(ConfusionChart chart, TestResult result, Color color) {
        super(chart, result, color);
        int name = (int) Math.ceil(chart.classes().stream()
                .mapToDouble(text -> ChartStyle.width(text, strong()))
                .max()
                .orElse(0));
        left = name + 6;
        sums = (int) Math.ceil(ChartStyle.width(WRONG, plain())) + 2;
        int room = (Drawing.NARROW - left - sums) / Math.max(1, chart.classes().size());
        cellWidth = Math.max((int) Math.ceil(countWidth()), Math.min(WIDEST_CELL, room));
        isUpright = name > cellWidth;
        top = 2 * LINE_HEIGHT + 10 + (isUpright ? name : LINE_HEIGHT);
    }

    @Override
    Drawing draw(String title) {
        return Drawing.narrow(title, Math.max(Drawing.NARROW, right() + sums), bottom() + 8, g -> {
            side(g, "Rows: ", chart.actual(), LINE_HEIGHT - 4);
            side(g, "Columns: ", chart.predicted(), 2 * LINE_HEIGHT - 4);
            ChartStyle.drawCentered(g, WRONG, plain(), ChartStyle.INK, right() + sums / 2.0, top - 6.0);
            paintRows(g);
        });
    }

    /** Says what rows or columns are. The name of a side does not begin the sentence here. */
    private void side(Graphics2D g, String side, String name, double baseLine) {
        String text = side + name.substring(0, 1).toLowerCase(Locale.ROOT) + name.substring(1) + " …";
        ChartStyle.drawLeft(g, text, plain(), ChartStyle.QUIET_INK, 0, baseLine);
    }

    @Override
    int left() {
        return left;
    }

    @Override
    int top() {
        return top;
    }

    @Override
    int cellWidth() {
        return cellWidth;
    }

    @Override
    int cellHeight() {
        return CELL_HEIGHT;
    }

    @Override
    int sums() {
        return sums;
    }

    @Override
    Font plain() {
        return ChartStyle.NARROW;
    }

    @Override
    Font strong() {
        return ChartStyle.NARROW_STRONG;
    }

    @Override
    void paintRowName(Graphics2D g, String name, Font font, Color ink, double baseLine) {
        ChartStyle.drawLeft(g, name, font, ink, left - 6 - ChartStyle.width(name, font), baseLine);
    }

    @Override
    void paintColumnName(Graphics2D g, String name, Font font, Color ink, double middle) {
        if (isUpright) {
            g.rotate(-Math.PI / 2);
            ChartStyle.drawLeft(g, name, font, ink, 4 - top, middle + 4);
            g.rotate(Math.PI / 2);
        } else {
            ChartStyle.drawCentered(g, name, font, ink, middle, top - 6.0);
        }
    }
}
