package org.lora4j.example.support.report;

import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.geom.Rectangle2D;
import java.util.List;

/**
 * A confusion matrix in which only the errors have color: the diagonal is gray, since its numbers are far greater. Drawn
 * without XChart, whose heat map has one scale for all cells.
 */
public final class ConfusionChart {
    private static final int CELL_HEIGHT = 46;
    private static final int TOP = 104;
    /** The width of a character of a class beyond the first. */
    private static final int CHARACTER = 8;
    /** The width of the column of wrong predictions, to the right of the matrix. */
    private static final int SUMS = 72;

    private final Labels labels;
    private final String title;
    private final TestResult result;
    private final Color color;
    private final int mostErrors;
    private final int cellWidth;
    private final int left;
    private final int width;
    private final int height;

    private ConfusionChart(Labels labels, String title, TestResult result, Color color, int mostErrors) {
        this.labels = labels;
        this.title = title;
        this.result = result;
        this.color = color;
        this.mostErrors = mostErrors;
        int more = labels.moreWidth();
        cellWidth = CELL_HEIGHT + more;
        left = 84 + more;
        width = cellWidth * result.classes();
        height = CELL_HEIGHT * result.classes();
    }

    /**
     * The words on a matrix.
     *
     * @param actual what a row is
     * @param predicted what a column is
     * @param classes the names of the classes, in order
     * @param highlighted the classes that have another color
     */
    public record Labels(String actual, String predicted, List<String> classes, List<Integer> highlighted) {
        /** Copies the lists. */
        public Labels {
            classes = List.copyOf(classes);
            highlighted = List.copyOf(highlighted);
        }

        private int moreWidth() {
            return CHARACTER * (classes.stream().mapToInt(String::length).max().orElse(1) - 1);
        }
    }

    /**
     * Draws one matrix.
     *
     * @param labels the words on it
     * @param title its title
     * @param result the counts
     * @param color the color of many errors
     * @param mostErrors the number of errors that has the full color; the same for matrices that are compared
     */
    public static Picture draw(Labels labels, String title, TestResult result, Color color, int mostErrors) {
        ConfusionChart chart = new ConfusionChart(labels, title, result, color, mostErrors);
        return Picture.draw(
                chart.left + chart.width + SUMS + 14,
                TOP + chart.height + 24,
                "Confusion matrix. " + title,
                chart::paint);
    }

    private void paint(Graphics2D g) {
        ChartStyle.drawCentered(g, title, ChartStyle.TITLE, ChartStyle.INK, left + width / 2.0, 34);
        ChartStyle.drawCentered(g, labels.predicted(), ChartStyle.CELL, ChartStyle.QUIET_INK, left + width / 2.0, 66);
        ChartStyle.drawCentered(
                g, "wrong", ChartStyle.CELL_STRONG, ChartStyle.INK, left + width + SUMS / 2.0, TOP - 12);
        paintActualTitle(g);
        for (int i = 0; i < result.classes(); i++) {
            boolean highlighted = labels.highlighted().contains(i);
            Font font = highlighted ? ChartStyle.CELL_STRONG : ChartStyle.CELL;
            Color ink = highlighted ? ChartStyle.LORA_INK : ChartStyle.INK;
            String name = labels.classes().get(i);
            ChartStyle.drawCentered(g, name, font, ink, left + cellWidth * (i + 0.5), TOP - 12);
            ChartStyle.drawCentered(
                    g, name, font, ink, left - 18 - labels.moreWidth() / 2.0, TOP + CELL_HEIGHT * (i + 0.5) + 5);
            paintRow(g, i, font, ink);
        }
    }

    private void paintActualTitle(Graphics2D g) {
        Graphics2D turned = (Graphics2D) g.create();
        try {
            turned.rotate(-Math.PI / 2);
            ChartStyle.drawCentered(
                    turned, labels.actual(), ChartStyle.CELL, ChartStyle.QUIET_INK, -(TOP + height / 2.0), 36);
        } finally {
            turned.dispose();
        }
    }

    private void paintRow(Graphics2D g, int actual, Font font, Color ink) {
        double baseLine = TOP + CELL_HEIGHT * (actual + 0.5) + 5;
        for (int predicted = 0; predicted < result.classes(); predicted++) {
            int count = result.confusion().get(actual).get(predicted);
            double share = actual == predicted ? 0 : share(count);
            g.setColor(
                    actual == predicted
                            ? ChartStyle.LINE
                            : count == 0 ? ChartStyle.FILL : ChartStyle.tint(color, share));
            g.fill(new Rectangle2D.Double(
                    left + cellWidth * predicted + 1.0,
                    TOP + CELL_HEIGHT * actual + 1.0,
                    cellWidth - 2,
                    CELL_HEIGHT - 2));
            if (count > 0) {
                Color text = actual == predicted ? ChartStyle.QUIET_INK : share > 0.6 ? Color.WHITE : ChartStyle.INK;
                Font weight = actual != predicted && share > 0.3 ? ChartStyle.CELL_STRONG : ChartStyle.CELL;
                ChartStyle.drawCentered(
                        g, String.valueOf(count), weight, text, left + cellWidth * (predicted + 0.5), baseLine);
            }
        }
        ChartStyle.drawCentered(
                g, Words.count(result.wrong().get(actual)), font, ink, left + width + SUMS / 2.0, baseLine);
    }

    /** Grows with the square root, so that a few errors are still visible beside hundreds. */
    private double share(int count) {
        return 0.08 + 0.92 * Math.sqrt((double) count / Math.max(1, mostErrors));
    }
}
