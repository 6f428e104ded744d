package org.lora4j.cli.convert;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.cli.model.AdaptedModel;
import org.lora4j.internal.MessageText;
import org.lora4j.text.task.SavedAdapter;

/** Reads adapters of which others are computed, so that nothing of them is lost. */
public final class SourceAdapter {
    private SourceAdapter() {}

    /**
     * Loads an adapter. Weights of the base that stand in its file are compared with the model, because they are not written again.
     *
     * @param saved the files of the adapter
     * @param model the folder of its model; null if it is not known
     * @return the adapter
     * @throws IOException if a file cannot be read, or the adapter has weights of the base that are others, or that no model shows to be
     *     the same
     */
    public static LoRAAdapter load(SavedAdapter saved, @Nullable Path model) throws IOException {
        LoRAAdapter adapter = saved.adapter();
        List<String> copies = saved.files().baseCopies();
        if (copies.isEmpty()) {
            return adapter;
        }
        if (model == null) {
            throw new IOException(saved
                    + ": weights of the base in the file of an adapter must be compared with its model, because"
                    + " PEFT computes with them, found " + MessageText.list(copies) + "; give the model with --model");
        }
        return saved.adapter(AdaptedModel.networkFor(model, saved, adapter));
    }
}
