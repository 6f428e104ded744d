package org.lora4j.console.report;

import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.lora4j.nn.Network;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Exact comparisons: the equality of ND4J allows differences of 1e-5. */
public final class SameBits {
    private SameBits() {}

    /**
     * Compares two arrays.
     *
     * @return whether shapes and values are the same, whatever the order in memory
     */
    public static boolean of(INDArray a, INDArray b) {
        return Arrays.equals(a.shape(), b.shape())
                && Arrays.equals(a.dup('c').data().asFloat(), b.dup('c').data().asFloat());
    }

    /**
     * Compares the parameters of two networks of the same layers.
     *
     * @param before a network
     * @param after the same network later
     * @return for each parameter, whether it is the same
     */
    public static Map<String, Boolean> ofParameters(Network before, Network after) {
        Map<String, Boolean> unchanged = new LinkedHashMap<>();
        Iterator<Parameter> originals = before.parameters().iterator();
        for (Parameter parameter : after.parameters()) {
            unchanged.put(
                    parameter.name(), of(parameter.value(), originals.next().value()));
        }
        return unchanged;
    }
}
