package org.lora4j.io.peft;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What is compared of the folder of an adapter, to see whether it was changed: the folder itself, and all files of the adapter, those of
 * PEFT and {@code task.json}.
 *
 * @param folder what is compared of the folder
 * @param files what is compared of each file, by name
 */
record FolderState(Entry folder, Map<String, Entry> files) {
    private static final String FILES = "{adapter_*,task.json}";

    /** What is compared of a file. */
    record Entry(long bytes, FileTime modified, @Nullable Object key) {
        static Entry of(Path file) throws IOException {
            BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
            return new Entry(attributes.size(), attributes.lastModifiedTime(), attributes.fileKey());
        }
    }

    static FolderState of(Path folder) throws IOException {
        Map<String, Entry> files = new TreeMap<>();
        Entry own = Entry.of(folder);
        try (DirectoryStream<Path> all = Files.newDirectoryStream(folder, FILES)) {
            for (Path file : all) {
                try {
                    files.put(String.valueOf(file.getFileName()), Entry.of(file));
                } catch (NoSuchFileException e) {
                    // It was just renamed or deleted; the files differ at the next look.
                }
            }
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        return new FolderState(own, files);
    }

    /** Whether a writer that replaces one file after the other may still be at work. */
    boolean isYoungerThan(Duration age) {
        FileTime newest = folder.modified();
        for (Entry file : files.values()) {
            newest = file.modified().compareTo(newest) > 0 ? file.modified() : newest;
        }
        Duration found = Duration.between(newest.toInstant(), Instant.now());
        // A time in the future says nothing.
        return !found.isNegative() && found.compareTo(age) < 0;
    }
}
