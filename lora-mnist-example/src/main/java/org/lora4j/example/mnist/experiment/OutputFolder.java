package org.lora4j.example.mnist.experiment;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.lora4j.AdapterView;
import org.lora4j.nn.Network;

/** The folder in which an experiment stores its networks, adapters and report. */
public final class OutputFolder {
    private final Path path;
    private final Map<String, String> files = new LinkedHashMap<>();

    private OutputFolder(Path path) {
        this.path = path;
    }

    /**
     * Creates the folder if it does not exist, and writes a temporary file into it: a folder that is not writable fails
     * before any training.
     *
     * @param path the folder
     * @return the folder
     * @throws IOException if it cannot be created or written
     */
    public static OutputFolder prepare(Path path) throws IOException {
        try {
            Files.createDirectories(path);
            Files.delete(Files.createTempFile(path, ".writable", null));
        } catch (IOException e) {
            throw new IOException("the output folder must be writable: " + e, e);
        }
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
        String name = "base.safetensors";
        network.save(path.resolve(name));
        files.put("base", name);
    }

    /**
     * Saves an adapter in the form of PEFT, as {@code adapters/NAME}.
     *
     * @param purpose the key of the adapter in {@link #files}
     */
    void saveAdapter(String purpose, String name, AdapterView adapter) throws IOException {
        String folder = "adapters/" + name;
        adapter.save(path.resolve(folder));
        files.put(purpose, folder + "/adapter_model.safetensors");
        files.put(purpose + "Config", folder + "/adapter_config.json");
    }
}
