package org.lora4j.example.text.story;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lora4j.console.report.ChartStyle;
import org.lora4j.console.report.LossChart;
import org.lora4j.console.report.Page;
import org.lora4j.console.report.Picture;
import org.lora4j.console.report.ReportFiles;

/** The files of a report: its numbers as JSON, a chart of the losses, and a page that shows both. */
public final class ReportPage {
    private static final String LOSS = "loss.png";

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
        Optional<Picture> loss = ChartStyle.fontsAvailable()
                ? Optional.of(LossChart.draw("Loss of the training with LoRA", losses, Map.of(), ChartStyle.LORA))
                : Optional.empty();
        files.put("report", ReportFiles.JSON);
        files.put("page", ReportFiles.PAGE);
        Map<String, Object> values = new HashMap<>(Map.of("report", report));
        loss.ifPresent(picture -> {
            files.put("loss", LOSS);
            values.put("loss", picture);
        });
        ReportFiles.write(folder, Map.of(LOSS, loss), Page.of(report.getClass(), template, values), report);
    }
}
