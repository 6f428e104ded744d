package org.lora4j.cli.measure;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.console.report.Picture;
import org.lora4j.console.report.TextOutput;

/** What a training of a task measured, in its report. */
public interface TaskResult {
    /**
     * Returns what the examples that judge say.
     *
     * @return null if there were none
     */
    @Nullable
    Judgement judgement();

    /**
     * Returns the numbers beside those of the judgement, for the model card.
     *
     * @return the numbers by name
     */
    Map<String, String> numbers();

    /**
     * Prints the numbers beside those of the judgement.
     *
     * @param out the terminal
     */
    void print(TextOutput out);

    /**
     * Returns the charts of the page.
     *
     * @return the charts by name
     */
    default Map<String, Picture> charts() {
        return Map.of();
    }
}
