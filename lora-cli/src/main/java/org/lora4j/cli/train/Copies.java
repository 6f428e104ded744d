package org.lora4j.cli.train;

import org.lora4j.console.report.ReportText;

/**
 * Rows that have the same text as others, whatever their label. They are in one part of the data, unless a column or a file of its
 * own divides it.
 *
 * @param copies how many rows have the text of an earlier row
 * @param known how many texts of the validation and the test also train
 */
public record Copies(int copies, int known) {
    /** All texts are different. */
    public static final Copies NONE = new Copies(0, 0);

    /**
     * Returns what to know of them.
     *
     * @return a sentence; empty if there are none
     */
    public String text() {
        String of = ReportText.count(copies, "row") + (copies == 1 ? " has" : " have") + " the text of an earlier row";
        if (known > 0) {
            return of + ". " + ReportText.count(known, "text") + " of the validation or the test also "
                    + (known == 1 ? "trains" : "train") + ", so the numbers of the adapter are too good.";
        }
        return copies == 0 ? "" : of + "; equal texts are in one part.";
    }
}
