package org.lora4j.example.mnist.experiment;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.lora4j.AdapterView;
import org.lora4j.example.mnist.report.ChartData;
import org.lora4j.example.mnist.report.Report;
import org.lora4j.example.mnist.report.ReportWriter;
import org.lora4j.example.support.cli.FileErrors;
import org.lora4j.example.support.cli.WritableFolder;
import org.lora4j.nn.Network;

/**
 * The folder in which an experiment stores its networks, adapters and report. If one of them cannot be written, the error
 * says which, and what of this run the folder contains.
 */
public final class OutputFolder {
    private static final String BASE = "base.safetensors";

    private final Path path;
    private final Map<String, String> files = new LinkedHashMap<>();

    private OutputFolder(Path path) {
        this.path = path;
    }

    /**
     * Creates the folder if it does not exist, and writes a temporary file of the size of the base into it. So a folder that
     * is not writable, or has no room for the base, fails before any training.
     *
     * @param path the folder
     * @param base the network that will be saved
     * @return the folder
     * @throws IOException if the folder cannot be created, or the file cannot be written
     */
    public static OutputFolder prepare(Path path, Network base) throws IOException {
        long bytes = base.dataType().width()
                * base.parameters().stream()
                        .mapToLong(parameter -> parameter.value().length())
                        .sum();
        WritableFolder.prepare(path, "the base", bytes);
        return new OutputFolder(path);
    }

    Path path() {
        return path;
    }

    /** Returns the files of networks and adapters by purpose: paths within the folder, with slashes. */
    Map<String, String> files() {
        return files;
    }

    void saveBase(Network network) throws IOException {
        try {
            network.save(path.resolve(BASE));
        } catch (IOException e) {
            throw notWritten("the base " + path.resolve(BASE), e);
        }
        files.put("base", BASE);
    }

    /**
     * Saves an adapter in the form of PEFT, as {@code adapters/NAME}.
     *
     * @param purpose the key of the adapter in {@link #files}
     */
    void saveAdapter(String purpose, String name, AdapterView adapter) throws IOException {
        String folder = "adapters/" + name;
        try {
            adapter.save(path.resolve(folder));
        } catch (IOException e) {
            throw notWritten("the adapter " + path.resolve(folder), e);
        }
        files.put(purpose, folder + "/adapter_model.safetensors");
        files.put(purpose + "Config", folder + "/adapter_config.json");
    }

    /** Writes the report, and returns it with its own files in it. */
    Report saveReport(Report report, ChartData charts) throws IOException {
        try {
            return ReportWriter.write(path, report, charts);
        } catch (IOException e) {
            throw notWritten("the report in " + path, e);
        }
    }

    private IOException notWritten(String what, IOException e) {
        String kept = files.isEmpty()
                ? "nothing of this run is kept"
                : "kept in %s: %s; to use the trained base again, run with --base %s"
                        .formatted(path, String.join(", ", files.values()), path.resolve(BASE));
        return new IOException(what + " could not be written: " + FileErrors.describe(e) + "; " + kept, e);
    }
}
