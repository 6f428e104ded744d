package org.lora4j.model.internal;

import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAAdapter;

/** What the services of the library need of a model beside its API. */
public interface ServableModel {
    /** The adapters as they are now. It costs next to nothing. */
    ModelSnapshot snapshot();

    /**
     * Adds an adapter, frozen, if there is none of this name. It does not become active, even if it is the first.
     *
     * @param name its name
     * @param adapter the data; the arrays are copied
     * @return the adapter, or null if there is one of this name, which stays as it is
     * @throws IllegalArgumentException if the name is refused, or the data do not fit the base; nothing changes then
     */
    @Nullable
    ManagedAdapter addManaged(String name, LoRAAdapter adapter);
}
