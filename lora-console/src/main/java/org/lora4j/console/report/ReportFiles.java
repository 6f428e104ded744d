package org.lora4j.console.report;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.lora4j.io.internal.AtomicFile;

/** Writes the files of a report into the output folder. */
public final class ReportFiles {
    /** The name of the file with the numbers. */
    public static final String JSON = "report.json";

    /** The name of the page. */
    public static final String PAGE = "report.html";

    private ReportFiles() {}

    /**
     * Writes a report. All content is created in memory first. Each file appears as a whole, and {@link #JSON} last, so that
     * it never lists a file that does not exist.
     *
     * @param folder the output folder, created if it does not exist
     * @param charts the charts by file name; the file of one that is empty is deleted, since it is of an earlier run
     * @param page the page
     * @param report the numbers
     */
    public static void write(Path folder, Map<String, Optional<Picture>> charts, String page, Record report)
            throws IOException {
        byte[] json = ReportJson.toBytes(report);
        Files.createDirectories(folder);
        for (Map.Entry<String, Optional<Picture>> chart : charts.entrySet()) {
            Path file = folder.resolve(chart.getKey());
            if (chart.getValue().isEmpty()) {
                Files.deleteIfExists(file);
            } else {
                replace(file, chart.getValue().get().png());
            }
        }
        replace(folder.resolve(PAGE), page.getBytes(StandardCharsets.UTF_8));
        replace(folder.resolve(JSON), json);
    }

    /**
     * Writes a file, which appears as a whole: no reader sees a part of it.
     *
     * @param file the file, which is replaced if it exists
     * @param content what it has then
     */
    public static void replace(Path file, byte[] content) throws IOException {
        AtomicFile.write(file, channel -> AtomicFile.writeFully(channel, ByteBuffer.wrap(content)));
    }
}
