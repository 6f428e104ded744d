package org.lora4j.cli.serve;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** A folder with a sub-folder for each adapter. */
final class AdapterFolder {
    private static final List<String> FILES = List.of("adapter_config.json", "adapter_model.safetensors");

    private final Path folder;

    private AdapterFolder(Path folder) {
        this.folder = folder;
    }

    /**
     * Opens the folder.
     *
     * @throws IOException if it is no folder, or an adapter itself
     */
    static AdapterFolder open(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            throw wrong(folder, Files.exists(folder) ? "a file" : "nothing");
        }
        if (isAdapter(folder)) {
            throw wrong(folder, "the folder of one adapter; give the folder above it");
        }
        return new AdapterFolder(folder);
    }

    private static IOException wrong(Path folder, String found) {
        return new FileSystemException(
                folder.toString(), null, "must be a folder with a sub-folder for each adapter, found " + found);
    }

    private static boolean isAdapter(Path folder) {
        return FILES.stream().allMatch(file -> Files.isRegularFile(folder.resolve(file)));
    }

    Path path() {
        return folder;
    }

    /** The adapters that are there now, by name, with the time of each in seconds since 1970. */
    Map<String, Long> list() throws IOException {
        Map<String, Long> found = new TreeMap<>();
        try (Stream<Path> all = Files.list(folder)) {
            for (Path one : all.filter(AdapterFolder::isAdapter).toList()) {
                found.put(String.valueOf(one.getFileName()), seconds(one));
            }
        }
        return found;
    }

    /** When a folder was changed, in seconds since 1970. */
    static long seconds(Path folder) throws IOException {
        return Files.getLastModifiedTime(folder).toMillis() / 1000;
    }
}
