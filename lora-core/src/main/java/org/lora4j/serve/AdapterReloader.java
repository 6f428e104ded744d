package org.lora4j.serve;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.FileState;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at the folder of an {@link AdapterCache} again and again, {@linkplain AdapterCache#refresh refreshes} the adapters whose
 * files have changed, and forgets those whose files were deleted.
 *
 * <pre>{@code
 * AdapterCache cache = AdapterCache.builder(model, folder).build();
 * AdapterReloader reloader = AdapterReloader.start(cache, folder, Duration.ofSeconds(10));
 * }</pre>
 *
 * <p>An adapter has two files, and a third one, {@code task.json}, if the command line trained it. Another program may write them one
 * after the other. So an adapter is only loaded again after its files were the same at two looks, one interval apart; or, if a writer
 * never pauses so long, at every sixth look that finds other files. Files are the
 * same if they have the same names, lengths, times and, where the file system has them, keys. Choose an interval longer than the pause
 * of a writer between the files; {@link org.lora4j.io.peft.PeftAdapters} replaces both of PEFT together and needs no such care.
 *
 * <p>If an adapter cannot be loaded again, the old one stays. This is logged, and {@link AdapterCache#failures} has it. The next try
 * comes when the files change again, or after one look, then two, four and so on, up to 64.
 *
 * <p>If two looks in a row find no files of an adapter, the cache {@linkplain AdapterCache#forget forgets} it, so that nobody uses it
 * any more. An adapter whose folder cannot be read stays as it is; so do all, if the folder of all adapters cannot be read.
 *
 * <p>The looks are taken by one daemon thread with the name {@code lora4j-reload}.
 */
public final class AdapterReloader implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(AdapterReloader.class);
    private static final int MOST_LOOKS = 64;

    /** After so many looks in a row that found other files, an adapter is loaded while it is written. */
    private static final int MOST_CHANGES = 6;

    private final AdapterCache cache;
    private final Path folder;
    private final Map<String, Watched> watched = new HashMap<>();

    /** The loaded adapters without files at the last look. */
    private Set<String> missing = Set.of();

    private final ScheduledExecutorService thread;
    private volatile @Nullable Thread looking;
    private boolean isUnreadable;

    /** The folders of single adapters that could not be read at the last look. */
    private Set<String> unreadable = Set.of();

    /** An adapter's folder. */
    private static final class Watched {
        /** The files that the cache has read, or will read. Null if that is not known. */
        private @Nullable Map<String, FileState> used;

        private Map<String, FileState> last = Map.of();
        private int changes;
        private int failures;
        private int looksToSkip;
    }

    AdapterReloader(AdapterCache cache, Path folder) {
        this.cache = cache;
        this.folder = folder;
        thread = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread own = new Thread(task, "lora4j-reload");
            own.setDaemon(true);
            return own;
        });
        files().forEach((name, files) -> {
            Watched adapter = new Watched();
            adapter.used = files;
            adapter.last = files;
            watched.put(name, adapter);
        });
    }

    /**
     * Starts to look. Start it before the cache has loaded an adapter, so that no change is missed.
     *
     * @param cache the cache that loads from the folder
     * @param folder the folder in which each adapter has a sub-folder of its name
     * @param interval the time between two looks, from a millisecond to a day
     * @return a reloader; close it before the service ends
     * @throws IllegalArgumentException if the interval is outside these bounds
     */
    public static AdapterReloader start(AdapterCache cache, Path folder, Duration interval) {
        Objects.requireNonNull(cache, "cache must not be null");
        Objects.requireNonNull(folder, "folder must not be null");
        Objects.requireNonNull(interval, "interval must not be null");
        if (interval.compareTo(Duration.ofMillis(1)) < 0 || interval.compareTo(Duration.ofDays(1)) > 0) {
            throw new IllegalArgumentException("interval must be from a millisecond to a day, found " + interval);
        }
        AdapterReloader reloader = new AdapterReloader(cache, folder);
        reloader.schedule(interval.toNanos());
        return reloader;
    }

    private void schedule(long nanos) {
        // Close ends it.
        Object unused = thread.scheduleWithFixedDelay(this::safeLook, nanos, nanos, TimeUnit.NANOSECONDS);
    }

    private void safeLook() {
        looking = Thread.currentThread();
        try {
            look();
        } catch (RuntimeException | Error e) {
            // The looks go on.
            log.warn("the adapters in {} could not be looked at", folder, e);
        } finally {
            looking = null;
        }
    }

    /** Takes one look. */
    void look() {
        Map<String, Map<String, FileState>> now = files();
        if (isUnreadable) {
            return;
        }
        forgetMissing(now);
        watched.keySet().removeIf(name -> !now.containsKey(name) && !cache.isLoaded(name));
        now.forEach((name, files) -> look(name, files, watched.computeIfAbsent(name, key -> new Watched())));
    }

    private void forgetMissing(Map<String, Map<String, FileState>> now) {
        Set<String> without = new HashSet<>();
        for (String name : cache.loadedNames()) {
            if (unreadable.contains(name) || !now.getOrDefault(name, Map.of()).isEmpty()) {
                continue;
            }
            if (!missing.contains(name)) {
                without.add(name);
            } else if (cache.forget(name)) {
                log.info("adapter '{}' is not served any more, because its files were deleted", name);
            }
        }
        missing = without;
    }

    private void look(String name, Map<String, FileState> files, Watched adapter) {
        boolean isQuiet = files.equals(adapter.last);
        adapter.last = files;
        if (files.isEmpty() || files.equals(adapter.used)) {
            adapter.changes = 0;
            return;
        }
        if (!isQuiet) {
            adapter.failures = 0;
            adapter.looksToSkip = 0;
            adapter.changes++;
        }
        if (!isQuiet && adapter.changes < MOST_CHANGES) {
            return;
        }
        adapter.changes = 0;
        if (adapter.looksToSkip > 0) {
            adapter.looksToSkip--;
        } else {
            refresh(name, files, adapter);
        }
    }

    private void refresh(String name, Map<String, FileState> files, Watched adapter) {
        try {
            if (cache.refresh(name)) {
                log.info("adapter '{}' was loaded again", name);
            }
            // A change during the load differs from these files, and is seen by the next look.
            adapter.used = files;
            adapter.failures = 0;
        } catch (RuntimeException e) {
            adapter.looksToSkip = Math.min(1 << Math.min(adapter.failures, 16), MOST_LOOKS);
            if (adapter.failures++ == 0) {
                log.warn("adapter '{}' has changed and could not be loaded again; the old one stays", name, e);
            }
        }
    }

    /** The files of each adapter's folder that can be read. Empty if the folder of all adapters cannot be read. */
    private Map<String, Map<String, FileState>> files() {
        Map<String, Map<String, FileState>> all = new HashMap<>();
        Set<String> others = new HashSet<>();
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(folder, Files::isDirectory)) {
            for (Path own : folders) {
                String name = String.valueOf(own.getFileName());
                try {
                    all.put(name, filesOf(own));
                } catch (IOException | DirectoryIteratorException e) {
                    others.add(name);
                    // A folder of which nothing is loaded, such as lost+found, may be none of an adapter.
                    if (!unreadable.contains(name) && cache.isLoaded(name)) {
                        log.warn("the files of adapter '{}' cannot be looked at; it stays as it is", name, e);
                    }
                }
            }
            unreadable = others;
            isUnreadable = false;
        } catch (IOException | DirectoryIteratorException e) {
            if (!isUnreadable) {
                log.warn("the adapters in {} cannot be looked at; those that are loaded stay", folder, e);
            }
            isUnreadable = true;
        }
        return all;
    }

    private static Map<String, FileState> filesOf(Path own) throws IOException {
        try {
            Map<String, FileState> files = FileState.ofAdapter(own);
            return files.keySet().equals(Set.of(FileState.TASK)) ? Map.of() : files;
        } catch (NoSuchFileException e) {
            // The folder is being replaced. The next look decides.
            return Map.of();
        }
    }

    /** Ends the looks. Waits for an adapter that is being loaded again; the cache's listener and source can close it too. */
    @Override
    public void close() {
        thread.shutdown();
        if (looking == Thread.currentThread()) {
            return;
        }
        try {
            while (!thread.awaitTermination(1, TimeUnit.MINUTES)) {
                log.warn("the last look at the adapters in {} has not ended yet", folder);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
