package org.lora4j.io.peft;

import java.io.IOException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.lora4j.internal.FileState;

/**
 * What is compared of the folder of an adapter, to see whether it was changed.
 *
 * @param folder what is compared of the folder
 * @param files what is compared of each file of the adapter, by name
 */
record FolderState(FileState folder, Map<String, FileState> files) {
    static FolderState of(Path folder) throws IOException {
        return new FolderState(FileState.of(folder), FileState.ofAdapter(folder));
    }

    /** Whether a writer that replaces one file after the other may still be at work. */
    boolean isYoungerThan(Duration age) {
        FileTime newest = folder.modified();
        for (FileState file : files.values()) {
            newest = file.modified().compareTo(newest) > 0 ? file.modified() : newest;
        }
        Duration found = Duration.between(newest.toInstant(), Instant.now());
        // A time in the future says nothing.
        return !found.isNegative() && found.compareTo(age) < 0;
    }
}
