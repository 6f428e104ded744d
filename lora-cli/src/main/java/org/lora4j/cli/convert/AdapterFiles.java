package org.lora4j.cli.convert;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.cli.model.AdaptedModels;
import org.lora4j.io.PeftAdapters;

/** Writes adapters that were computed of others. */
public final class AdapterFiles {
    private AdapterFiles() {}

    /** Returns an adapter with the task and the base of another. */
    static LoRAAdapter withHubFields(LoRAAdapter adapter, LoRAAdapter from) {
        return new LoRAAdapter(
                adapter.config().toBuilder()
                        .hubFields(from.config().hubFields())
                        .build(),
                adapter.weights());
    }

    /**
     * Saves an adapter, with fingerprints of its base if this is known.
     *
     * @param adapter the adapter
     * @param model the folder of the model; null if it is not known
     * @param output the folder
     * @throws IOException if a file cannot be read or written
     */
    public static void save(LoRAAdapter adapter, @Nullable Path model, Path output) throws IOException {
        if (model == null) {
            PeftAdapters.save(adapter, output);
        } else {
            PeftAdapters.save(adapter, AdaptedModels.networkFor(model, output, adapter), output);
        }
    }
}
