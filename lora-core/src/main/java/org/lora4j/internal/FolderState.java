package org.lora4j.internal;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What is compared of the folder of an adapter, to see whether it was changed.
 *
 * @param folder what is compared of the folder; null if its file system has no time of a folder
 * @param files what is compared of each file of the adapter, by name
 */
@ForModules
public record FolderState(@Nullable FileState folder, Map<String, FileState> files) {
    /** Returns the state of a folder now. */
    public static FolderState of(Path folder) throws IOException {
        return new FolderState(FileState.of(folder), FileState.ofAdapter(folder));
    }

    /** Whether a writer that replaces one file after the other may still be at work. */
    boolean isYoungerThan(Duration age) {
        Instant newest = files.values().stream()
                .map(FolderState::modified)
                .reduce(folder == null ? Instant.MIN : modified(folder), FolderState::later);
        Duration found = Duration.between(newest, Instant.now());
        // A time in the future says nothing.
        return !found.isNegative() && found.compareTo(age) < 0;
    }

    /** Whether a file is older than another one by more than a duration, so that a writer may have replaced only the other yet. */
    boolean differsInAgeBy(Duration most) {
        return files.values().stream()
                .map(FolderState::modified)
                .reduce(FolderState::later)
                .map(newest -> newest.minus(most))
                .filter(bound ->
                        files.values().stream().anyMatch(file -> modified(file).isBefore(bound)))
                .isPresent();
    }

    private static Instant modified(FileState file) {
        return file.modified().toInstant();
    }

    private static Instant later(Instant one, Instant other) {
        return one.isAfter(other) ? one : other;
    }
}
