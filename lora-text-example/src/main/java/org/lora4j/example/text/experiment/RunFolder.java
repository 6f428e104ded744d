package org.lora4j.example.text.experiment;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.lora4j.AdapterView;
import org.lora4j.example.support.cli.FileErrors;
import org.lora4j.example.support.cli.WritableFolder;
import org.lora4j.example.support.report.TextOutput;

/** The folder in which a run stores its adapter and its report. If one cannot be written, the error says which. */
public final class RunFolder {
    /** More than an adapter and a report need. */
    private static final long ROOM = 20_000_000;

    private final Path path;
    private final Map<String, String> files = new LinkedHashMap<>();

    private RunFolder(Path path) {
        this.path = path;
    }

    /**
     * Creates the folder if it does not exist, and checks that it can be written to, before any training.
     *
     * @param path the folder
     * @return the folder
     * @throws IOException if it cannot be created or written to
     */
    public static RunFolder prepare(Path path) throws IOException {
        WritableFolder.prepare(path, "the adapter and the report", ROOM);
        return new RunFolder(path);
    }

    Path path() {
        return path;
    }

    /** Returns the files by purpose: paths within the folder, with slashes. */
    Map<String, String> files() {
        return files;
    }

    /** Saves an adapter in the form of PEFT, and returns the file of its tensors. */
    Path save(String name, AdapterView adapter) throws IOException {
        String folder = "adapters/" + name;
        try {
            adapter.save(path.resolve(folder));
        } catch (IOException e) {
            throw new IOException(
                    "the adapter %s could not be written: %s".formatted(path.resolve(folder), FileErrors.describe(e)),
                    e);
        }
        String tensors = folder + "/adapter_model.safetensors";
        files.put(name, tensors);
        files.put(name + "Config", folder + "/adapter_config.json");
        return path.resolve(tensors);
    }

    /** Writes a report. */
    @FunctionalInterface
    interface Writer<R> {
        R write() throws IOException;
    }

    /** Runs a writer, and completes the message of its error by what is kept. */
    <R> R write(Writer<R> writer) throws IOException {
        try {
            return writer.write();
        } catch (IOException e) {
            throw new IOException(
                    "the report in %s could not be written: %s; kept in %s: %s"
                            .formatted(path, FileErrors.describe(e), path, String.join(", ", files.values())),
                    e);
        }
    }

    /** Prints where the files are. */
    void print(TextOutput out, Map<String, String> written) {
        out.section("Files");
        written.forEach((purpose, file) -> out.fact("%-16s %s", purpose, path.resolve(file)));
        if (written.containsKey("page")) {
            out.line("");
            out.line("The page has all of this with charts. Open it in a browser.");
        }
    }
}
