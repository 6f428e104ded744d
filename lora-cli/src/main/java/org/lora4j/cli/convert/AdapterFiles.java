package org.lora4j.cli.convert;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.cli.model.AdaptedModels;
import org.lora4j.cli.model.TaskFile;
import org.lora4j.io.PeftAdapters;

/** Writes adapters that were computed of others. */
public final class AdapterFiles {
    private AdapterFiles() {}

    /** Returns an adapter with all that it holds, and the task and the base of another. */
    static LoRAAdapter withHubFields(LoRAAdapter adapter, LoRAAdapter from) {
        return new LoRAAdapter(
                adapter.config().toBuilder()
                        .hubFields(from.config().hubFields())
                        .build(),
                adapter.weights(),
                adapter.biases(),
                adapter.savedModules(),
                adapter.tokenRows());
    }

    /**
     * Saves an adapter with the task of another one, and with fingerprints of its base if this is known.
     *
     * @param adapter the adapter
     * @param source the folder of the adapter that it was made of
     * @param model the folder of the model; null if it is not known
     * @param output the folder
     * @throws IOException if a file cannot be read or written
     */
    public static void save(LoRAAdapter adapter, Path source, @Nullable Path model, Path output) throws IOException {
        TaskFile task = TaskFile.read(source).orElse(null);
        if (model == null) {
            PeftAdapters.save(adapter, output);
        } else {
            PeftAdapters.save(adapter, AdaptedModels.networkFor(model, source, adapter), output);
        }
        if (task == null) {
            TaskFile.delete(output);
        } else {
            task.write(output);
        }
    }
}
