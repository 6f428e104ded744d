package org.lora4j.langchain4j;

import dev.langchain4j.exception.InternalServerException;
import dev.langchain4j.exception.ModelNotFoundException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.internal.MessageText;
import org.lora4j.serve.AdapterCache;

/**
 * A model and its adapters by the names that requests give. The base has the name of its folder; the name of a view is that of the
 * base and, after a plus sign each, those of its adapters. Thread-safe.
 */
final class ModelNames {
    private static final String PLUS = "+";

    private final String baseName;
    private final LoRAModel model;
    private final @Nullable AdapterCache cache;

    ModelNames(String baseName, LoRAModel model, @Nullable AdapterCache cache) {
        this.baseName = baseName;
        this.model = model;
        this.cache = cache;
    }

    LoRAModel model() {
        return model;
    }

    /** Returns the name of the model with some adapters. */
    String modelName(List<String> adapters) {
        List<String> parts = new ArrayList<>(List.of(baseName));
        parts.addAll(adapters);
        return String.join(PLUS, parts);
    }

    /** Returns the adapters that the name of a model stands for. They may not exist. */
    List<String> adapters(String modelName) {
        return adapters(baseName, modelName);
    }

    static List<String> adapters(String baseName, String modelName) {
        if (modelName.equals(baseName)) {
            return List.of();
        }
        return List.of(modelName.startsWith(baseName + PLUS) ? modelName.substring(baseName.length() + 1) : modelName);
    }

    /**
     * Returns the adapters of the default of a builder.
     *
     * @throws IllegalArgumentException if there is no adapter of this name
     */
    List<String> defaults(@Nullable String modelName) {
        if (modelName == null) {
            return List.of();
        }
        try {
            List<String> adapters = adapters(modelName);
            return compute(adapters, view -> adapters);
        } catch (ModelNotFoundException e) {
            throw new IllegalArgumentException(
                    "modelName must be " + baseName + " or an adapter of it, " + MessageText.brackets(model.names())
                            + ", found " + MessageText.quote(modelName) + "; add the adapter to the builder",
                    e);
        }
    }

    /**
     * Computes with adapters, which stay in the model for so long.
     *
     * @throws ModelNotFoundException if there is no such adapter; the message is for the client
     * @throws InternalServerException if it cannot be loaded now; the message is for the client
     */
    <T> T compute(List<String> adapters, Function<AdapterView, T> computation) {
        List<AdapterCache.Pin> pins = new ArrayList<>();
        try {
            for (String adapter : adapters) {
                pins.add(pin(adapter));
            }
            return computation.apply(view(adapters));
        } finally {
            pins.forEach(AdapterCache.Pin::close);
        }
    }

    private AdapterCache.Pin pin(String adapter) {
        try {
            if (cache != null) {
                return cache.pin(adapter);
            }
        } catch (IllegalArgumentException e) {
            throw notFound(adapter, e);
        } catch (RuntimeException e) {
            throw new InternalServerException(
                    "the model " + MessageText.quote(adapter) + " is not available now; try again later", e);
        }
        if (!model.names().contains(adapter)) {
            throw notFound(adapter, null);
        }
        return () -> {};
    }

    private AdapterView view(List<String> adapters) {
        if (adapters.isEmpty()) {
            return model.base();
        }
        try {
            return model.using(adapters.toArray(String[]::new));
        } catch (IllegalArgumentException e) {
            // It was deleted a moment ago.
            throw notFound(String.join(PLUS, adapters), e);
        }
    }

    private static ModelNotFoundException notFound(String adapter, @Nullable Throwable cause) {
        return new ModelNotFoundException("there is no model " + MessageText.quote(adapter), cause);
    }
}
