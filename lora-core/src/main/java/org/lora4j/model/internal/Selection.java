package org.lora4j.model.internal;

import java.util.List;

/**
 * Which adapters are applied, and how strongly.
 *
 * @param names the adapters, whose updates add up
 * @param multiplier what the scale of each is multiplied by; 1 for the adapters as they are
 */
public record Selection(List<String> names, double multiplier) {
    public Selection {
        names = List.copyOf(names);
    }

    public static Selection of(List<String> names) {
        return new Selection(names, 1);
    }
}
