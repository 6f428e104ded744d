package org.lora4j.example.mnist;

import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.nn.Linear;
import org.lora4j.nn.Network;
import org.lora4j.nn.Parameter;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The article's assertions, bit for bit.
 *
 * @param frozenUnchanged per parameter of the network: is it what it was before?
 * @param effectiveWeightExact per layer: with LoRA on, is the weight {@code W + (B·A)·scale}, summed over the adapters?
 * @param disabledEqualsOriginal per layer: with LoRA off, is the weight the one of before?
 */
record Proofs(
        Map<String, Boolean> frozenUnchanged,
        Map<String, Boolean> effectiveWeightExact,
        Map<String, Boolean> disabledEqualsOriginal) {

    /**
     * Looks at a model after the fine-tuning, with the adapters that are active, which they still are when this returns.
     *
     * @param before a copy of the network from before
     */
    static Proofs of(LoRAModel model, Network before) {
        List<String> active = model.active();
        List<LoRAAdapter> adapters = active.stream().map(model::adapter).toList();
        Network on = model.mergeActive();
        model.activate();
        Network off = model.mergeActive();
        model.activate(active.toArray(String[]::new));
        return of(before, model.network(), adapters, on, off);
    }

    /**
     * Compares networks.
     *
     * @param before from before the fine-tuning
     * @param after the same from after it
     * @param adapters what was trained
     * @param on what the model computes with while the adapters take part
     * @param off what it computes with while they do not
     */
    static Proofs of(Network before, Network after, List<LoRAAdapter> adapters, Network on, Network off) {
        Map<String, Boolean> exact = new LinkedHashMap<>();
        Map<String, Boolean> disabled = new LinkedHashMap<>();
        for (Linear linear : before.linears()) {
            String path = linear.path();
            exact.put(path, sameBits(weight(on, path), sum(weight(before, path), path, adapters)));
            disabled.put(path, sameBits(weight(off, path), weight(before, path)));
        }
        return new Proofs(frozenUnchanged(before, after), exact, disabled);
    }

    boolean hold() {
        return Stream.of(frozenUnchanged, effectiveWeightExact, disabledEqualsOriginal)
                .flatMap(proof -> proof.values().stream())
                .allMatch(holds -> holds);
    }

    private static INDArray weight(Network network, String path) {
        return network.linear(path).weight();
    }

    private static Map<String, Boolean> frozenUnchanged(Network before, Network after) {
        Map<String, Boolean> unchanged = new LinkedHashMap<>();
        Iterator<Parameter> originals = before.parameters().iterator();
        for (Parameter parameter : after.parameters()) {
            unchanged.put(
                    parameter.name(),
                    sameBits(parameter.value(), originals.next().value()));
        }
        return unchanged;
    }

    /** {@code W + (B·A)·scale}, put together here from its parts. */
    private static INDArray sum(INDArray original, String path, List<LoRAAdapter> adapters) {
        INDArray sum = original;
        for (LoRAAdapter adapter : adapters) {
            LoRAWeights factors = adapter.weights().get(path);
            if (factors != null) {
                INDArray product = Nd4j.createUninitialized(original.dataType(), original.shape(), original.ordering());
                Nd4j.gemm(factors.loraB(), factors.loraA(), product, false, false, 1, 0);
                sum = sum.add(product.mul(adapter.config().scaleOf(path)));
            }
        }
        return sum;
    }

    /** ND4J's own comparison would let differences of 1e-5 pass. */
    static boolean sameBits(INDArray a, INDArray b) {
        return Arrays.equals(a.shape(), b.shape()) && Arrays.equals(rowMajor(a), rowMajor(b));
    }

    private static float[] rowMajor(INDArray array) {
        return array.dup('c').data().asFloat();
    }
}
