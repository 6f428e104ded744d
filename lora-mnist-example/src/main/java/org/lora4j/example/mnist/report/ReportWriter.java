package org.lora4j.example.mnist.report;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.lora4j.example.support.report.Picture;
import org.lora4j.example.support.report.ReportFiles;

/** Writes a report into the output folder: {@code report.json}, the charts, and a page that shows both. */
public final class ReportWriter {
    private ReportWriter() {}

    /**
     * Writes a report. All content is created in memory first. Each file appears as a whole, and {@code report.json} last,
     * so that it never lists a file that does not exist. Charts of an earlier run that this one does not have are deleted.
     * On a machine without fonts there are no charts.
     *
     * @param folder the output folder, created if it does not exist
     * @param report the numbers; {@code files} lists what the run itself has written
     * @param data what the charts show beside the numbers
     * @return the report as written, with the files of this writer in {@code files}
     */
    public static Report write(Path folder, Report report, ChartData data) throws IOException {
        Map<Charts.File, Picture> charts = Charts.draw(report, data);
        Map<String, String> files = new LinkedHashMap<>();
        files.put("report", ReportFiles.JSON);
        files.put("page", ReportFiles.PAGE);
        charts.keySet().forEach(chart -> files.put(chart.key(), chart.fileName()));
        Report complete = report.withFiles(files);
        Map<String, Optional<Picture>> pictures = new LinkedHashMap<>();
        for (Charts.File chart : Charts.File.values()) {
            pictures.put(chart.fileName(), Optional.ofNullable(charts.get(chart)));
        }
        ReportFiles.write(folder, pictures, new ReportPage(complete, charts).html(), complete);
        return complete;
    }
}
