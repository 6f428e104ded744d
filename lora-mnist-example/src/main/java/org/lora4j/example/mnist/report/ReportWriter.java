package org.lora4j.example.mnist.report;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes what a run measured into its output folder: {@code report.json}, charts, and a page that shows both. */
public final class ReportWriter {

    private static final String JSON = "report.json";
    private static final String HTML = "report.html";

    private ReportWriter() {}

    /**
     * Writes the report. Everything is made in memory first and each file appears as a whole, {@code report.json} last,
     * so that it never names a file that is not there. Charts of an earlier run that this one does not have are deleted.
     * No display is needed; on a machine without fonts the charts are left out.
     *
     * @param folder where to; created when missing
     * @param report what was measured; {@code files} names what the run itself has left in the folder
     * @param curves the losses of both trainings
     * @param fixed all test images that are wrong without the adapter and right with it
     * @param broken all test images that are right without the adapter and wrong with it
     * @return the report as written, with the files of this writer among {@code files}
     * @throws IOException if a file cannot be written
     */
    public static Report write(Path folder, Report report, Curves curves, List<Example> fixed, List<Example> broken)
            throws IOException {
        Map<ChartFile, Picture> charts = Charts.draw(report, curves, fixed, broken);
        Map<String, String> files = new LinkedHashMap<>();
        files.put("report", JSON);
        files.put("page", HTML);
        charts.keySet().forEach(chart -> files.put(chart.key(), chart.fileName()));
        Report complete = report.withFiles(files);
        byte[] json = ReportJson.toBytes(complete);
        byte[] page = new ReportPage(complete, charts).html().getBytes(StandardCharsets.UTF_8);

        Files.createDirectories(folder);
        for (ChartFile chart : ChartFile.values()) {
            Picture picture = charts.get(chart);
            Path file = folder.resolve(chart.fileName());
            if (picture == null) {
                Files.deleteIfExists(file);
            } else {
                AtomicFile.write(file, picture.png());
            }
        }
        AtomicFile.write(folder.resolve(HTML), page);
        AtomicFile.write(folder.resolve(JSON), json);
        return complete;
    }
}
