package org.lora4j.cli.report;

import java.nio.file.Path;
import java.util.Map;
import org.lora4j.console.report.Picture;
import org.lora4j.console.report.TextOutput;

/** What the terminal, the page and the model card say of a task. {@link TrainingFiles} writes what is the same for all tasks. */
public abstract class TaskPage {
    TaskPage() {}

    /** The headline, in plain text. */
    abstract String headline();

    /** What was trained: a sentence in plain text. */
    abstract String lead();

    /** The template of the page, beside this class: it says how the numbers are shown. */
    abstract String template();

    /** What the template needs beside the report. */
    Map<String, Object> values() {
        return Map.of();
    }

    /** The headline of the results, in plain text. */
    abstract String resultsTitle();

    /** The charts of the results. */
    Map<String, Picture> charts() {
        return Map.of();
    }

    /** The task as the hub names it, such as {@code text-classification}. */
    abstract String pipeline();

    /** What the adapter does, for the model card. */
    abstract String about();

    /** The results for the model card, by name. */
    abstract Map<String, String> measured();

    /** A command line that uses the adapter. */
    abstract String use(Path base, Path folder);

    /** Prints the results on the terminal. */
    abstract void print(TextOutput out);
}
