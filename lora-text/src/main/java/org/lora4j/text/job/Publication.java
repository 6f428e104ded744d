package org.lora4j.text.job;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.ExchangedFolder;
import org.lora4j.internal.StrictJson;

/**
 * The folder from which adapters are served. A folder with all files of an adapter comes there by one renaming, so that no reader sees half
 * of it.
 */
final class Publication {
    /** Says which job made an adapter. */
    static final String LINEAGE = "training.json";

    private static final String HIDDEN = ".";

    private final Path folder;
    private final Consumer<String> changed;

    /**
     * Opens the folder. An adapter that a killed process took away, without putting another one in its place, comes back.
     *
     * @param changed is told the name of each adapter that changes
     */
    Publication(Path folder, Consumer<String> changed) throws IOException {
        this.folder = folder;
        this.changed = changed;
        Files.createDirectories(folder);
        try (Stream<Path> all = Files.list(folder)) {
            for (Path one : all.toList()) {
                Path served = ExchangedFolder.after(one);
                if (served.equals(one)) {
                    continue;
                }
                if (Files.exists(served)) {
                    JobFolder.deleteAll(one);
                } else {
                    move(one, served);
                }
            }
        }
    }

    boolean has(String name) {
        return Files.isDirectory(folder.resolve(name));
    }

    Path adapter(String name) {
        return folder.resolve(name);
    }

    /** Returns the job that made the adapter of a name; empty if there is none, or no job made it. */
    Optional<String> madeBy(String name) throws IOException {
        Path file = folder.resolve(name).resolve(LINEAGE);
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        JsonNode job = StrictJson.parse(file.toString(), Files.readString(file)).path("job");
        return job.isTextual() ? Optional.of(job.textValue()) : Optional.empty();
    }

    /**
     * Puts a copy of an adapter there. One that has its name is served until then, and stays if this fails.
     *
     * @param from the folder with its files
     * @param name its name
     * @param previous where an adapter that has this name is copied; null if nobody needs it
     */
    synchronized void put(Path from, String name, @Nullable Path previous) throws IOException {
        Path served = folder.resolve(name);
        Path part = folder.resolve(HIDDEN + name + ".part");
        Path gone = ExchangedFolder.before(served);
        JobFolder.deleteAll(part);
        JobFolder.deleteAll(gone);
        try {
            JobFolder.copyAll(from, part);
            if (has(name)) {
                if (previous != null) {
                    JobFolder.deleteAll(previous);
                    JobFolder.copyAll(served, previous);
                }
                move(served, gone);
            }
            move(part, served);
        } catch (IOException e) {
            JobFolder.deleteAll(part);
            if (!has(name) && Files.isDirectory(gone)) {
                move(gone, served);
            }
            throw e;
        }
        changed.accept(name);
        JobFolder.deleteAll(gone);
    }

    /** Takes an adapter away. */
    synchronized void remove(String name) throws IOException {
        if (has(name)) {
            Path gone = ExchangedFolder.before(folder.resolve(name));
            JobFolder.deleteAll(gone);
            move(folder.resolve(name), gone);
            JobFolder.deleteAll(gone);
            changed.accept(name);
        }
    }

    private static void move(Path from, Path to) throws IOException {
        try {
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(from, to);
        }
    }
}
