package org.lora4j.nn.weight.internal;

/** A parameter, to the code that multiplies with it. */
public interface Weighted {
    /**
     * Returns what layers multiply with.
     *
     * @return always the same object
     */
    Weight weight();
}
