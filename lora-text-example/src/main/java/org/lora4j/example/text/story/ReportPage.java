package org.lora4j.example.text.story;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.lora4j.console.report.ChartStyle;
import org.lora4j.console.report.LossChart;
import org.lora4j.console.report.Page;
import org.lora4j.console.report.Picture;
import org.lora4j.console.report.ReportFiles;

/** The files of a report: its numbers as JSON, its charts, and a page that shows both. */
public final class ReportPage {
    private static final String LOSS = "loss";

    private ReportPage() {}

    /**
     * Writes the files.
     *
     * @param folder the folder
     * @param report the report, a record next to which the template lies
     * @param template the name of the template
     * @param losses the loss of each step with LoRA
     * @param files gets the names of the files
     * @throws IOException if a file cannot be written
     */
    public static void write(
            Path folder, Record report, String template, List<Double> losses, Map<String, String> files)
            throws IOException {
        write(
                folder,
                report,
                template,
                Map.of(LOSS, () -> LossChart.draw("Loss of the training with LoRA", losses, Map.of(), ChartStyle.LORA)),
                files);
    }

    /**
     * Writes the files.
     *
     * @param folder the folder
     * @param report the report, a record next to which the template lies
     * @param template the name of the template, which has each chart under its name; without fonts it has none
     * @param charts draw the charts, by their names
     * @param files gets the names of the files
     * @throws IOException if a file cannot be written
     */
    public static void write(
            Path folder,
            Record report,
            String template,
            Map<String, Supplier<Picture>> charts,
            Map<String, String> files)
            throws IOException {
        files.put("report", ReportFiles.JSON);
        files.put("page", ReportFiles.PAGE);
        Map<String, Object> values = new HashMap<>(Map.of("report", report));
        Map<String, Optional<Picture>> pictures = new HashMap<>();
        boolean hasFonts = ChartStyle.fontsAvailable();
        charts.forEach((name, draw) -> {
            String file = name + ".png";
            Optional<Picture> picture = hasFonts ? Optional.of(draw.get()) : Optional.empty();
            pictures.put(file, picture);
            picture.ifPresent(drawn -> {
                files.put(name, file);
                values.put(name, drawn);
            });
        });
        ReportFiles.write(folder, pictures, Page.of(report.getClass(), template, values), report);
    }
}
