package org.lora4j.nn.compute.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.lora4j.SmallModels.assertClose;
import static org.lora4j.SmallModels.assertSameBits;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.Models;
import org.lora4j.internal.math.RandomArrays;
import org.lora4j.nn.Network;
import org.lora4j.nn.batch.internal.EffectiveLayers;
import org.lora4j.nn.input.Input;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.layer.WeightedLayer;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.nn.parametrization.internal.EffectiveLinear;
import org.lora4j.nn.parametrization.internal.PassContext;
import org.lora4j.nn.parametrization.internal.WeightUpdate;
import org.lora4j.nn.parametrization.internal.WeightUpdatePass;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** One input with several updates: the layers below the first one that differs are computed once. */
@Tag("numbers")
class SharedLayersTest {
    private final Network network = Models.dense(DataType.DOUBLE, 1, 6, 8, 5, 7, 4);
    private final Predictor predictor = new Predictor(network.stack(), network::newInferencePass);

    /** Counts the rows that each layer computes; changes nothing. */
    private final Map<String, Long> rows = new LinkedHashMap<>();

    private final Map<WeightedLayer, EffectiveLinear> counted = new LinkedHashMap<>();

    /** Changes nothing, and counts the rows. */
    private record Counting(String path, Map<String, Long> rows) implements WeightUpdate {
        @Override
        public List<Parameter> parameters() {
            return List.of();
        }

        @Override
        public INDArray delta(INDArray original) {
            return Nd4j.zeros(original.dataType(), original.shape());
        }

        @Override
        public WeightUpdatePass newPass(PassContext context) {
            return new WeightUpdatePass() {
                @Override
                public boolean bind(WeightUpdate update) {
                    return update == Counting.this;
                }

                @Override
                public boolean readsBase() {
                    return false;
                }

                @Override
                public void forward(INDArray x, INDArray base, INDArray y) {
                    rows.merge(path, x.size(0), Long::sum);
                }

                @Override
                public void backward(INDArray x, INDArray base, INDArray yGradient, INDArray baseGradient) {}

                @Override
                public void addInputGradient(INDArray xGradient) {}
            };
        }
    }

    SharedLayersTest() {
        for (Linear layer : network.linears()) {
            counted.put(layer, layer.original().with(List.of(new Counting(layer.path(), rows))));
        }
    }

    /** What the layers compute with if one of them gets a dense update. */
    private EffectiveLayers changing(String path, long seed) {
        Linear changed = network.linear(path);
        FakeUpdate.Dense update = FakeUpdate.Dense.of(
                RandomArrays.gaussian(new SplittableRandom(seed), 1, DataType.DOUBLE, changed.shape()));
        Map<WeightedLayer, EffectiveLinear> layers = new LinkedHashMap<>(counted);
        layers.put(changed, EffectiveLayers.of(counted).of(changed).with(List.of(update)));
        return EffectiveLayers.of(layers);
    }

    private List<INDArray> predict(INDArray x, List<EffectiveLayers> all) {
        rows.clear();
        return predictor.predictWithAll(Input.of(x), EffectiveLayers.of(counted), all);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 600, 1030})
    void layersBelowTheFirstDifferenceComputeEachRowOnce(int n) {
        INDArray x = RandomArrays.gaussian(new SplittableRandom(n), 1, DataType.DOUBLE, n, 6);
        List<EffectiveLayers> all = List.of(changing("linear4", 1), changing("linear3", 2), changing("linear4", 3));
        List<INDArray> outputs = predict(x, all);
        assertThat(rows)
                .containsEntry("linear1", (long) n)
                .containsEntry("linear2", (long) n)
                .containsEntry("linear3", 3L * n)
                .containsEntry("linear4", 3L * n);
        for (int i = 0; i < all.size(); i++) {
            assertClose(outputs.get(i), predictor.predict(Input.of(x), all.get(i)), 1e-12);
        }
        assertThat(outputs.get(0).equalsWithEps(outputs.get(2), 1e-3)).isFalse();
    }

    @Test
    void theInputOfTheFirstLayerIsSharedIfThatDiffers() {
        INDArray x = RandomArrays.gaussian(new SplittableRandom(1), 1, DataType.DOUBLE, 2, 6);
        List<EffectiveLayers> all = List.of(changing("linear1", 1), changing("linear4", 2));
        List<INDArray> outputs = predict(x, all);
        assertThat(rows).containsEntry("linear1", 4L).containsEntry("linear4", 4L);
        for (int i = 0; i < all.size(); i++) {
            assertClose(outputs.get(i), predictor.predict(Input.of(x), all.get(i)), 1e-12);
        }
    }

    @Test
    void aThousandUpdatesAreComputedInBlocks() {
        INDArray x = RandomArrays.gaussian(new SplittableRandom(1), 1, DataType.DOUBLE, 3, 6);
        List<EffectiveLayers> all = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            all.add(changing("linear4", i));
        }
        List<INDArray> outputs = predict(x, all);
        assertThat(rows).containsEntry("linear3", 3L).containsEntry("linear4", 3000L);
        for (int i = 0; i < all.size(); i += 37) {
            assertClose(outputs.get(i), predictor.predict(Input.of(x), all.get(i)), 1e-12);
        }
        assertSameBits(predict(x, all.subList(0, 1)).get(0), predictor.predict(Input.of(x), all.get(0)));
    }
}
