package org.lora4j.console.report;

import java.awt.Color;
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

    /**
     * Draws one matrix.
     *
     * @param title its title
     * @param result the counts
     * @param color the color of many errors
     */
    public Picture draw(String title, TestResult result, Color color) {
        return new Picture(
                "Confusion matrix. " + title,
                new WideConfusion(this, result, color).draw(title),
                new NarrowConfusion(this, result, color).draw(title));
    }
}
