package org.lora4j.internal;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is compared of a file or a folder, to see whether it was changed.
 *
 * @param bytes its size
 * @param modified when it was changed
 * @param key what tells it from another one of the same name; null if the file system has no such thing
 */
@ForModules
public record FileState(
        long bytes, FileTime modified, @Nullable Object key) {
    /** The file of the command line, which makes no adapter alone. */
    public static final String TASK = "task.json";

    /** The files of an adapter; also those that a writer renames at the end, because they say that it is at work. */
    private static final String OF_ADAPTER = "{adapter_*," + TASK + "}";

    private static final Logger log = LoggerFactory.getLogger(FileState.class);

    /** Returns the state of a file now. */
    public static FileState of(Path file) throws IOException {
        BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
        return new FileState(attributes.size(), attributes.lastModifiedTime(), attributes.fileKey());
    }

    /** Returns the states of the files of an adapter now, by their names: those of PEFT and {@value #TASK}. */
    public static Map<String, FileState> ofAdapter(Path folder) throws IOException {
        Map<String, FileState> files = new TreeMap<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(folder, OF_ADAPTER)) {
            for (Path file : all) {
                try {
                    files.put(String.valueOf(file.getFileName()), of(file));
                } catch (NoSuchFileException e) {
                    // The files differ at the next look.
                    log.debug("{} was just renamed or deleted, or is a link to nothing", file, e);
                }
            }
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        return files;
    }
}
