package org.lora4j.example.mnist.report;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.lora4j.console.report.Page;
import org.lora4j.console.report.Picture;
import org.lora4j.console.report.ReportFiles;

/** Writes a report into the output folder: {@code report.json}, the charts, and a page that shows both. */
public final class ReportWriter {
    private ReportWriter() {}

    /**
     * Writes a report. All content is created in memory first. Each file appears as a whole, and {@code report.json} last,
     * so that it never lists a file that does not exist. Charts of an earlier run that this one does not have are deleted.
     * On a machine without fonts there are no charts.
     *
     * @param folder the output folder, created if it does not exist
     * @param report the numbers; the files of this writer are added to its {@code files}
     * @param data what the charts show beside the numbers
     * @return all files of the run by purpose
     */
    public static Map<String, String> write(Path folder, Report report, ChartData data) throws IOException {
        Map<Charts.File, Picture> charts = Charts.draw(report, data);
        report.files().put("report", ReportFiles.JSON);
        report.files().put("page", ReportFiles.PAGE);
        charts.keySet().forEach(chart -> report.files().put(chart.key, chart.fileName));
        Map<String, Optional<Picture>> pictures = new LinkedHashMap<>();
        for (Charts.File chart : Charts.File.values()) {
            pictures.put(chart.fileName, Optional.ofNullable(charts.get(chart)));
        }
        ReportFiles.write(folder, pictures, page(report, charts), report);
        return report.files();
    }

    /** Returns the page {@code report.html}: the results of a run for readers who do not know the code, in one file. */
    static String page(Report report, Map<Charts.File, Picture> charts) {
        Map<String, Picture> pictures = new LinkedHashMap<>();
        charts.forEach((chart, picture) -> pictures.put(chart.key, picture));
        return Page.of(
                ReportWriter.class,
                "report.ftlh",
                Map.of("report", report, "charts", pictures, "perRow", Report.PER_ROW));
    }
}
