package org.lora4j.cli.serve;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.lora4j.internal.AdapterNames;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A folder with a sub-folder for each adapter. */
final class AdapterFolder {
    private static final Logger log = LoggerFactory.getLogger(AdapterFolder.class);
    private static final List<String> FILES = List.of("adapter_config.json", "adapter_model.safetensors");

    /** Another program that replaces an adapter may take it away for a moment. */
    private static final long MOMENT_MILLIS = 100;

    private final Path folder;

    /** The adapters that were there when somebody asked for them. */
    private final Set<String> known = ConcurrentHashMap.newKeySet();

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
        try (Stream<Path> all = Files.list(folder)) {
            for (Path one : all.filter(AdapterFolder::isAdapter).toList()) {
                String problem = AdapterNames.problem(String.valueOf(one.getFileName()));
                if (problem != null) {
                    log.warn("the adapter in {} is not served, because of its name: {}", one, problem);
                }
            }
        }
        return new AdapterFolder(folder);
    }

    private static IOException wrong(Path folder, String found) {
        return new FileSystemException(
                folder.toString(), null, "must be a folder with a sub-folder for each adapter, found " + found);
    }

    /** Whether there is an adapter of a name now. */
    boolean has(String name) {
        try {
            Path own = folder.resolve(name);
            // Else the name leads elsewhere.
            boolean isInside = folder.equals(own.getParent())
                    && String.valueOf(own.getFileName()).equals(name);
            boolean isThere =
                    isInside && AdapterNames.problem(name) == null && (isAdapter(own) || isThereSoon(name, own));
            if (isThere) {
                known.add(name);
            }
            return isThere;
        } catch (InvalidPathException e) {
            return false;
        }
    }

    private boolean isThereSoon(String name, Path own) {
        if (!known.contains(name)) {
            return false;
        }
        try {
            Thread.sleep(MOMENT_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        boolean isThere = isAdapter(own);
        if (!isThere) {
            known.remove(name);
        }
        return isThere;
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
                // The others are refused by requests.
                if (AdapterNames.problem(String.valueOf(one.getFileName())) != null) {
                    continue;
                }
                try {
                    found.put(String.valueOf(one.getFileName()), seconds(one));
                } catch (NoSuchFileException e) {
                    log.debug("{} was just deleted", one, e);
                }
            }
        }
        return found;
    }

    /** When a folder was changed, in seconds since 1970. */
    static long seconds(Path folder) throws IOException {
        return Files.getLastModifiedTime(folder).toMillis() / 1000;
    }
}
