package org.lora4j.example.text.report;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lora4j.example.support.report.Picture;
import org.lora4j.example.support.report.ReportFiles;
import org.lora4j.example.support.report.ReportJson;

/** Writes the report of a run of {@code classify}: the numbers as JSON, the charts, and a page that shows both. */
public final class ClassifyWriter {
    private ClassifyWriter() {}

    /**
     * Writes a report. All content is created in memory first.
     *
     * @param folder the output folder, created if it does not exist
     * @param report the numbers; {@code files} lists what the run itself has written
     * @param losses the loss of each batch with LoRA
     * @return the report as written, with the files of this writer in {@code files}
     * @throws IOException if a file cannot be written
     */
    public static ClassifyReport write(Path folder, ClassifyReport report, List<Double> losses) throws IOException {
        Map<ClassifyCharts.File, Picture> charts = ClassifyCharts.draw(report, losses);
        Map<String, String> files = new LinkedHashMap<>();
        files.put("report", ReportFiles.JSON);
        files.put("page", ReportFiles.PAGE);
        charts.keySet().forEach(chart -> files.put(chart.key(), chart.fileName()));
        ClassifyReport complete = report.withFiles(files);
        byte[] json = ReportJson.toBytes(complete);
        byte[] page = new ClassifyPage(complete, charts).html().getBytes(StandardCharsets.UTF_8);
        Map<String, Optional<Picture>> pictures = new LinkedHashMap<>();
        for (ClassifyCharts.File chart : ClassifyCharts.File.values()) {
            pictures.put(chart.fileName(), Optional.ofNullable(charts.get(chart)));
        }
        ReportFiles.write(folder, pictures, page, json);
        return complete;
    }
}
