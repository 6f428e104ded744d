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

/** Writes the report of a run: the numbers as JSON, the charts, and a page that shows both. */
public final class ReportWriter {
    private ReportWriter() {}

    /**
     * Writes the report of {@code classify}. All content is created in memory first.
     *
     * @param folder the output folder, created if it does not exist
     * @param report the numbers; {@code files} lists what the run itself has written
     * @param losses the loss of each batch with LoRA
     * @return the report as written, with the files of this writer in {@code files}
     * @throws IOException if a file cannot be written
     */
    public static ClassifyReport write(Path folder, ClassifyReport report, List<Double> losses) throws IOException {
        Map<String, Picture> charts = Charts.of(report, losses);
        ClassifyReport complete = report.withFiles(files(charts));
        write(folder, complete, new ClassifyPage(complete, charts).html(), charts);
        return complete;
    }

    /**
     * Writes the report of {@code story}. All content is created in memory first.
     *
     * @param folder the output folder, created if it does not exist
     * @param report the numbers; {@code files} lists what the run itself has written
     * @param losses the loss of each batch with LoRA
     * @return the report as written, with the files of this writer in {@code files}
     * @throws IOException if a file cannot be written
     */
    public static StoryReport write(Path folder, StoryReport report, List<Double> losses) throws IOException {
        Map<String, Picture> charts = Charts.of(losses);
        StoryReport complete = report.withFiles(files(charts));
        write(folder, complete, new StoryPage(complete, charts).html(), charts);
        return complete;
    }

    private static Map<String, String> files(Map<String, Picture> charts) {
        Map<String, String> files = new LinkedHashMap<>();
        files.put("report", ReportFiles.JSON);
        files.put("page", ReportFiles.PAGE);
        charts.keySet().forEach(chart -> files.put(chart, file(chart)));
        return files;
    }

    private static String file(String chart) {
        return chart + ".png";
    }

    private static void write(Path folder, Record report, String page, Map<String, Picture> charts) throws IOException {
        Map<String, Optional<Picture>> pictures = new LinkedHashMap<>();
        for (String chart : Charts.ALL) {
            pictures.put(file(chart), Optional.ofNullable(charts.get(chart)));
        }
        ReportFiles.write(folder, pictures, page.getBytes(StandardCharsets.UTF_8), ReportJson.toBytes(report));
    }
}
