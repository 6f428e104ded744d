package org.lora4j.example.mnist.report;

import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.geom.Rectangle2D;
import java.util.List;

/**
 * A confusion matrix in which only the errors have color: the diagonal is gray, since its numbers are far greater. Drawn
 * without XChart, whose heat map has one scale for all cells.
 */
final class ConfusionChart {
    private static final int CELL = 46;
    private static final int LEFT = 84;
    private static final int TOP = 104;
    private static final int MATRIX = CELL * TestResult.DIGITS;
    /** The width of the column of wrong predictions, to the right of the matrix. */
    private static final int SUMS = 72;

    private static final int WIDTH = LEFT + MATRIX + SUMS + 14;
    private static final int HEIGHT = TOP + MATRIX + 24;

    private final String title;
    private final TestResult result;
    private final Color color;
    private final int mostErrors;
    private final List<Integer> digits;

    private ConfusionChart(String title, TestResult result, Color color, int mostErrors, List<Integer> digits) {
        this.title = title;
        this.result = result;
        this.color = color;
        this.mostErrors = mostErrors;
        this.digits = digits;
    }

    /**
     * Draws one matrix.
     *
     * @param mostErrors the number of errors that has the full color; the same for matrices that are compared
     * @param digits the digits of the fine-tuning
     */
    static Picture draw(String title, TestResult result, Color color, int mostErrors, List<Integer> digits) {
        ConfusionChart chart = new ConfusionChart(title, result, color, mostErrors, digits);
        return Picture.draw(WIDTH, HEIGHT, "Confusion matrix. " + title, chart::paint);
    }

    /** Returns the greatest number off the diagonal. */
    static int mostErrors(TestResult result) {
        int most = 0;
        for (int actual = 0; actual < TestResult.DIGITS; actual++) {
            for (int predicted = 0; predicted < TestResult.DIGITS; predicted++) {
                if (actual != predicted) {
                    most = Math.max(most, result.confusion().get(actual).get(predicted));
                }
            }
        }
        return most;
    }

    private void paint(Graphics2D g) {
        double middle = LEFT + MATRIX / 2.0;
        ChartStyle.drawCentered(g, title, ChartStyle.TITLE, ChartStyle.INK, middle, 34);
        ChartStyle.drawCentered(g, "The network predicts", ChartStyle.CELL, ChartStyle.QUIET_INK, middle, 66);
        ChartStyle.drawCentered(
                g, "wrong", ChartStyle.CELL_STRONG, ChartStyle.INK, LEFT + MATRIX + SUMS / 2.0, TOP - 12);
        paintActualTitle(g);
        for (int digit = 0; digit < TestResult.DIGITS; digit++) {
            Font font = digits.contains(digit) ? ChartStyle.CELL_STRONG : ChartStyle.CELL;
            Color ink = digits.contains(digit) ? ChartStyle.LORA_INK : ChartStyle.INK;
            double across = CELL * (digit + 0.5);
            ChartStyle.drawCentered(g, String.valueOf(digit), font, ink, LEFT + across, TOP - 12);
            ChartStyle.drawCentered(g, String.valueOf(digit), font, ink, LEFT - 18, TOP + across + 5);
            paintRow(g, digit, font, ink);
        }
    }

    private static void paintActualTitle(Graphics2D g) {
        Graphics2D turned = (Graphics2D) g.create();
        try {
            turned.rotate(-Math.PI / 2);
            ChartStyle.drawCentered(
                    turned,
                    "The image shows",
                    ChartStyle.CELL,
                    ChartStyle.QUIET_INK,
                    -(TOP + MATRIX / 2.0),
                    LEFT - 48.0);
        } finally {
            turned.dispose();
        }
    }

    private void paintRow(Graphics2D g, int actual, Font font, Color ink) {
        double baseLine = TOP + CELL * (actual + 0.5) + 5;
        for (int predicted = 0; predicted < TestResult.DIGITS; predicted++) {
            int count = result.confusion().get(actual).get(predicted);
            double share = actual == predicted ? 0 : share(count);
            g.setColor(
                    actual == predicted
                            ? ChartStyle.LINE
                            : count == 0 ? ChartStyle.FILL : ChartStyle.tint(color, share));
            g.fill(new Rectangle2D.Double(
                    LEFT + CELL * predicted + 1.0, TOP + CELL * actual + 1.0, CELL - 2, CELL - 2));
            if (count > 0) {
                Color text = actual == predicted ? ChartStyle.QUIET_INK : share > 0.6 ? Color.WHITE : ChartStyle.INK;
                Font weight = actual != predicted && share > 0.3 ? ChartStyle.CELL_STRONG : ChartStyle.CELL;
                ChartStyle.drawCentered(
                        g, String.valueOf(count), weight, text, LEFT + CELL * (predicted + 0.5), baseLine);
            }
        }
        ChartStyle.drawCentered(
                g, Words.count(result.wrong().get(actual)), font, ink, LEFT + MATRIX + SUMS / 2.0, baseLine);
    }

    /** Grows with the square root, so that a few errors are still visible beside hundreds. */
    private double share(int count) {
        return 0.08 + 0.92 * Math.sqrt((double) count / Math.max(1, mostErrors));
    }
}
