package org.lora4j.cli.convert;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.cli.model.AdaptedModel;
import org.lora4j.io.peft.PeftAdapters;
import org.lora4j.io.peft.PeftFiles;
import org.lora4j.text.task.SavedAdapter;
import org.lora4j.text.task.TaskFile;

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
     * Saves an adapter with the task of the first of others, and with fingerprints of its base: those of the model, or else those
     * on which the others agree.
     *
     * @param adapter the adapter
     * @param sources the adapters that it was made of
     * @param model the folder of the model; null if it is not known
     * @param output the folder
     * @throws IOException if a file cannot be read or written
     */
    public static void save(LoRAAdapter adapter, List<SavedAdapter> sources, @Nullable Path model, Path output)
            throws IOException {
        SavedAdapter first = sources.get(0);
        if (model == null) {
            PeftFiles.of(adapter, sources.stream().map(SavedAdapter::files).toList())
                    .save(output);
        } else {
            PeftAdapters.save(adapter, AdaptedModel.networkFor(model, first, adapter), output);
        }
        if (first.task().isPresent()) {
            TaskFile.write(first.task().get(), output);
        } else {
            TaskFile.delete(output);
        }
    }
}
