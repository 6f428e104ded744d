package org.lora4j.cli.convert;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.algebra.AdapterApproximation;
import org.lora4j.algebra.AdapterConversion;
import org.lora4j.algebra.TargetRank;
import org.lora4j.cli.model.AdaptedModel;
import org.lora4j.text.task.SavedAdapter;

/** Converts an adapter to another rank, and DoRA to LoRA. */
public final class AdapterResize {
    private AdapterResize() {}

    /**
     * A converted adapter.
     *
     * @param adapter the adapter
     * @param greatestError the greatest relative error of a layer's update
     */
    public record Result(LoRAAdapter adapter, double greatestError) {}

    /**
     * Converts.
     *
     * @param adapter the adapter
     * @param rank the new rank
     * @param model the folder of its model, with which DoRA becomes LoRA, and weights of it in the file are compared; null to change the
     *     rank of an adapter that is LoRA and has no such weights
     * @return the adapter, with the task and the base of the old one
     * @throws IOException if a file cannot be read
     * @throws IllegalArgumentException if the adapter cannot be converted so
     */
    public static Result convert(SavedAdapter adapter, TargetRank rank, @Nullable Path model) throws IOException {
        LoRAAdapter before = SourceAdapter.load(adapter, model);
        AdapterApproximation after = model == null || !before.config().dora()
                ? AdapterConversion.resize(before, rank)
                : AdapterConversion.toLoRA(AdaptedModel.networkFor(model, adapter, before), before, rank);
        double error = after.layers().values().stream()
                .mapToDouble(AdapterApproximation.Layer::relativeError)
                .max()
                .orElse(0);
        return new Result(AdapterFiles.withHubFields(after.adapter(), before), error);
    }
}
