package org.lora4j.example.mnist.report;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.console.report.SameBits;
import org.lora4j.nn.Network;
import org.lora4j.nn.layer.Linear;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The article's assertions, bit for bit.
 *
 * @param frozenUnchanged for each parameter of the network, whether it is the same as before the fine-tuning
 * @param effectiveWeightExact for each layer, whether its weight with LoRA on is {@code W + (B·A)·scale}, summed over the
 *     adapters
 * @param disabledEqualsOriginal for each layer, whether its weight with LoRA off is the original W
 */
public record Checks(
        Map<String, Boolean> frozenUnchanged,
        Map<String, Boolean> effectiveWeightExact,
        Map<String, Boolean> disabledEqualsOriginal) {

    /**
     * Checks a model after the fine-tuning with its active adapters.
     *
     * @param before a copy of the network from before the fine-tuning
     */
    public static Checks of(LoRAModel model, Network before) {
        List<LoRAAdapter> adapters = model.active().stream().map(model::adapter).toList();
        return of(
                before,
                model.network(),
                adapters,
                model.mergeActive(),
                model.base().merge());
    }

    /**
     * Checks networks.
     *
     * @param before the network before the fine-tuning
     * @param after the network after the fine-tuning
     * @param adapters the trained adapters
     * @param on the effective weights with LoRA on
     * @param off the effective weights with LoRA off
     */
    static Checks of(Network before, Network after, List<LoRAAdapter> adapters, Network on, Network off) {
        Map<String, Boolean> exact = new LinkedHashMap<>();
        Map<String, Boolean> disabled = new LinkedHashMap<>();
        for (Linear linear : before.linears()) {
            String path = linear.path();
            exact.put(path, SameBits.of(on.linear(path).weight(), sum(linear.weight(), path, adapters)));
            disabled.put(path, SameBits.of(off.linear(path).weight(), linear.weight()));
        }
        return new Checks(SameBits.ofParameters(before, after), exact, disabled);
    }

    public boolean hold() {
        return Stream.of(frozenUnchanged, effectiveWeightExact, disabledEqualsOriginal)
                .flatMap(check -> check.values().stream())
                .allMatch(holds -> holds);
    }

    /** Computes {@code W + (B·A)·scale} from its parts, without the library's own formula. */
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
}
