package org.lora4j.cli.report;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.lora4j.console.report.ReportFiles;
import org.lora4j.io.internal.FileAccess;

/** {@code README.md} in the output folder. A file of this name that somebody else wrote stays. */
public final class CardFile {
    static final String NAME = "README.md";

    /** A comment of Markdown, which no reader of the page sees. */
    static final String MARK = "<!-- Written by lora. A new training replaces this file. -->";

    /** More bytes than the header before the mark has. */
    private static final int BEGINNING = 10_000;

    private CardFile() {}

    /**
     * Refuses a folder with a file that must not be replaced, before any work.
     *
     * @param folder the output folder, which need not exist
     * @throws IOException if it has a {@code README.md} that this program did not write
     */
    public static void requireOwn(Path folder) throws IOException {
        Path file = folder.resolve(NAME);
        if (Files.isRegularFile(file)
                && !new String(FileAccess.readAtMost(file, BEGINNING), StandardCharsets.UTF_8).contains(MARK)) {
            throw new IOException(
                    file + ": the output folder must have no model card of somebody else, found one; choose"
                            + " another --output, or move this file");
        }
    }

    static void write(Path folder, ModelCard card) throws IOException {
        ReportFiles.replace(folder.resolve(NAME), card.text().getBytes(StandardCharsets.UTF_8));
    }
}
