package org.lora4j.cli.retrieval;

import java.io.IOException;
import java.io.Writer;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.lora4j.io.internal.AtomicFile;
import org.lora4j.text.data.SearchCollection;
import org.lora4j.text.train.SearchRun;

/**
 * What a search is measured with.
 *
 * @param corpus the documents
 * @param queries the queries
 * @param qrels the judgements
 * @param depth how many documents are found for a query
 * @param run where the documents that were found are written; null for nowhere
 */
public record SearchFiles(
        Path corpus,
        Path queries,
        Path qrels,
        int depth,
        @Nullable Path run) {
    /**
     * Reads the files.
     *
     * @throws IOException if a file cannot be read, or that of the run exists
     */
    SearchCollection open() throws IOException {
        if (run != null) {
            Path folder = run.toAbsolutePath().getParent();
            if (folder == null || !Files.isDirectory(folder)) {
                throw new FileSystemException(run.toString(), null, "must be in a folder that exists, found none");
            }
            if (Files.exists(run)) {
                throw new IOException(run + ": the run must be a new file, found one; choose another --run");
            }
        }
        return SearchCollection.open(corpus, queries, qrels);
    }

    /** Writes a run, if it was asked for. */
    void write(SearchRun found) throws IOException {
        if (run != null) {
            AtomicFile.write(run, channel -> {
                // The channel stays open.
                Writer to = Channels.newWriter(channel, StandardCharsets.UTF_8);
                found.write(to);
                to.flush();
            });
        }
    }
}
