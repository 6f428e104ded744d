package org.lora4j.adapter;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * How many parameters a base model has, and how many LoRA adds.
 *
 * @param layers the layers in the order of the model
 * @param targets how many of the adapted layers each target chooses, by target; empty if there are no names
 *     or expressions, or they are not known
 * @param bytes how many bytes the arrays of the adapter take; 0 if not known
 */
public record ParameterReport(List<Layer> layers, Map<String, Integer> targets, long bytes) {
    /**
     * Copies list and map.
     *
     * @param layers the layers
     * @param targets the number of layers by target
     * @param bytes the bytes of the adapter
     * @throws IllegalArgumentException if the number of bytes is negative
     */
    public ParameterReport {
        if (bytes < 0) {
            throw new IllegalArgumentException("bytes must not be negative, found " + bytes);
        }
        Objects.requireNonNull(layers, "layers must not be null");
        Objects.requireNonNull(targets, "targets must not be null");
        layers = List.copyOf(layers);
        targets = Collections.unmodifiableMap(new LinkedHashMap<>(targets));
    }

    /** Creates a report without targets and bytes. */
    ParameterReport(List<Layer> layers) {
        this(layers, Map.of(), 0);
    }

    /**
     * One layer.
     *
     * @param path the module path
     * @param weight the shape {@code [out, in]} of W
     * @param bias the shape {@code [out]} of b, or null if there is none
     * @param loraA the shape {@code [r, in]} of A, or null if the layer is not adapted
     * @param loraB the shape {@code [out, r]} of B, or null if the layer is not adapted
     */
    public record Layer(
            String path,
            List<Long> weight,
            @Nullable List<Long> bias,
            @Nullable List<Long> loraA,
            @Nullable List<Long> loraB) {
        /**
         * Copies the shapes.
         *
         * @param path the module path
         * @param weight the shape of W
         * @param bias the shape of b, or null
         * @param loraA the shape of A, or null
         * @param loraB the shape of B, or null
         */
        public Layer {
            Objects.requireNonNull(path, "path must not be null");
            Objects.requireNonNull(weight, "weight must not be null");
            weight = List.copyOf(weight);
            bias = copy(bias);
            loraA = copy(loraA);
            loraB = copy(loraB);
        }

        private static @Nullable List<Long> copy(@Nullable List<Long> shape) {
            return shape == null ? null : List.copyOf(shape);
        }

        /**
         * Returns how many parameters the layer has without LoRA.
         *
         * @return the number of elements of W and b
         */
        public long original() {
            return elements(weight) + elements(bias);
        }

        /**
         * Returns how many parameters LoRA adds.
         *
         * @return the number of elements of A and B
         */
        public long lora() {
            return elements(loraA) + elements(loraB);
        }

        private static long elements(@Nullable List<Long> shape) {
            return shape == null ? 0 : shape.stream().reduce(1L, Math::multiplyExact);
        }
    }

    /**
     * Reports a base with the factors of an adapter.
     *
     * @param base the model
     * @param config the configuration of the adapter
     * @param weights the arrays of the adapted layers by module path, such as {@link LoRAAdapter#weights}
     * @return the report, with the number of layers that each name or expression chooses
     */
    public static ParameterReport of(BaseModel base, LoRAConfig config, Map<String, LoRAWeights> weights) {
        Objects.requireNonNull(base, "base must not be null");
        Objects.requireNonNull(config, "config must not be null");
        Objects.requireNonNull(weights, "weights must not be null");
        TargetModules targets = config.targetModules();
        return new ParameterReport(
                layers(base, weights),
                targets instanceof TargetModules.AllLinear ? Map.of() : targets.matches(weights.keySet()),
                bytes(weights));
    }

    /**
     * Reports a base with factors that were not chosen by a configuration.
     *
     * @param base the model
     * @param weights the arrays of the adapted layers by module path
     * @return the report, without targets
     */
    public static ParameterReport of(BaseModel base, Map<String, LoRAWeights> weights) {
        Objects.requireNonNull(base, "base must not be null");
        Objects.requireNonNull(weights, "weights must not be null");
        return new ParameterReport(layers(base, weights), Map.of(), bytes(weights));
    }

    private static List<Layer> layers(BaseModel base, Map<String, LoRAWeights> weights) {
        List<Layer> layers = new ArrayList<>();
        for (BaseLayer layer : base.baseLayers()) {
            LoRAWeights lora = weights.get(layer.path());
            INDArray bias = layer.bias();
            layers.add(new Layer(
                    layer.path(),
                    list(layer.shape()),
                    bias == null ? null : list(bias.shape()),
                    lora == null ? null : list(lora.loraA().shape()),
                    lora == null ? null : list(lora.loraB().shape())));
        }
        return layers;
    }

    private static long bytes(Map<String, LoRAWeights> weights) {
        return weights.values().stream()
                .flatMap(lora -> Stream.of(lora.loraA(), lora.loraB(), lora.magnitude(), lora.loraBBias()))
                .filter(Objects::nonNull)
                .mapToLong(array -> array.length() * array.dataType().width())
                .sum();
    }

    private static List<Long> list(long[] shape) {
        return Arrays.stream(shape).boxed().toList();
    }

    /**
     * Returns how many parameters the model has without LoRA.
     *
     * @return the number of elements of all W and b
     */
    public long original() {
        return layers.stream().mapToLong(Layer::original).sum();
    }

    /**
     * Returns how many parameters LoRA adds.
     *
     * @return the number of elements of all A and B
     */
    public long lora() {
        return layers.stream().mapToLong(Layer::lora).sum();
    }

    /**
     * Returns how many parameters there are together.
     *
     * @return the sum of original and LoRA
     */
    public long total() {
        return original() + lora();
    }

    /**
     * Returns how much LoRA adds.
     *
     * @return LoRA's parameters in percent of the original ones
     */
    public double incrementPercent() {
        return 100.0 * lora() / original();
    }

    /**
     * Returns the report as a table of plain text.
     *
     * @return a line per layer, one per target, one with the bytes if they are known, and one with the sums
     */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (Layer layer : layers) {
            text.append(String.format(
                    Locale.ROOT,
                    "%s: W %s + b %s + lora_A %s + lora_B %s%n",
                    layer.path(),
                    layer.weight(),
                    layer.bias() == null ? "none" : layer.bias(),
                    layer.loraA() == null ? "none" : layer.loraA(),
                    layer.loraB() == null ? "none" : layer.loraB()));
        }
        targets.forEach(
                (target, count) -> text.append(String.format(Locale.ROOT, "target %s: %d layers%n", target, count)));
        if (bytes > 0) {
            text.append(String.format(Locale.ROOT, "bytes of the adapter: %,d%n", bytes));
        }
        return text.append(String.format(
                        Locale.ROOT,
                        "original %,d + LoRA %,d = %,d (increment %.3f %%)",
                        original(),
                        lora(),
                        total(),
                        incrementPercent()))
                .toString();
    }
}
