package org.lora4j.cli.report;

import com.fasterxml.jackson.databind.node.TextNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.lora4j.cli.measure.Judgement;
import org.lora4j.cli.measure.TaskResult;
import org.lora4j.cli.train.TaskPage;
import org.lora4j.cli.train.TrainingReport;
import org.lora4j.console.report.ReportFiles;
import org.lora4j.io.internal.FileAccess;

/**
 * The model card of an adapter, {@code README.md} in the output folder, in the form of PEFT. A file of this name that somebody else wrote
 * stays.
 */
public final class ModelCard {
    static final String NAME = "README.md";

    /** A comment of Markdown, which no reader of the page sees. */
    private static final String MARK = "<!-- Written by lora. A new training replaces this file. -->";

    /** More bytes than the header before the mark has. */
    private static final int BEGINNING = 10_000;

    private ModelCard() {}

    /**
     * Refuses a folder with a file that must not be replaced, before any work.
     *
     * @param folder the output folder, which need not exist
     * @throws IOException if it has a {@code README.md} that this program did not write
     */
    public static void requireOwn(Path folder) throws IOException {
        Path file = folder.resolve(NAME);
        if (Files.isRegularFile(file)
                && !new String(FileAccess.readAtMost(file, BEGINNING), StandardCharsets.UTF_8).contains(MARK)) {
            throw new IOException(
                    file + ": the output folder must have no model card of somebody else, found one; choose"
                            + " another --output, or move this file");
        }
    }

    /** Writes the card into the folder of an adapter. */
    static void write(Path folder, Path base, TrainingReport<?> report, TaskPage page) throws IOException {
        ReportFiles.replace(
                folder.resolve(NAME), text(report, page, base, folder).getBytes(StandardCharsets.UTF_8));
    }

    private static String text(TrainingReport<?> report, TaskPage page, Path base, Path folder) {
        Map<String, String> results = results(report.result());
        String measured =
                results.isEmpty() ? "Nothing was measured.\n" : "| metric | value |\n|---|---|\n" + rows(results);
        return """
                ---
                base_model: %s
                library_name: peft
                pipeline_tag: %s
                tags:
                - lora
                ---

                %s

                # %s

                %s

                ## Results

                %s
                ## Use

                ```sh
                %s
                ```

                ## Training

                | setting | value |
                |---|---|
                %s""".formatted(
                        quoted(report.model()),
                        page.pipeline(),
                        MARK,
                        Markdown.escaped(page.headline()),
                        page.about(),
                        measured,
                        command(page.use(), base, folder),
                        rows(report.settings()));
    }

    /** Returns what was measured, by name. */
    static Map<String, String> results(TaskResult result) {
        Judgement judgement = result.judgement();
        Map<String, String> results = new LinkedHashMap<>(judgement == null ? Map.of() : judgement.results());
        results.putAll(result.numbers());
        return results;
    }

    /** Returns a command with the options that name the model and the adapter. */
    private static String command(String use, Path base, Path folder) {
        String[] nameAndOptions = use.split(" ", 2);
        return "lora " + nameAndOptions[0] + " --model " + Markdown.word(base) + " --adapter " + Markdown.word(folder)
                + " " + nameAndOptions[1];
    }

    private static String rows(Map<String, ?> values) {
        return values.entrySet().stream()
                .map(value -> "| " + Markdown.escaped(value.getKey()) + " | "
                        + Markdown.escaped(String.valueOf(value.getValue())) + " |\n")
                .collect(Collectors.joining());
    }

    /** A scalar of YAML, whatever characters it has: JSON is YAML. */
    private static String quoted(String text) {
        return TextNode.valueOf(text).toString();
    }
}
