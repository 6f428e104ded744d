package org.lora4j.example.mnist.report;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.Map;

/** Writes a report into the output folder: {@code report.json}, the charts, and a page that shows both. */
public final class ReportWriter {
    private static final String JSON = "report.json";
    private static final String HTML = "report.html";

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
     * @throws IOException if a file cannot be written
     */
    public static Report write(Path folder, Report report, ChartData data) throws IOException {
        Map<Charts.File, Picture> charts = Charts.draw(report, data);
        Map<String, String> files = new LinkedHashMap<>();
        files.put("report", JSON);
        files.put("page", HTML);
        charts.keySet().forEach(chart -> files.put(chart.key(), chart.fileName()));
        Report complete = report.withFiles(files);
        byte[] json = ReportJson.toBytes(complete);
        byte[] page = new ReportPage(complete, charts).html().getBytes(StandardCharsets.UTF_8);

        Files.createDirectories(folder);
        for (Charts.File chart : Charts.File.values()) {
            Picture picture = charts.get(chart);
            Path file = folder.resolve(chart.fileName());
            if (picture == null) {
                Files.deleteIfExists(file);
            } else {
                replace(file, picture.png());
            }
        }
        replace(folder.resolve(HTML), page);
        replace(folder.resolve(JSON), json);
        return complete;
    }

    /** Writes a temporary file beside the target and moves it there, so that no reader sees a part of a file. */
    private static void replace(Path file, byte[] content) throws IOException {
        Path part = file.resolveSibling("." + file.getFileName() + ".part");
        try {
            Files.write(part, content);
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (FileSystemException e) {
            throw e;
        } catch (IOException e) {
            // A full disk: Java's message does not name the file.
            throw (IOException) new FileSystemException(file.toString(), null, e.getMessage()).initCause(e);
        } finally {
            Files.deleteIfExists(part);
        }
    }
}
