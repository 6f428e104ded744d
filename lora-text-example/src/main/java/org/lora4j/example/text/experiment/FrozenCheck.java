package org.lora4j.example.text.experiment;

import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.lora4j.nn.Network;
import org.lora4j.nn.Parameter;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The check that a training with LoRA leaves the base as it is. */
final class FrozenCheck {
    private final Network before;

    /**
     * Starts before the training.
     *
     * @param base the base, which is copied
     */
    FrozenCheck(Network base) {
        before = base.copy();
    }

    /** Returns for each parameter whether it is the same as before, bit for bit. */
    Map<String, Boolean> unchanged(Network after) {
        Map<String, Boolean> unchanged = new LinkedHashMap<>();
        Iterator<Parameter> originals = before.parameters().iterator();
        for (Parameter parameter : after.parameters()) {
            unchanged.put(
                    parameter.name(),
                    sameBits(parameter.value(), originals.next().value()));
        }
        return unchanged;
    }

    /** Compares exactly; the equality of ND4J allows differences of 1e-5. */
    static boolean sameBits(INDArray a, INDArray b) {
        return Arrays.equals(a.shape(), b.shape())
                && Arrays.equals(a.dup('c').data().asFloat(), b.dup('c').data().asFloat());
    }
}
