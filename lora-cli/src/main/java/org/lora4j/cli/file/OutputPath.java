package org.lora4j.cli.file;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** Where a result goes: never onto what it is made of, nor unasked onto an earlier result. */
public final class OutputPath {
    private static final List<String> MODELS =
            List.of("model.safetensors", "model.safetensors.index.json", "model.onnx", "model.onnx_data");

    private static final List<String> RESULTS = Stream.concat(
                    Stream.of("adapter_config.json", "adapter_model.safetensors"), MODELS.stream())
            .toList();

    private static final String REPLACE = "; choose another --output, or replace it with --overwrite";

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
     * Refuses a folder with an adapter or a model, which would be replaced.
     *
     * @param folder the folder that will be written, which need not exist
     * @throws IOException if it has one
     */
    public static void requireNoResult(Path folder) throws IOException {
        for (String name : RESULTS) {
            if (Files.isRegularFile(folder.resolve(name))) {
                throw new IOException(
                        folder + ": the output folder must have no adapter and no model, found " + name + REPLACE);
            }
        }
    }

    /**
     * Deletes the weights of a model that was replaced, so that a folder has one model.
     *
     * @param folder the folder
     * @param kept the files of the new weights
     * @throws IOException if a file cannot be deleted
     */
    public static void deleteOtherModels(Path folder, Set<String> kept) throws IOException {
        for (String name : MODELS) {
            if (!kept.contains(name)) {
                Files.deleteIfExists(folder.resolve(name));
            }
        }
    }

    /**
     * Refuses a file that is there, which would be replaced.
     *
     * @param file the file that will be written
     * @throws IOException if it exists
     */
    public static void requireNewFile(Path file) throws IOException {
        if (Files.exists(file)) {
            throw new IOException(file + ": the output must be a new file, found one" + REPLACE);
        }
    }
}
