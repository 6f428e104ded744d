package org.lora4j;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.EffectiveLinear;
import org.lora4j.nn.Linear;
import org.lora4j.nn.Network;
import org.lora4j.nn.Parameter;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * An adapter on a network: a decoration for each adapted layer, and copies of biases and layers that it trains in their
 * stead. Only the arrays change, and only by training.
 */
final class NamedAdapter {
    private final String name;
    private final LoRAConfig config;
    private final Map<Linear, AdapterParametrization> parametrizations = new LinkedHashMap<>();
    private final Map<Linear, Parameter> biases = new LinkedHashMap<>();
    private final Map<Linear, SavedParameters> saved = new LinkedHashMap<>();

    /** The copies of a layer that is trained in full. */
    private record SavedParameters(
            Parameter weight, @Nullable Parameter bias) {}

    private NamedAdapter(String name, LoRAConfig config) {
        this.name = name;
        this.config = config;
    }

    /**
     * Makes an adapter at its beginning, trainable.
     *
     * @throws IllegalArgumentException if the configuration does not fit the network
     */
    static NamedAdapter create(Network network, String name, LoRAConfig config) {
        ModuleSelection selection = ModuleSelection.of(network, config);
        NamedAdapter adapter = new NamedAdapter(name, config);
        for (Linear linear : selection.adapted()) {
            adapter.parametrizations.put(linear, AdapterParametrization.create(linear, name, config));
        }
        for (Linear linear : selection.saved()) {
            Parameter bias = linear.bias();
            adapter.save(linear, linear.original().value(), bias == null ? null : bias.value());
        }
        for (Linear linear : network.linears()) {
            Parameter bias = linear.bias();
            if (bias != null && !adapter.saved.containsKey(linear) && adapter.trainsBias(linear)) {
                adapter.biases.put(linear, trainable(bias.name(), bias.value()));
            }
        }
        return adapter;
    }

    private boolean trainsBias(Linear linear) {
        return switch (config.bias()) {
            case NONE -> false;
            case LORA_ONLY -> parametrizations.containsKey(linear);
            case ALL -> true;
        };
    }

    /**
     * Puts data on a network, frozen. The arrays are copied, into the network's type.
     *
     * @throws IllegalArgumentException if a path or a shape does not fit the network; the message lists all
     */
    static NamedAdapter of(Network network, String name, LoRAAdapter data) {
        new AdapterFit(network).require(name, data);
        NamedAdapter adapter = new NamedAdapter(name, data.config());
        data.weights().forEach((path, weights) -> {
            Linear linear = network.linear(path);
            adapter.parametrizations.put(
                    linear,
                    AdapterParametrization.of(
                            linear, name, data.config(), AdapterFit.convert(weights, network.dataType())));
        });
        data.savedModules()
                .forEach((path, module) -> adapter.save(network.linear(path), module.weight(), module.bias()));
        data.biases().forEach((path, bias) -> {
            Linear linear = network.linear(path);
            adapter.biases.put(linear, trainable(path + ".bias", bias.castTo(network.dataType())));
        });
        adapter.setTrainable(false);
        return adapter;
    }

    private void save(Linear linear, INDArray weight, @Nullable INDArray bias) {
        saved.put(
                linear,
                new SavedParameters(
                        trainable(linear.path() + ".weight", weight.castTo(linear.dataType())),
                        bias == null ? null : trainable(linear.path() + ".bias", bias.castTo(linear.dataType()))));
    }

    private static Parameter trainable(String name, INDArray value) {
        return new Parameter(name, value.dup(value.ordering()), true);
    }

    String name() {
        return name;
    }

    LoRAConfig config() {
        return config;
    }

    /** The same adapter under another name. */
    NamedAdapter rename(String newName) {
        NamedAdapter renamed = new NamedAdapter(newName, config);
        renamed.parametrizations.putAll(parametrizations);
        renamed.biases.putAll(biases);
        renamed.saved.putAll(saved);
        return renamed;
    }

    Map<Linear, AdapterParametrization> parametrizations() {
        return parametrizations;
    }

    /** Whether it stands in for a bias or a weight of the layer, which only one adapter can do. */
    boolean replaces(Linear linear) {
        return biases.containsKey(linear) || saved.containsKey(linear);
    }

    /** Whether it adds products of two factors to the layers, and nothing else. */
    boolean addsFactorsOnly() {
        return biases.isEmpty()
                && saved.isEmpty()
                && parametrizations.values().stream().allMatch(LoRAParametrization.class::isInstance);
    }

    /** Adds what the adapter does to a layer. */
    EffectiveLinear apply(Linear linear, EffectiveLinear effective) {
        Parameter weight = effective.weight();
        Parameter bias = biases.getOrDefault(linear, effective.bias());
        SavedParameters copies = saved.get(linear);
        if (copies != null) {
            weight = copies.weight();
            bias = copies.bias();
        }
        AdapterParametrization parametrization = parametrizations.get(linear);
        return new EffectiveLinear(weight, bias, effective.parametrizations())
                .with(parametrization == null ? List.of() : List.of(parametrization));
    }

    /** All parameters of the adapter. */
    List<Parameter> parameters() {
        List<Parameter> all = new ArrayList<>();
        parametrizations.values().forEach(parametrization -> all.addAll(parametrization.parameters()));
        all.addAll(biases.values());
        for (SavedParameters copies : saved.values()) {
            all.add(copies.weight());
            if (copies.bias() != null) {
                all.add(copies.bias());
            }
        }
        return all;
    }

    /** Whether a parameter is one of its factors B, or the bias of one. */
    boolean isLoraB(Parameter parameter) {
        return parametrizations.values().stream()
                .anyMatch(one -> parameter == one.loraB()
                        || (one instanceof LoRAParametrization lora && parameter == lora.loraBBias()));
    }

    void setTrainable(boolean trainable) {
        parameters().forEach(parameter -> parameter.setTrainable(trainable));
    }

    /** A copy of the adapter as data, against the untouched base. */
    LoRAAdapter snapshot() {
        Map<String, LoRAWeights> weights = new LinkedHashMap<>();
        parametrizations.forEach((linear, parametrization) -> weights.put(linear.path(), parametrization.weights()));
        Map<String, INDArray> biasCopies = new LinkedHashMap<>();
        biases.forEach(
                (linear, bias) -> biasCopies.put(linear.path(), bias.value().dup()));
        Map<String, LoRAAdapter.SavedModule> modules = new LinkedHashMap<>();
        saved.forEach((linear, copies) -> modules.put(
                linear.path(),
                new LoRAAdapter.SavedModule(
                        copies.weight().value().dup('c'),
                        copies.bias() == null ? null : copies.bias().value().dup())));
        return new LoRAAdapter(ordinary(config), weights, biasCopies, modules);
    }

    /** The settings of an ordinary adapter: where the base gave something up, twice the rank at the same scale. */
    private static LoRAConfig ordinary(LoRAConfig config) {
        if (!config.init().changesBase()) {
            return config;
        }
        double factor = config.rankStabilized() ? Math.sqrt(2) : 2;
        Map<String, Integer> ranks = new LinkedHashMap<>();
        config.rankPattern().forEach((key, rank) -> ranks.put(key, 2 * rank));
        Map<String, Double> alphas = new LinkedHashMap<>();
        config.alphaPattern().forEach((key, alpha) -> alphas.put(key, factor * alpha));
        return config.toBuilder()
                .rank(2 * config.rank())
                .alpha(factor * config.alpha())
                .rankPattern(ranks)
                .alphaPattern(alphas)
                .init(LoRAInit.kaimingUniform())
                .build();
    }

    @Override
    public String toString() {
        return name + " on "
                + Arrays.toString(
                        parametrizations.keySet().stream().map(Linear::path).toArray());
    }
}
