package org.lora4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.stream.Stream;

/** An adapter's folder in which one of several versions stands, and that is exchanged as other programs do it. */
final class ChangingAdapter {
    private final Path folder;
    private final List<Path> versions;
    private final Path work;

    /**
     * Puts the first version into the folder.
     *
     * @param work a folder on the same disk, for what is made ready and what was taken away
     */
    ChangingAdapter(Path folder, Path work, Path... versions) throws IOException {
        this.folder = folder;
        this.versions = List.of(versions);
        this.work = Files.createDirectories(work);
        copy(versions[0], folder);
    }

    private static void copy(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        for (String file : List.of("adapter_config.json", "adapter_model.safetensors", "task.json")) {
            try {
                Files.copy(from.resolve(file), to.resolve(file), StandardCopyOption.REPLACE_EXISTING);
            } catch (NoSuchFileException e) {
                // Some have no task.
                Files.deleteIfExists(to.resolve(file));
            }
        }
    }

    /** Takes the folder away and puts another one in its place; for a moment there is none. */
    void rename(int version) throws IOException {
        Path next = work.resolve("next");
        Path last = work.resolve("last");
        copy(versions.get(version), next);
        Files.move(folder, last);
        Files.move(next, folder);
        delete(last);
    }

    /** Puts one file after the other into its place. */
    void replaceFiles(int version) throws IOException {
        Path next = work.resolve("files");
        copy(versions.get(version), next);
        try (Stream<Path> files = Files.list(next)) {
            for (Path file : files.toList()) {
                Files.move(file, folder.resolve(file.getFileName()), StandardCopyOption.ATOMIC_MOVE);
            }
        }
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
    }
}
