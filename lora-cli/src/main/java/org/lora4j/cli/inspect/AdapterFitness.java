package org.lora4j.cli.inspect;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.cli.model.AdaptedModel;
import org.lora4j.io.FingerprintCheck;
import org.lora4j.nn.Network;
import org.lora4j.text.task.SavedAdapter;

/**
 * Whether an adapter fits a model.
 *
 * @param model the folder of the model
 * @param fits whether all layers are there, with the right shapes
 * @param sameWeights whether the weights are those with which the adapter was trained; null if it has no fingerprints of them
 * @param problem what does not fit, or why it is not known whether the weights are the same; null if there is none
 */
public record AdapterFitness(
        String model,
        boolean fits,
        @Nullable Boolean sameWeights,
        @Nullable String problem) {
    static AdapterFitness of(SavedAdapter saved, LoRAAdapter adapter, Path model) throws IOException {
        Network network = AdaptedModel.networkFor(model, saved, adapter);
        try {
            saved.files().adapter(network, FingerprintCheck.IGNORE);
        } catch (IOException | IllegalArgumentException e) {
            return new AdapterFitness(model.toString(), false, false, e.getMessage());
        }
        try {
            saved.files().adapter(network, FingerprintCheck.REQUIRE);
            return new AdapterFitness(model.toString(), true, true, null);
        } catch (IOException e) {
            return new AdapterFitness(
                    model.toString(), true, saved.files().fingerprintCount() == 0 ? null : false, e.getMessage());
        }
    }
}
