package org.lora4j.cli.report;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.lora4j.example.support.cli.RunFolder;
import org.lora4j.example.support.report.Picture;
import org.lora4j.example.support.report.ReportFiles;
import org.lora4j.example.support.report.ReportJson;

/** Writes the model card, the page and the numbers of a training. */
final class TrainingFiles {
    private TrainingFiles() {}

    /**
     * Writes the files.
     *
     * @param folder the folder, which has the adapter
     * @param card the model card
     * @param complete creates the numbers with the files of the folder, by purpose
     * @param page creates the page, which has the charts in it
     * @param <R> the type of the numbers
     * @return the numbers with all files
     * @throws IOException if a file cannot be written
     */
    static <R extends Record> R write(
            RunFolder folder, ModelCard card, Function<Map<String, String>, R> complete, Function<R, String> page)
            throws IOException {
        return folder.write("the report in " + folder.path(), () -> {
            CardFile.write(folder.path(), card);
            folder.add("card", CardFile.NAME);
            Map<String, String> files = folder.files();
            files.remove("checkpoint");
            files.put("page", ReportFiles.PAGE);
            files.put("report", ReportFiles.JSON);
            R report = complete.apply(files);
            ReportFiles.write(
                    folder.path(),
                    Map.<String, Optional<Picture>>of(),
                    page.apply(report).getBytes(StandardCharsets.UTF_8),
                    ReportJson.toBytes(report));
            return report;
        });
    }
}
