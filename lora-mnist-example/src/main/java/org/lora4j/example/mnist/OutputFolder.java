package org.lora4j.example.mnist;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.lora4j.io.NetworkFile;
import org.lora4j.io.SafeTensors;
import org.lora4j.nn.Network;
import org.nd4j.linalg.api.ndarray.INDArray;

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

    void saveAdapter(String adapter, LoRALayers lora) throws IOException {
        String name = "adapters/" + adapter;
        Path adapterFolder = folder.resolve(name);
        Files.createDirectories(adapterFolder);
        files.put("adapter", name + "/" + writeAdapter(adapterFolder, lora));
    }

    /** Writes the factors under PEFT's keys; answers the name of the file. */
    static String writeAdapter(Path adapterFolder, LoRALayers lora) throws IOException {
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        lora.byPath().forEach((path, layer) -> {
            String key = "base_model.model." + path;
            tensors.put(key + ".lora_A.weight", layer.loraA().value());
            tensors.put(key + ".lora_B.weight", layer.loraB().value());
        });
        String name = "adapter_model.safetensors";
        SafeTensors.of(tensors, Map.of("format", "pt")).write(adapterFolder.resolve(name));
        return name;
    }
}
