package org.lora4j.console.report;

import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.geom.Rectangle2D;
import java.util.List;

/**
 * A confusion matrix in which only the errors have color: the diagonal is gray, since its numbers are far greater. Drawn
 * without XChart, whose heat map has one scale for all cells.
 *
 * @param actual what a row is
 * @param predicted what a column is
 * @param classes the names of the classes, in order
 * @param highlighted the classes that have another color
 * @param mostErrors the number of errors that has the full color
 */
public record ConfusionChart(
        String actual, String predicted, List<String> classes, List<Integer> highlighted, int mostErrors) {
    private static final int CELL_HEIGHT = 46;
    private static final int TOP = 104;
    /** The width of a character of a class beyond the first. */
    private static final int CHARACTER = 8;
    /** The width of the column of wrong predictions, to the right of the matrix. */
    private static final int SUMS = 72;

    private int moreWidth() {
        return CHARACTER * (classes.stream().mapToInt(String::length).max().orElse(1) - 1);
    }

    private int cellWidth() {
        return CELL_HEIGHT + moreWidth();
    }

    private int left() {
        return 84 + moreWidth();
    }

    private int right() {
        return left() + cellWidth() * classes.size();
    }

    private int bottom() {
        return TOP + CELL_HEIGHT * classes.size();
    }

    /**
     * Draws one matrix.
     *
     * @param title its title
     * @param result the counts
     * @param color the color of many errors
     */
    public Picture draw(String title, TestResult result, Color color) {
        return Picture.draw(right() + SUMS + 14, bottom() + 24, "Confusion matrix. " + title, g -> {
            double middle = (left() + right()) / 2.0;
            ChartStyle.drawCentered(g, title, ChartStyle.TITLE, ChartStyle.INK, middle, 34);
            ChartStyle.drawCentered(g, predicted, ChartStyle.CELL, ChartStyle.QUIET_INK, middle, 66);
            ChartStyle.drawCentered(g, "wrong", ChartStyle.CELL_STRONG, ChartStyle.INK, right() + SUMS / 2.0, TOP - 12);
            g.rotate(-Math.PI / 2);
            ChartStyle.drawCentered(g, actual, ChartStyle.CELL, ChartStyle.QUIET_INK, -(TOP + bottom()) / 2.0, 36);
            g.rotate(Math.PI / 2);
            for (int i = 0; i < classes.size(); i++) {
                paintRow(g, i, result, color);
            }
        });
    }

    private void paintRow(Graphics2D g, int row, TestResult result, Color color) {
        boolean isHighlighted = highlighted.contains(row);
        Font font = isHighlighted ? ChartStyle.CELL_STRONG : ChartStyle.CELL;
        Color ink = isHighlighted ? ChartStyle.LORA_INK : ChartStyle.INK;
        String name = classes.get(row);
        double baseLine = TOP + CELL_HEIGHT * (row + 0.5) + 5;
        ChartStyle.drawCentered(g, name, font, ink, left() + cellWidth() * (row + 0.5), TOP - 12);
        ChartStyle.drawCentered(g, name, font, ink, left() - 18 - moreWidth() / 2.0, baseLine);
        for (int column = 0; column < classes.size(); column++) {
            paintCell(g, row, column, result.confusion().get(row).get(column), color);
        }
        ChartStyle.drawCentered(
                g, ReportText.count(result.wrong().get(row)), font, ink, right() + SUMS / 2.0, baseLine);
    }

    private void paintCell(Graphics2D g, int row, int column, int count, Color color) {
        boolean isRight = row == column;
        // Grows with the square root, so that a few errors are still visible beside hundreds.
        double share = isRight ? 0 : 0.08 + 0.92 * Math.sqrt((double) count / Math.max(1, mostErrors));
        g.setColor(isRight ? ChartStyle.LINE : count == 0 ? ChartStyle.FILL : ChartStyle.tint(color, share));
        double x = left() + cellWidth() * column;
        double y = TOP + CELL_HEIGHT * row;
        g.fill(new Rectangle2D.Double(x + 1, y + 1, cellWidth() - 2, CELL_HEIGHT - 2));
        if (count > 0) {
            Font font = share > 0.3 ? ChartStyle.CELL_STRONG : ChartStyle.CELL;
            Color ink = isRight ? ChartStyle.QUIET_INK : share > 0.6 ? Color.WHITE : ChartStyle.INK;
            ChartStyle.drawCentered(
                    g, String.valueOf(count), font, ink, x + cellWidth() / 2.0, y + CELL_HEIGHT / 2.0 + 5);
        }
    }
}
