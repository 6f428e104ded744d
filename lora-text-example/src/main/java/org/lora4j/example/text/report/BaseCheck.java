package org.lora4j.example.text.report;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Whether a training with LoRA has left the base as it is.
 *
 * @param frozenUnchanged for each parameter of the base, whether it has the same bits as before
 * @param outputUnchanged whether the base computes the same bits as before, while the adapter exists
 */
public record BaseCheck(Map<String, Boolean> frozenUnchanged, boolean outputUnchanged) {
    /**
     * Copies the map.
     *
     * @param frozenUnchanged as in the record
     * @param outputUnchanged as in the record
     */
    public BaseCheck {
        frozenUnchanged = Collections.unmodifiableMap(new LinkedHashMap<>(frozenUnchanged));
    }

    /**
     * Fails if something has changed.
     *
     * @throws IllegalStateException if the bits are not all the same
     */
    public void require() {
        if (!holds()) {
            throw new IllegalStateException("the base must be the same as before, and is not; the report says where");
        }
    }

    /**
     * Returns whether all is unchanged.
     *
     * @return true if all bits are the same
     */
    public boolean holds() {
        return outputUnchanged && frozenUnchanged.values().stream().allMatch(same -> same);
    }
}
