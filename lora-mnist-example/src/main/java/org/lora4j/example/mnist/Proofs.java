package org.lora4j.example.mnist;

import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.lora4j.LoRAParametrization;
import org.lora4j.nn.Linear;
import org.lora4j.nn.Network;
import org.lora4j.nn.Parameter;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The article's assertions, bit for bit.
 *
 * @param frozenUnchanged per parameter of the network: is it what it was before?
 * @param effectiveWeightExact per layer: with LoRA on, is the weight {@code W + (B·A)·scale}?
 * @param disabledEqualsOriginal per layer: with LoRA off, is the weight the one of before?
 */
record Proofs(
        Map<String, Boolean> frozenUnchanged,
        Map<String, Boolean> effectiveWeightExact,
        Map<String, Boolean> disabledEqualsOriginal) {

    /**
     * Looks at a network after the fine-tuning. LoRA is on when this returns.
     *
     * @param before a copy of the network from before
     */
    static Proofs of(Network network, Network before, LoRALayers lora) {
        lora.setEnabled(false);
        Map<String, Boolean> disabled = disabledEqualsOriginal(network, before);
        lora.setEnabled(true);
        return new Proofs(frozenUnchanged(network, before), effectiveWeightExact(network, lora), disabled);
    }

    boolean hold() {
        return Stream.of(frozenUnchanged, effectiveWeightExact, disabledEqualsOriginal)
                .flatMap(proof -> proof.values().stream())
                .allMatch(holds -> holds);
    }

    private static Map<String, Boolean> frozenUnchanged(Network network, Network before) {
        Map<String, Boolean> unchanged = new LinkedHashMap<>();
        Iterator<Parameter> originals = before.parameters().iterator();
        for (Parameter parameter : network.parameters()) {
            unchanged.put(
                    parameter.name(),
                    sameBits(parameter.value(), originals.next().value()));
        }
        return unchanged;
    }

    private static Map<String, Boolean> effectiveWeightExact(Network network, LoRALayers lora) {
        Map<String, Boolean> exact = new LinkedHashMap<>();
        lora.byPath()
                .forEach((path, layer) ->
                        exact.put(path, sameBits(network.linear(path).weight(), sum(layer))));
        return exact;
    }

    /** {@code W + (B·A)·scale}, put together here from its parts. */
    private static INDArray sum(LoRAParametrization lora) {
        INDArray original = lora.original();
        INDArray product = Nd4j.createUninitialized(original.dataType(), original.shape(), original.ordering());
        Nd4j.gemm(lora.loraB().value(), lora.loraA().value(), product, false, false, 1, 0);
        return original.add(product.mul(lora.scale()));
    }

    private static Map<String, Boolean> disabledEqualsOriginal(Network network, Network before) {
        Map<String, Boolean> equal = new LinkedHashMap<>();
        for (Linear linear : network.linears()) {
            INDArray original = before.linear(linear.path()).original().value();
            equal.put(linear.path(), sameBits(linear.weight(), original));
        }
        return equal;
    }

    /** ND4J's own comparison would let differences of 1e-5 pass. */
    static boolean sameBits(INDArray a, INDArray b) {
        return Arrays.equals(a.shape(), b.shape()) && Arrays.equals(rowMajor(a), rowMajor(b));
    }

    private static float[] rowMajor(INDArray array) {
        return array.dup('c').data().asFloat();
    }
}
