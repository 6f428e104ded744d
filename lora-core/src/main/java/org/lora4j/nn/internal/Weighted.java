package org.lora4j.nn.internal;

/** Something that layers multiply with. */
public interface Weighted {
    /**
     * Returns what layers multiply with.
     *
     * @return always the same object
     */
    Weight weight();
}
