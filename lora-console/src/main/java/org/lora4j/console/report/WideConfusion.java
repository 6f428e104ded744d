package org.lora4j.console.report;

import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;

/** A confusion matrix for a wide screen, with the names of its sides. */
final class WideConfusion extends ConfusionCells {
    private static final int CELL_HEIGHT = 46;
    private static final int TOP = 104;
    /** The width of a character of a class beyond the first. */
    private static final int CHARACTER = 8;

    private static final int SUMS = 72;

    WideConfusion(ConfusionChart chart, TestResult result, Color color) {
        super(chart, result, color, grid(moreWidth(chart)));
    }

    private static Grid grid(int moreWidth) {
        return new Grid(
                84 + moreWidth,
                TOP,
                CELL_HEIGHT + moreWidth,
                CELL_HEIGHT,
                SUMS,
                ChartStyle.CELL,
                ChartStyle.CELL_STRONG);
    }

    private static int moreWidth(ConfusionChart chart) {
        return CHARACTER
                * (chart.classes().stream().mapToInt(String::length).max().orElse(1) - 1);
    }

    @Override
    Drawing draw(String title) {
        return Drawing.of(right() + SUMS + 14, bottom() + 24, g -> {
            double middle = (grid.left() + right()) / 2.0;
            ChartStyle.drawCentered(g, title, ChartStyle.TITLE, ChartStyle.INK, middle, 34);
            ChartStyle.drawCentered(g, chart.predicted(), ChartStyle.CELL, ChartStyle.QUIET_INK, middle, 66);
            ChartStyle.drawCentered(g, "wrong", ChartStyle.CELL_STRONG, ChartStyle.INK, right() + SUMS / 2.0, TOP - 12);
            g.rotate(-Math.PI / 2);
            ChartStyle.drawCentered(
                    g, chart.actual(), ChartStyle.CELL, ChartStyle.QUIET_INK, -(TOP + bottom()) / 2.0, 36);
            g.rotate(Math.PI / 2);
            paintRows(g);
        });
    }

    @Override
    void paintRowName(Graphics2D g, String name, Font font, Color ink, double baseLine) {
        ChartStyle.drawCentered(g, name, font, ink, grid.left() - 18 - moreWidth(chart) / 2.0, baseLine);
    }

    @Override
    void paintColumnName(Graphics2D g, String name, Font font, Color ink, double middle) {
        ChartStyle.drawCentered(g, name, font, ink, middle, TOP - 12);
    }
}
