package org.lora4j.cli.command;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.lora4j.cli.file.OutputPath;
import org.lora4j.cli.file.RowFile;
import org.lora4j.cli.report.TrainingFiles;
import org.lora4j.cli.train.DataFile;
import org.lora4j.console.report.ReportText;
import picocli.CommandLine.Option;

/** A copy of a file of texts with more columns. */
final class FileOutput {
    @Option(
            names = "--output",
            required = true,
            paramLabel = "FILE",
            description = "The file that is written, in the form that its name says.")
    @SuppressWarnings("NullAway.Init")
    private Path file;

    /**
     * What was written.
     *
     * @param output the file
     * @param rows its rows
     * @param skipped what was wrong with lines that were left out
     */
    record Result(String output, long rows, List<String> skipped) {}

    /** Copies the rows, and returns their number. */
    @FunctionalInterface
    interface Copy {
        long write(RowFile file) throws IOException;
    }

    /** Writes the copy, and says how many rows it has. */
    void write(TextsOptions texts, OutputOptions output, PrintWriter out, Copy copy) throws IOException {
        DataFile data = texts.file();
        OutputPath.requireOther(file, List.of(data.file()));
        List<String> skipped = new ArrayList<>();
        RowFile rows = new RowFile(data, file, data.skipsBad() ? e -> skipped.add(e.getMessage()) : null);
        Result result = new Result(file.toString(), copy.write(rows), skipped);
        output.show(out, result, to -> {
            to.line("%s written to %s", ReportText.count(result.rows(), "row"), result.output());
            TrainingFiles.skipped(to, skipped);
        });
    }
}
