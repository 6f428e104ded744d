package org.lora4j.cli.serve;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.AdapterNames;
import org.lora4j.internal.ExchangedFolder;
import org.lora4j.internal.FileState;
import org.lora4j.internal.MessageText;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A folder with a sub-folder for each adapter. Adapters whose names differ only in case are not served: to some file systems they are
 * one, and a model has only one of them.
 */
final class AdapterFolder {
    private static final Logger log = LoggerFactory.getLogger(AdapterFolder.class);
    private static final List<String> FILES = List.of("adapter_config.json", "adapter_model.safetensors");

    /** Another program that replaces an adapter may take it away for a moment. */
    private static final long MOMENT_MILLIS = 100;

    private static final int MOST_MOMENTS = 10;

    private final Path folder;

    /** The adapters that were there when somebody asked for them. */
    private final Set<String> known = ConcurrentHashMap.newKeySet();

    private volatile Entries entries;

    private AdapterFolder(Path folder) throws IOException {
        this.folder = folder;
        entries = Entries.read(folder);
    }

    /**
     * What the folder had at a moment.
     *
     * @param state its state before it was read; null if another change may leave the same one
     * @param names its files and folders. A file system that does not distinguish case finds them by other names too
     * @param alike those that differ only in case
     */
    private record Entries(@Nullable FileState state, Set<String> names, Set<String> alike) {
        /** No file system has coarser times. */
        private static final long COARSE_MILLIS = 2500;

        static Entries read(Path folder) throws IOException {
            FileState state = FileState.of(folder);
            long age = System.currentTimeMillis() - state.modified().toMillis();
            try (Stream<Path> all = Files.list(folder)) {
                Set<String> names =
                        all.map(one -> String.valueOf(one.getFileName())).collect(Collectors.toSet());
                return new Entries(age > COARSE_MILLIS ? state : null, names, AdapterNames.alikeButForCase(names));
            } catch (UncheckedIOException e) {
                throw new IOException(e);
            }
        }

        /** Whether a request may give a name. */
        boolean has(String name) {
            return names.contains(name) && !alike.contains(name) && AdapterNames.problem(name) == null;
        }
    }

    /** What the folder has now. */
    private Entries entries() throws IOException {
        Entries now = entries;
        if (!FileState.of(folder).equals(now.state)) {
            now = Entries.read(folder);
            warn(now, entries.alike);
            entries = now;
        }
        return now;
    }

    private void warn(Entries now, Set<String> known) {
        List<String> alike = now.alike.stream()
                .filter(name -> !known.contains(name) && isAdapter(folder.resolve(name)))
                .toList();
        if (!alike.isEmpty()) {
            log.warn(
                    "the adapters {} in {} are not served, because names must differ in more than case; rename them",
                    MessageText.list(alike),
                    folder);
        }
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
        AdapterFolder opened = new AdapterFolder(folder);
        for (String name : opened.entries.names) {
            String problem = AdapterNames.problem(name);
            if (problem != null && isAdapter(folder.resolve(name))) {
                log.warn("the adapter in {} is not served, because of its name: {}", folder.resolve(name), problem);
            }
        }
        opened.warn(opened.entries, Set.of());
        return opened;
    }

    private static IOException wrong(Path folder, String found) {
        return new FileSystemException(
                folder.toString(), null, "must be a folder with a sub-folder for each adapter, found " + found);
    }

    /** Whether there is an adapter of a name now. */
    boolean has(String name) {
        if (AdapterNames.problem(name) != null) {
            // It may be a path that leads elsewhere.
            return false;
        }
        boolean isThere = isServed(name) || isThereSoon(name);
        if (isThere) {
            known.add(name);
        }
        return isThere;
    }

    private boolean isServed(String name) {
        try {
            return entries().has(name) && isAdapter(folder.resolve(name));
        } catch (IOException e) {
            log.debug("{} cannot be read", folder, e);
            return false;
        }
    }

    private boolean isThereSoon(String name) {
        boolean isExpected = known.contains(name);
        // The other one may have come between the two looks, and the old one gone: so look twice.
        for (int i = 0, missing = 0; i < MOST_MOMENTS && missing < 2; i++) {
            if (isExpected || ExchangedFolder.isExchanged(folder.resolve(name))) {
                isExpected = false;
                missing = 0;
                if (!isAfterAMoment()) {
                    return false;
                }
            } else {
                missing++;
            }
            if (isServed(name)) {
                return true;
            }
        }
        known.remove(name);
        return false;
    }

    /** Waits. Returns false if the thread is interrupted. */
    private static boolean isAfterAMoment() {
        try {
            Thread.sleep(MOMENT_MILLIS);
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
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
        Entries now = entries();
        for (String name : now.names) {
            Path one = folder.resolve(name);
            if (!now.has(name) || !isAdapter(one)) {
                continue;
            }
            try {
                found.put(name, seconds(one));
            } catch (NoSuchFileException e) {
                log.debug("{} was just deleted", one, e);
            }
        }
        return found;
    }

    /** When a folder was changed, in seconds since 1970. */
    static long seconds(Path folder) throws IOException {
        return Files.getLastModifiedTime(folder).toMillis() / 1000;
    }
}
