package org.lora4j.nn.batch.internal;

import java.util.List;
import org.lora4j.nn.parameter.Parameter;

/**
 * Parameters at one moment. As long as they stay frozen, what was computed from them is still right.
 *
 * @param parameters the parameters
 * @param versions how often each was unfrozen or written to
 * @param areFrozen whether all were frozen
 */
public record FrozenParameters(List<Parameter> parameters, List<Long> versions, boolean areFrozen) {
    /**
     * Returns the parameters as they are now.
     *
     * @param parameters the parameters
     * @return their versions
     */
    public static FrozenParameters of(List<Parameter> parameters) {
        return new FrozenParameters(
                parameters,
                parameters.stream()
                        .map(parameter -> parameter.weight().version())
                        .toList(),
                parameters.stream().noneMatch(Parameter::isTrainable));
    }

    /**
     * Returns whether they were frozen all the time since.
     *
     * @return false if one can train or could in between
     */
    public boolean areUnchanged() {
        FrozenParameters now = of(parameters);
        return areFrozen && now.areFrozen && versions.equals(now.versions);
    }
}
