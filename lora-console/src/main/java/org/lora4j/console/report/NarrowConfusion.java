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
    private static final int NAME_SPACE = 6;
    private static final String WRONG = "wrong";

    NarrowConfusion(ConfusionChart chart, TestResult result, Color color) {
        super(chart, result, color, grid(chart, result));
    }

    private static Grid grid(ConfusionChart chart, TestResult result) {
        int name = (int) Math.ceil(chart.classes().stream()
                .mapToDouble(text -> ChartStyle.width(text, ChartStyle.NARROW_STRONG))
                .max()
                .orElse(0));
        int left = name + NAME_SPACE;
        int sums = (int) Math.ceil(ChartStyle.width(WRONG, ChartStyle.NARROW)) + 2;
        int room = (Drawing.NARROW - left - sums) / Math.max(1, chart.classes().size());
        int cellWidth = Math.max((int) Math.ceil(countWidth(result)), Math.min(WIDEST_CELL, room));
        int top = 2 * LINE_HEIGHT + 10 + (name > cellWidth ? name : LINE_HEIGHT);
        return new Grid(left, top, cellWidth, CELL_HEIGHT, sums, ChartStyle.NARROW, ChartStyle.NARROW_STRONG);
    }

    /** The width of the widest count. Those on the diagonal are never bold. */
    private static double countWidth(TestResult result) {
        double widest = 0;
        for (int row = 0; row < result.confusion().size(); row++) {
            for (int column = 0; column < result.confusion().size(); column++) {
                String count = String.valueOf(result.confusion().get(row).get(column));
                Font font = row == column ? ChartStyle.NARROW : ChartStyle.NARROW_STRONG;
                widest = Math.max(widest, ChartStyle.width(count, font));
            }
        }
        return widest;
    }

    @Override
    Drawing draw(String title) {
        return Drawing.narrow(title, Math.max(Drawing.NARROW, right() + grid.sums()), bottom() + 8, g -> {
            side(g, "Rows: ", chart.actual(), LINE_HEIGHT - 4);
            side(g, "Columns: ", chart.predicted(), 2 * LINE_HEIGHT - 4);
            ChartStyle.drawCentered(
                    g, WRONG, grid.plain(), ChartStyle.INK, right() + grid.sums() / 2.0, grid.top() - 6.0);
            paintRows(g);
        });
    }

    /** Says what rows or columns are. The name of a side does not begin the sentence here. */
    private void side(Graphics2D g, String side, String name, double baseLine) {
        String text = side + name.substring(0, 1).toLowerCase(Locale.ROOT) + name.substring(1) + " …";
        ChartStyle.drawLeft(g, text, grid.plain(), ChartStyle.QUIET_INK, 0, baseLine);
    }

    @Override
    void paintRowName(Graphics2D g, String name, Font font, Color ink, double baseLine) {
        ChartStyle.drawLeft(g, name, font, ink, grid.left() - NAME_SPACE - ChartStyle.width(name, font), baseLine);
    }

    @Override
    void paintColumnName(Graphics2D g, String name, Font font, Color ink, double middle) {
        boolean isUpright = grid.left() - NAME_SPACE > grid.cellWidth();
        if (isUpright) {
            ChartStyle.drawUpright(g, name, font, ink, middle, grid.top() - 4.0);
        } else {
            ChartStyle.drawCentered(g, name, font, ink, middle, grid.top() - 6.0);
        }
    }
}
