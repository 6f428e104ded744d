package org.lora4j.cli.file;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Where a result goes: never onto what it is made of, nor unasked onto another adapter. */
public final class OutputPath {
    private static final List<String> ADAPTER = List.of("adapter_config.json", "adapter_model.safetensors");

    private OutputPath() {}

    /**
     * Refuses an output that would replace an input.
     *
     * @param output the file or folder that will be written
     * @param inputs the files and folders that are read
     * @throws IOException if the output is one of them
     */
    public static void requireOther(Path output, List<Path> inputs) throws IOException {
        for (Path input : inputs) {
            if (Files.exists(output) && Files.exists(input) && Files.isSameFile(output, input)) {
                throw new IOException(
                        output + ": the output must be another file or folder than those that are read, found " + input
                                + "; name another with --output");
            }
        }
    }

    /**
     * Refuses a folder with an adapter, which a training would replace.
     *
     * @param output the output folder, which need not exist
     * @throws IOException if it has an adapter
     */
    public static void requireNoAdapter(Path output) throws IOException {
        for (String name : ADAPTER) {
            if (Files.isRegularFile(output.resolve(name))) {
                throw new IOException(output + ": the output folder must have no adapter, found " + name
                        + "; choose another --output, or replace the adapter with --overwrite");
            }
        }
    }
}
