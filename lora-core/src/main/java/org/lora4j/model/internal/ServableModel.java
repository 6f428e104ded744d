package org.lora4j.model.internal;

import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.nn.Network;
import org.lora4j.nn.batch.internal.EffectiveLayers;

/** What the services of the library need of a model beside its API. */
public interface ServableModel {
    /** The adapters as they are now. It costs next to nothing. */
    default ModelSnapshot snapshot() {
        return snapshot(null);
    }

    /**
     * The adapters as they are now.
     *
     * @param alone what the base computes with; null for the model as it is
     */
    ModelSnapshot snapshot(@Nullable EffectiveLayers alone);

    /**
     * What another end of the same transformer computes with without an adapter.
     *
     * @param end the network with this end
     */
    EffectiveLayers alone(Network end);

    /**
     * Adds an adapter, frozen, if there is none of this name. It does not become active, even if it is the first.
     *
     * @param name its name
     * @param adapter the data; the arrays are copied
     * @param of the network that it is for: that of the model, or another end of the same transformer, whose first layers are then
     *     computed together with those of all other adapters
     * @return the adapter, or null if there is one of this name, which stays as it is
     * @throws IllegalArgumentException if the name is refused, or the data do not fit the base; nothing changes then
     */
    @Nullable
    ManagedAdapter addManaged(String name, LoRAAdapter adapter, Network of);
}
