package org.lora4j.example.mnist;

import org.lora4j.LoRAModel;
import org.lora4j.io.PeftAdapters;
import org.lora4j.nn.Network;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** The folder that a run writes into. */
final class OutputFolder {
    private final Path folder;
    private final Map<String, String> files = new LinkedHashMap<>();

    private OutputFolder(Path folder) {
        this.folder = folder;
    }

    /**
     * Creates the folder if need be and tries to write in it, so that no training is in vain.
     *
     * @throws IOException if it cannot be created or written
     */
    static OutputFolder prepare(Path folder) throws IOException {
        try {
            Files.createDirectories(folder);
            Files.delete(Files.createTempFile(folder, ".writable", null));
        } catch (IOException e) {
            throw new IOException("the output folder must be writable: " + Failure.describe(e), e);
        }
        return new OutputFolder(folder);
    }

    Path path() {
        return folder;
    }

    /** What was written, by purpose; paths within the folder, with slashes. */
    Map<String, String> files() {
        return files;
    }

    void saveBase(Network network) throws IOException {
        String name = "base.safetensors";
        NetworkFile.save(network, folder.resolve(name));
        files.put("base", name);
    }

    /**
     * Saves an adapter in PEFT's form, as {@code adapters/NAME}.
     *
     * @param purpose what it is called among the files
     */
    void saveAdapter(String purpose, LoRAModel model, String adapter) throws IOException {
        String name = "adapters/" + adapter;
        PeftAdapters.save(model.adapter(adapter), model.network(), folder.resolve(name));
        files.put(purpose, name + "/adapter_model.safetensors");
        files.put(purpose + "Config", name + "/adapter_config.json");
    }
}
