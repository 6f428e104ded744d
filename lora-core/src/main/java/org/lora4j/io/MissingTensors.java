package org.lora4j.io;

import java.nio.file.Files;
import java.nio.file.Path;

/** Says what a folder without the tensors of an adapter holds instead. */
final class MissingTensors {
    private MissingTensors() {}

    /** The problem, and what to do. */
    static String problem(Path folder) {
        if (!Files.isDirectory(folder)) {
            return "must be a folder with an adapter, found " + (Files.exists(folder) ? "a file" : "no folder");
        }
        String rule = "an adapter must have the file " + AdapterFolder.TENSORS + ", found ";
        if (Files.exists(folder.resolve("adapter_model.bin"))) {
            return rule
                    + "adapter_model.bin, a pickle, which is not read; save it in Python with safe_serialization=True";
        }
        String[] parts =
                folder.toFile().list((parent, name) -> name.matches("adapter_model[-.].*(-of-.*|index\\.json)"));
        if (parts != null && parts.length > 0) {
            return rule + "tensors in several parts, which are not read; save the adapter in one file";
        }
        return rule + "none";
    }
}
