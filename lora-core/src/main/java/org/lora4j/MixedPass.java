package org.lora4j;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.nn.FeatureRows;
import org.lora4j.nn.Input;
import org.lora4j.nn.Linear;
import org.lora4j.nn.Network;
import org.lora4j.nn.WeightedLayer;
import org.lora4j.nn.internal.EffectiveLayers;
import org.lora4j.nn.internal.EffectiveLinear;
import org.lora4j.nn.internal.Pass;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** A pass in which each row has its own adapter. It belongs to one thread at a time. */
final class MixedPass {
    private static final int REMEMBERED_SIZES = 8;

    private final Map<WeightedLayer, RowAdapters> rowAdapters = new LinkedHashMap<>();
    private final Pass pass;

    /** Copies of inputs by the number of rows. Unlike the arrays of the callers, they are used again. */
    private final Map<Long, INDArray> inputs = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, INDArray> eldest) {
            return size() > REMEMBERED_SIZES;
        }
    };

    MixedPass(Network network) {
        Map<WeightedLayer, EffectiveLinear> layers = new LinkedHashMap<>();
        for (WeightedLayer layer : network.weightedLayers()) {
            RowAdapters rows = layer instanceof Linear ? new RowAdapters() : null;
            if (rows != null) {
                rowAdapters.put(layer, rows);
            }
            layers.put(layer, new EffectiveLinear(layer.weightParameter(), layer.biasParameter(), List.of(), rows));
        }
        EffectiveLayers effective = EffectiveLayers.of(layers);
        pass = new Pass(network, false, () -> effective);
    }

    /** Assigns the adapters of the next batch to its examples, as far as they fit: see {@link AppliedAdapter#fitsMixedPass}. */
    void assign(ModelState state, List<String> names) {
        rowAdapters.values().forEach(RowAdapters::clear);
        for (AdapterRun run : AdapterRun.of(names)) {
            if (!run.name().equals(LoRAModel.BASE) && state.adapter(run.name()).fitsMixedPass()) {
                assign(state.adapter(run.name()), run.from(), run.to());
            }
        }
    }

    private void assign(AppliedAdapter adapter, int from, int to) {
        rowAdapters.forEach((layer, rows) -> {
            LoRAUpdate update = adapter.update(layer);
            SavedParameters saved = adapter.saved(layer);
            if (saved != null) {
                rows.replace(saved, from, to);
            } else if (update != null) {
                rows.assign(update, from, to);
            }
        });
    }

    /** Computes the output of a batch, a buffer of this pass. */
    INDArray forward(Input x) {
        return pass.forward(x instanceof FeatureRows rows ? Input.of(copy(rows.array())) : x);
    }

    private INDArray copy(INDArray x) {
        return inputs.computeIfAbsent(x.size(0), n -> Nd4j.createUninitializedDetached(x.dataType(), 'c', n, x.size(1)))
                .assign(x);
    }
}
