package org.lora4j.console.command;

import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.lora4j.AdapterView;
import org.lora4j.io.internal.FolderLock;

/**
 * The folder in which a run stores its files. If one of them cannot be written, the error says which, and what of this run
 * the folder contains. Safe for use by several threads.
 */
public final class RunFolder implements Closeable {
    private static final String LOCK = ".lora4j-run.lock";

    static final String NOTHING_KEPT = "nothing of this run is kept";

    private final Path path;
    private final FolderLock lock;
    private final Map<String, String> files = new LinkedHashMap<>();
    private String advice = "";

    private RunFolder(Path path, FolderLock lock) {
        this.path = path;
        this.lock = lock;
    }

    /**
     * Makes sure that a folder can take the results, and creates it if it does not exist. A temporary file of their size is
     * written into it, so that a folder without room fails before any work. Until {@link #close}, no other run can prepare it.
     *
     * @param path the folder
     * @param what the results, for the message of an error
     * @param bytes their size
     * @return the folder
     * @throws IOException if it cannot be created or written to, does not have room for the results, or another run has it
     */
    public static RunFolder prepare(Path path, String what, long bytes) throws IOException {
        try {
            Files.createDirectories(path);
            tryToWrite(path, bytes);
        } catch (IOException e) {
            throw new IOException(
                    String.format(
                            Locale.ROOT,
                            "the output folder must be writable and have room for %s, %,d bytes; found %s: %s",
                            what,
                            bytes,
                            path,
                            ErrorText.of(e)),
                    e);
        }
        FolderLock lock = FolderLock.tryTake(path, LOCK)
                .orElseThrow(() -> new IOException(
                        "the output folder must be that of one run at a time, found another run that writes into "
                                + path + "; wait for its end, or choose another folder"));
        return new RunFolder(path, lock);
    }

    private static void tryToWrite(Path folder, long bytes) throws IOException {
        Path file = Files.createTempFile(folder, ".writable", null);
        try (OutputStream out = Files.newOutputStream(file)) {
            byte[] zeros = new byte[1 << 16];
            for (long left = bytes; left > 0; left -= zeros.length) {
                out.write(zeros, 0, (int) Math.min(left, zeros.length));
            }
        } finally {
            Files.delete(file);
        }
    }

    /** Ends the run: another one can prepare the folder. The files stay. */
    @Override
    public void close() throws IOException {
        lock.delete();
    }

    /** Returns the folder. */
    public Path path() {
        return path;
    }

    /**
     * Returns the files of this run that are written.
     *
     * @return their paths within the folder, with slashes, by purpose
     */
    public synchronized Map<String, String> files() {
        return new LinkedHashMap<>(files);
    }

    /**
     * Adds a file that is written.
     *
     * @param purpose its key in {@link #files}
     * @param file its path within the folder, with slashes
     */
    public synchronized void add(String purpose, String file) {
        files.put(purpose, file);
    }

    /** Says what a user can do with the files. */
    public synchronized void advise(String text) {
        advice = "; " + text;
    }

    /** Returns what of this run the folder contains. */
    public synchronized String kept() {
        return files.isEmpty()
                ? NOTHING_KEPT
                : "kept in %s: %s%s".formatted(path, String.join(", ", files.values()), advice);
    }

    /** Writes one or several files. */
    @FunctionalInterface
    public interface Writer<R> {
        /** Writes them. */
        R write() throws IOException;
    }

    /**
     * Runs a writer, and completes the message of its error by what is kept.
     *
     * @return its result
     */
    public <R> R write(String what, Writer<R> writer) throws IOException {
        try {
            return writer.write();
        } catch (IOException e) {
            throw new IOException("%s could not be written: %s; %s".formatted(what, ErrorText.of(e), kept()), e);
        }
    }

    /**
     * Saves an adapter in the form of PEFT, as {@code adapters/NAME}, and returns the file of its tensors.
     *
     * @param purpose the key of its tensors in {@link #files}; that of its configuration is the same with {@code Config}
     * @param name the name of its folder
     * @param adapter the adapter
     */
    public Path saveAdapter(String purpose, String name, AdapterView adapter) throws IOException {
        String folder = "adapters/" + name;
        String tensors = folder + "/adapter_model.safetensors";
        write("the adapter " + path.resolve(folder), () -> {
            adapter.save(path.resolve(folder));
            return tensors;
        });
        add(purpose, tensors);
        add(purpose + "Config", folder + "/adapter_config.json");
        return path.resolve(tensors);
    }
}
