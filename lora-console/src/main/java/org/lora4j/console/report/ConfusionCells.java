package org.lora4j.console.report;

import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.geom.Rectangle2D;

/** The cells of a confusion matrix, with the names of the rows at the left and their errors at the right. */
abstract class ConfusionCells {
    final ConfusionChart chart;
    final Grid grid;
    private final TestResult result;
    private final Color color;

    /**
     * Where the cells are, and the text in them.
     *
     * @param sums the width of the column of wrong predictions, to the right of the matrix
     */
    record Grid(int left, int top, int cellWidth, int cellHeight, int sums, Font plain, Font strong) {}

    ConfusionCells(ConfusionChart chart, TestResult result, Color color, Grid grid) {
        this.chart = chart;
        this.result = result;
        this.color = color;
        this.grid = grid;
    }

    abstract Drawing draw(String title);

    /** Draws the name of a row, which ends somewhat left of the matrix. */
    abstract void paintRowName(Graphics2D g, String name, Font font, Color ink, double baseLine);

    /** Draws the name of a column above the matrix. */
    abstract void paintColumnName(Graphics2D g, String name, Font font, Color ink, double middle);

    final int right() {
        return grid.left() + grid.cellWidth() * chart.classes().size();
    }

    final int bottom() {
        return grid.top() + grid.cellHeight() * chart.classes().size();
    }

    final void paintRows(Graphics2D g) {
        for (int i = 0; i < chart.classes().size(); i++) {
            paintRow(g, i);
        }
    }

    private void paintRow(Graphics2D g, int row) {
        boolean isHighlighted = chart.highlighted().contains(row);
        Font font = isHighlighted ? grid.strong() : grid.plain();
        Color ink = isHighlighted ? ChartStyle.LORA_INK : ChartStyle.INK;
        String name = chart.classes().get(row);
        paintColumnName(g, name, font, ink, grid.left() + grid.cellWidth() * (row + 0.5));
        paintRowName(g, name, font, ink, baseLine(row));
        for (int column = 0; column < chart.classes().size(); column++) {
            paintCell(g, row, column, result.confusion().get(row).get(column));
        }
        String wrong = ReportText.count(result.wrong().get(row));
        ChartStyle.drawCentered(g, wrong, font, ink, right() + grid.sums() / 2.0, baseLine(row));
    }

    private void paintCell(Graphics2D g, int row, int column, int count) {
        boolean isRight = row == column;
        // Grows with the square root, so that a few errors are still visible beside hundreds.
        double share = isRight ? 0 : 0.08 + 0.92 * Math.sqrt((double) count / Math.max(1, chart.mostErrors()));
        g.setColor(isRight ? ChartStyle.LINE : count == 0 ? ChartStyle.FILL : ChartStyle.tint(color, share));
        double x = grid.left() + grid.cellWidth() * column;
        double y = grid.top() + grid.cellHeight() * row;
        g.fill(new Rectangle2D.Double(x + 1, y + 1, grid.cellWidth() - 2, grid.cellHeight() - 2));
        if (count > 0) {
            Font font = share > 0.3 ? grid.strong() : grid.plain();
            Color ink = isRight ? ChartStyle.QUIET_INK : share > 0.6 ? Color.WHITE : ChartStyle.INK;
            ChartStyle.drawCentered(g, String.valueOf(count), font, ink, x + grid.cellWidth() / 2.0, baseLine(row));
        }
    }

    /** Where text stands that is in the middle of a row: a digit is about 0.7 of the font's size high. */
    private double baseLine(int row) {
        return Math.round(grid.top()
                + grid.cellHeight() * (row + 0.5)
                + 0.35 * grid.plain().getSize());
    }
}
