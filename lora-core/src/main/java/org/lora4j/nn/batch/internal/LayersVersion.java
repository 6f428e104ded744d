package org.lora4j.nn.batch.internal;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.memory.ArrayBits;
import org.lora4j.nn.layer.WeightedLayer;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.nn.parametrization.internal.EffectiveLinear;

/**
 * What the layers of a network compute with at one moment. As long as it is equal, the same input gives the same output.
 *
 * @param layers the parameters and updates of each layer
 * @param parameters all parameters of the layers
 * @param versions how often each parameter was unfrozen or written to
 * @param contents a hash of each trainable parameter, which others may write to
 */
public record LayersVersion(
        List<EffectiveLinear> layers, List<Parameter> parameters, List<Long> versions, List<Long> contents) {
    /**
     * Returns the version of now.
     *
     * @param readsArrays whether the arrays of trainable parameters are read
     * @param before where the hashes come from if they are not read; null for none
     */
    static LayersVersion of(
            LayerStack network, EffectiveLayers now, boolean readsArrays, @Nullable LayersVersion before) {
        List<EffectiveLinear> layers = new ArrayList<>();
        Set<Parameter> parameters = new LinkedHashSet<>();
        for (WeightedLayer layer : network.weightedLayers()) {
            EffectiveLinear effective = now.of(layer);
            layers.add(effective);
            parameters.addAll(effective.parameters());
        }
        List<Long> versions = new ArrayList<>();
        List<Long> contents = new ArrayList<>();
        for (Parameter parameter : parameters) {
            versions.add(parameter.weight().version());
            if (readsArrays && parameter.isTrainable()) {
                contents.add(parameter.weight().matrix().lend(ArrayBits::contentHash));
            }
        }
        return new LayersVersion(
                layers,
                List.copyOf(parameters),
                versions,
                readsArrays || before == null ? contents : before.contents());
    }

    /** Whether {@link #of} would return an equal one that does not read arrays. It takes less time, for it is asked for each token. */
    public boolean isStillOf(LayerStack network, EffectiveLayers now) {
        int i = 0;
        for (WeightedLayer layer : network.weightedLayers()) {
            if (!Objects.equals(now.of(layer), layers.get(i++))) {
                return false;
            }
        }
        for (int p = 0; p < parameters.size(); p++) {
            if (parameters.get(p).weight().version() != versions.get(p)) {
                return false;
            }
        }
        return true;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof LayersVersion that
                && versions.equals(that.versions)
                && contents.equals(that.contents)
                && layers.equals(that.layers);
    }

    @Override
    public int hashCode() {
        return Objects.hash(versions, contents);
    }
}
