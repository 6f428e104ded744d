package org.lora4j.adapter;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.lora4j.linalg.LowRankFactors;

/**
 * An adapter at its initialization, as a host applies it.
 *
 * <p>PiSSA and OLoRA take the initial {@code s·B₀·A₀} from the base: the host computes with
 * {@code W + s·(B·A − B₀·A₀)}, so that the output does not change at the start. The host keeps {@code B₀} and
 * {@code A₀}, because the base itself is never written to. {@link LoRAAdapter#againstBase} turns the trained adapter
 * into an ordinary one.
 *
 * @param adapter A, B and magnitudes, and copies of the biases and modules that train; all arrays are new
 * @param subtracted {@code B₀} and {@code A₀} by module path, new arrays; empty unless the initialization is PiSSA or
 *     OLoRA
 */
public record InitializedAdapter(LoRAAdapter adapter, Map<String, LowRankFactors> subtracted) {
    /**
     * Copies the map.
     *
     * @param adapter the adapter
     * @param subtracted {@code B₀} and {@code A₀} by module path
     */
    public InitializedAdapter {
        Objects.requireNonNull(adapter, "adapter must not be null");
        Objects.requireNonNull(subtracted, "subtracted must not be null");
        subtracted = Collections.unmodifiableMap(new LinkedHashMap<>(subtracted));
    }
}
