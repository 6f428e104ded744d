package org.lora4j.model.internal;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.adapter.ModuleSelection;
import org.lora4j.adapter.TargetModules;
import org.lora4j.nn.Network;
import org.lora4j.nn.batch.internal.EffectiveLayers;
import org.lora4j.nn.batch.internal.Segments;
import org.lora4j.nn.compute.internal.Pass;
import org.lora4j.nn.input.Input;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.layer.WeightedLayer;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.nn.parametrization.internal.EffectiveLinear;
import org.lora4j.nn.parametrization.internal.PassContext;
import org.lora4j.nn.parametrization.internal.WeightUpdate;
import org.lora4j.nn.parametrization.internal.WeightUpdatePass;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Creates an adapter by EVA, from data. */
final class EvaAdapter {
    private final Network network;
    private final LoRAConfig config;
    private final EvaData init;

    /** The components of each adapted dense layer; layers with the same inputs share them. */
    private final Map<Linear, PrincipalComponents> components = new LinkedHashMap<>();

    /** The rank of each of these layers. */
    private final Map<Linear, Integer> ranks = new LinkedHashMap<>();

    private EvaAdapter(Network network, LoRAConfig config, EvaData init) {
        this.network = network;
        this.config = config;
        this.init = init;
    }

    /**
     * Creates an adapter.
     *
     * @throws IllegalArgumentException if the configuration does not fit the network or has another initialization, or there
     *     are too few rows
     */
    static LoRAAdapter create(Network network, LoRAConfig config, EvaData init) {
        if (!config.init().equals(LoRAInit.kaimingUniform())) {
            throw new IllegalArgumentException("init: EVA takes the place of the initialization in the configuration,"
                    + " so this must be the default, found " + config.init());
        }
        return new EvaAdapter(network, config, init).create();
    }

    private LoRAAdapter create() {
        List<String> adapted =
                new ArrayList<>(ModuleSelection.of(network, config).adapted());
        List<Linear> layers = network.linears().stream()
                .filter(linear -> adapted.contains(linear.path()))
                .toList();
        computeComponents(layers);
        chooseRanks();
        List<String> dropped = ranks.entrySet().stream()
                .filter(entry -> entry.getValue() == 0)
                .map(entry -> entry.getKey().path())
                .toList();
        adapted.removeAll(dropped);
        LoRAAdapter initial = LoRAAdapter.initialize(network, chosen(adapted)).adapter();
        Map<String, LoRAWeights> weights = new LinkedHashMap<>(initial.weights());
        ranks.forEach((layer, rank) -> {
            LoRAWeights old = weights.get(layer.path());
            if (old != null) {
                INDArray a = components(layer).leading(rank).castTo(network.dataType());
                weights.put(
                        layer.path(), new LoRAWeights(old.kind(), a, old.loraB(), old.magnitude(), old.loraBBias()));
            }
        });
        return new LoRAAdapter(
                initial.config(), weights, initial.biases(), initial.savedModules(), initial.tokenRows());
    }

    private PrincipalComponents components(Linear layer) {
        return Objects.requireNonNull(components.get(layer));
    }

    /** The most components of a layer. */
    private int candidates(Linear layer) {
        return (int) Math.min(Math.round(config.rankOf(layer.path()) * init.rho()), layer.inputSize());
    }

    private void computeComponents(List<Linear> layers) {
        Recording recording = new Recording();
        Map<WeightedLayer, EffectiveLinear> effective = new LinkedHashMap<>();
        for (WeightedLayer layer : network.weightedLayers()) {
            EffectiveLinear original = layer.original();
            effective.put(
                    layer,
                    layer instanceof Linear linear && layers.contains(linear)
                            ? original.with(List.of(new Recorder(linear, recording)))
                            : original);
        }
        Pass pass = new Pass(network.stack(), false, () -> EffectiveLayers.of(effective));
        List<Linear> linears = network.linears();
        // The output of a language model is as wide as its vocabulary.
        boolean needsHead = !pass.hasHead() || layers.contains(linears.get(linears.size() - 1));
        for (Input batch : init.batches()) {
            Objects.requireNonNull(batch, "batches must not contain null");
            recording.steps.clear();
            if (needsHead) {
                pass.forward(batch);
            } else {
                pass.require(batch);
                pass.forwardToHead(Segments.of(pass.segment(), batch));
            }
        }
        for (Linear layer : layers) {
            long rows = components.containsKey(layer) ? components(layer).rows() : 0;
            if (rows < candidates(layer)) {
                throw new IllegalArgumentException(layer.path() + ": EVA needs at least " + candidates(layer)
                        + " rows or tokens for so many components, found " + rows + "; give it more batches");
            }
        }
    }

    /** What the layers compute of one batch. */
    private final class Recording {
        private record Step(PrincipalComponents before, INDArray x) {
            @Override
            public boolean equals(@Nullable Object other) {
                return other instanceof Step step && step.before == before && step.x == x;
            }

            @Override
            public int hashCode() {
                return 31 * System.identityHashCode(before) + System.identityHashCode(x);
            }
        }

        private final PrincipalComponents none = new PrincipalComponents(mostCandidates());

        /** Layers that share an input get the same array, so those that had the same inputs before share the new components. */
        private final Map<Step, PrincipalComponents> steps = new HashMap<>();

        void see(Linear layer, INDArray x) {
            PrincipalComponents before = components.getOrDefault(layer, none);
            components.put(layer, steps.computeIfAbsent(new Step(before, x), step -> before.plus(x)));
        }
    }

    private int mostCandidates() {
        return network.linears().stream().mapToInt(this::candidates).max().orElse(1);
    }

    /** Takes the components that explain most, over all layers, as many as all ranks together. */
    private void chooseRanks() {
        record Candidate(Linear layer, double share) {}
        List<Candidate> candidates = new ArrayList<>();
        long budget = 0;
        for (Linear layer : components.keySet()) {
            budget += config.rankOf(layer.path());
            ranks.put(layer, 0);
            for (int i = 0; i < candidates(layer); i++) {
                candidates.add(new Candidate(layer, components(layer).share(i)));
            }
        }
        candidates.stream()
                .sorted(Comparator.comparingDouble(Candidate::share).reversed())
                .limit(budget)
                .forEach(candidate -> ranks.merge(candidate.layer(), 1, Integer::sum));
    }

    /** The configuration with the ranks that were chosen. */
    private LoRAConfig chosen(List<String> adapted) {
        boolean isSame = ranks.entrySet().stream()
                .allMatch(entry ->
                        entry.getValue() == config.rankOf(entry.getKey().path()));
        if (isSame) {
            return config;
        }
        Map<String, Integer> rankOf = new LinkedHashMap<>();
        Map<String, Double> alphaOf = new LinkedHashMap<>();
        // A key also matches longer paths that end with it, and the first key counts.
        List<String> longestFirst = adapted.stream()
                .sorted(Comparator.comparingInt(String::length).reversed())
                .toList();
        for (String path : longestFirst) {
            int old = config.rankOf(path);
            int rank = network.baseLayer(path) instanceof Linear linear ? ranks.getOrDefault(linear, old) : old;
            rankOf.put(path, rank);
            alphaOf.put(path, config.alphaOf(path) * rank / old);
        }
        return config.toBuilder()
                .targetModules(new TargetModules.Paths(adapted))
                .rankPattern(rankOf)
                .alphaPattern(alphaOf)
                .build();
    }

    /** An update that changes nothing, and shows what its layer gets. */
    private record Recorder(Linear layer, Recording recording) implements WeightUpdate {
        @Override
        public List<Parameter> parameters() {
            return List.of();
        }

        @Override
        public INDArray delta(INDArray original) {
            return Nd4j.zerosLike(original);
        }

        @Override
        public WeightUpdatePass newPass(PassContext context) {
            return new WeightUpdatePass() {
                @Override
                public boolean bind(WeightUpdate update) {
                    return false;
                }

                @Override
                public boolean readsBase() {
                    return false;
                }

                @Override
                public void forward(INDArray x, INDArray base, INDArray y) {
                    recording.see(layer, x);
                }

                @Override
                public void backward(INDArray x, INDArray base, INDArray yGradient, INDArray baseGradient) {}

                @Override
                public void addInputGradient(INDArray xGradient) {}
            };
        }
    }
}
