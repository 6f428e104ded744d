package org.lora4j.example.mnist.experiment;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.lora4j.AdapterView;
import org.lora4j.example.mnist.report.ChartData;
import org.lora4j.example.mnist.report.Report;
import org.lora4j.example.mnist.report.ReportWriter;
import org.lora4j.example.support.cli.RunFolder;
import org.lora4j.nn.Network;

/** The folder in which an experiment stores its networks, adapters and report. */
public final class OutputFolder {
    private static final String BASE = "base.safetensors";

    private final RunFolder folder;

    /**
     * Creates a folder of an experiment.
     *
     * @param folder the folder, which has room for the base
     */
    public OutputFolder(RunFolder folder) {
        this.folder = folder;
    }

    /**
     * Returns the room that a base needs.
     *
     * @param base the network that will be saved
     * @return its bytes
     */
    public static long room(Network base) {
        return base.dataType().width()
                * base.parameters().stream()
                        .mapToLong(parameter -> parameter.value().length())
                        .sum();
    }

    Path path() {
        return folder.path();
    }

    /** Returns the files of networks and adapters by purpose: paths within the folder, with slashes. */
    Map<String, String> files() {
        return folder.files();
    }

    void saveBase(Network network) throws IOException {
        Path file = path().resolve(BASE);
        folder.write("the base " + file, () -> {
            network.save(file);
            return file;
        });
        folder.add("base", BASE);
        folder.advise("to use the trained base again, run with --base " + file);
    }

    /**
     * Saves an adapter in the form of PEFT, as {@code adapters/NAME}.
     *
     * @param purpose the key of the adapter in {@link #files}
     */
    void saveAdapter(String purpose, String name, AdapterView adapter) throws IOException {
        folder.saveAdapter(purpose, name, adapter);
    }

    /** Writes the report, and returns it with its own files in it. */
    Report saveReport(Report report, ChartData charts) throws IOException {
        return folder.write("the report in " + path(), () -> ReportWriter.write(path(), report, charts));
    }
}
