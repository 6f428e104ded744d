package org.lora4j;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.Linear;
import org.lora4j.nn.Network;
import org.lora4j.nn.Parameter;

/**
 * How many parameters a network has, and how many LoRA adds.
 *
 * @param layers the dense layers, in the order of the network
 */
public record ParameterReport(List<Layer> layers) {
    /**
     * Copies the list.
     *
     * @param layers the dense layers
     */
    public ParameterReport {
        layers = List.copyOf(layers);
    }

    /**
     * One dense layer.
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
         * The parameters that the layer had before.
         *
         * @return the number of elements of W and b
         */
        public long original() {
            return elements(weight) + elements(bias);
        }

        /**
         * The parameters that LoRA adds.
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
     * Reports a network with the {@link LoRAParametrization}s that are registered on its layers.
     *
     * @param network the network; a layer with several decorations is reported with the first
     * @return the report
     */
    public static ParameterReport of(Network network) {
        return new ParameterReport(network.linears().stream()
                .map(linear -> layer(
                        linear,
                        linear.parametrizations().values().stream()
                                .filter(AdapterParametrization.class::isInstance)
                                .map(AdapterParametrization.class::cast)
                                .findFirst()
                                .orElse(null)))
                .toList());
    }

    static Layer layer(Linear linear, @Nullable AdapterParametrization lora) {
        Parameter bias = linear.bias();
        return new Layer(
                linear.path(),
                shape(linear.original()),
                bias == null ? null : shape(bias),
                lora == null ? null : shape(lora.loraA()),
                lora == null ? null : shape(lora.loraB()));
    }

    private static List<Long> shape(Parameter parameter) {
        return Arrays.stream(parameter.value().shape()).boxed().toList();
    }

    /**
     * The parameters of the network without LoRA.
     *
     * @return the number of elements of all W and b
     */
    public long original() {
        return layers.stream().mapToLong(Layer::original).sum();
    }

    /**
     * The parameters that LoRA adds.
     *
     * @return the number of elements of all A and B
     */
    public long lora() {
        return layers.stream().mapToLong(Layer::lora).sum();
    }

    /**
     * All parameters.
     *
     * @return original and LoRA together
     */
    public long total() {
        return original() + lora();
    }

    /**
     * How much LoRA adds.
     *
     * @return LoRA's parameters in percent of the original ones
     */
    public double incrementPercent() {
        return 100.0 * lora() / original();
    }

    /**
     * The report as a table of plain text.
     *
     * @return a line per layer and one with the sums
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
