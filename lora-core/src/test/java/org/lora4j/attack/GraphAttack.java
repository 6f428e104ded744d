package org.lora4j.attack;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.BaseLayer;
import org.lora4j.adapter.BiasTraining;
import org.lora4j.adapter.LayerKind;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAConfigBuilder;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.internal.math.RandomArrays;
import org.lora4j.internal.memory.ArrayBits;
import org.lora4j.samediff.SameDiffLoRA;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Random adapters on a random graph: what the graph computes with them, a merged graph must compute too. */
final class GraphAttack {
    private static final List<BiasTraining> BIASES = List.of(BiasTraining.values());
    private final SplittableRandom random;
    private final RandomGraph base;
    private final SameDiffLoRA lora;
    private final String place;

    private GraphAttack(long seed) {
        random = new SplittableRandom(seed);
        base = new RandomGraph(seed);
        lora = SameDiffLoRA.of(base.graph);
        place = "seed " + seed;
    }

    /** Attacks the graph of a seed. The same seed gives the same graph and adapters. */
    static void run(long seed) {
        new GraphAttack(seed).run();
    }

    private void run() {
        INDArray original = output(List.of());
        LoRAConfig first = config();
        lora.add("a", first);
        assertThat(ArrayBits.equal(output(List.of("a")), original)).as(place).isEqualTo(startsAtTheBase(first));
        if (random.nextBoolean()) {
            lora.train("a");
            base.fit();
        } else {
            changeArrays("a");
        }
        INDArray adapted = output(List.of("a"));
        assertThat(adapted.distance2(original)).as("%s, %s", place, first).isGreaterThan(1e-6);
        lora.activate("a");
        requireSame(base.output(base.graph), adapted, first);
        requireSame(base.output(lora.merge("a")), adapted, first);
        LoRAConfig second = config().toBuilder()
                .bias(BiasTraining.NONE)
                .modulesToSave(List.of())
                .build();
        lora.add("b", second);
        changeArrays("b");
        requireSame(base.output(lora.merge("a", "b")), output(List.of("a", "b")), first, second);
        assertThat(ArrayBits.equal(output(List.of()), original)).as(place).isTrue();
        lora.restore();
        assertThat(ArrayBits.equal(base.output(base.graph), original)).as(place).isTrue();
    }

    private static boolean startsAtTheBase(LoRAConfig config) {
        return !config.init().equals(LoRAInit.random());
    }

    private INDArray output(List<String> adapters) {
        return Objects.requireNonNull((adapters.isEmpty() ? lora.base() : lora.using(adapters.toArray(new String[0])))
                .output(base.feed(), "y")
                .get("y"));
    }

    private LoRAConfig config() {
        boolean loraBias = random.nextInt(3) == 0;
        List<String> targets = new ArrayList<>();
        List<String> others = new ArrayList<>();
        for (BaseLayer layer : lora.baseLayers()) {
            // A bias of B needs a bias to be merged into, and an embedding has none.
            boolean possible = !loraBias || (layer.bias() != null && layer.kind() != LayerKind.EMBEDDING);
            (possible && random.nextInt(3) > 0 ? targets : others).add(layer.path());
        }
        if (targets.isEmpty()) {
            loraBias = false;
            targets.add(others.remove(random.nextInt(others.size())));
        }
        LoRAConfigBuilder builder = LoRAConfig.builder()
                .rank(1 + random.nextInt(2))
                .alpha(1 + random.nextInt(4))
                .rankStabilized(random.nextBoolean())
                .loraBias(loraBias)
                .targetModules(targets.toArray(new String[0]))
                .seed(random.nextLong());
        builder.init(
                switch (random.nextInt(4)) {
                    case 0 -> LoRAInit.random();
                    case 1 -> hasEmbedding(targets) ? LoRAInit.gaussianByRank() : LoRAInit.pissa();
                    case 2 -> hasEmbedding(targets) ? LoRAInit.gaussianByRank() : LoRAInit.olora();
                    default -> LoRAInit.gaussianByRank();
                });
        builder.bias(BIASES.get(random.nextInt(BIASES.size())));
        if (!others.isEmpty() && random.nextBoolean()) {
            builder.modulesToSave(others.get(random.nextInt(others.size())));
        }
        return builder.build();
    }

    /** PiSSA and OLoRA do not apply to embeddings. */
    private boolean hasEmbedding(List<String> paths) {
        return paths.stream().anyMatch(path -> lora.baseLayer(path).kind() == LayerKind.EMBEDDING);
    }

    /** Gives an adapter random arrays, as if it had been trained. */
    private void changeArrays(String name) {
        LoRAAdapter adapter = lora.adapter(name);
        lora.delete(name);
        Map<String, LoRAWeights> weights = new LinkedHashMap<>();
        adapter.weights()
                .forEach((path, one) -> weights.put(
                        path,
                        new LoRAWeights(
                                one.kind(),
                                changed(one.loraA()),
                                changed(one.loraB()),
                                null,
                                one.loraBBias() == null ? null : changed(one.loraBBias()))));
        Map<String, INDArray> biases = new LinkedHashMap<>();
        adapter.biases().forEach((path, bias) -> biases.put(path, changed(bias)));
        Map<String, LoRAAdapter.SavedModule> saved = new LinkedHashMap<>();
        adapter.savedModules()
                .forEach((path, module) -> saved.put(
                        path, new LoRAAdapter.SavedModule(changed(module.weight()), changedOrNull(module.bias()))));
        lora.add(name, new LoRAAdapter(adapter.config(), weights, biases, saved));
    }

    private @Nullable INDArray changedOrNull(@Nullable INDArray array) {
        return array == null ? null : changed(array);
    }

    private INDArray changed(INDArray array) {
        return array.add(RandomArrays.gaussian(random, 0.3, array.dataType(), array.shape()));
    }

    private void requireSame(INDArray actual, INDArray expected, LoRAConfig... configs) {
        double tolerance = (base.type == DataType.FLOAT ? 2e-5 : 1e-12)
                * (1 + expected.norm2Number().doubleValue());
        assertThat(actual.distance2(expected))
                .as("%s, %s of %s", place, List.of(configs), lora)
                .isLessThan(tolerance);
    }
}
