package org.lora4j;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.lora4j.nn.Predictor;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** A batch whose rows are computed with adapters of their own. */
final class MixedBatch {
    private final ModelState state;
    private final List<String> names;

    /**
     * Checks the names.
     *
     * @throws IllegalArgumentException if one is unknown
     */
    MixedBatch(ModelState state, List<String> names) {
        this.state = state;
        this.names = names;
        for (String name : names) {
            if (!name.equals(LoRAModel.BASE)) {
                state.adapter(name);
            }
        }
    }

    INDArray predict(INDArray x, Predictor predictor) {
        if (x.rank() != 2 || x.size(0) != names.size()) {
            throw new IllegalArgumentException("there must be one adapter for each row of the input, found "
                    + names.size() + " for " + Arrays.toString(x.shape()));
        }
        Map<String, List<Integer>> rows = new LinkedHashMap<>();
        for (int row = 0; row < names.size(); row++) {
            rows.computeIfAbsent(names.get(row), key -> new ArrayList<>()).add(row);
        }
        INDArray result = null;
        for (Map.Entry<String, List<Integer>> group : rows.entrySet()) {
            int[] indices =
                    group.getValue().stream().mapToInt(Integer::intValue).toArray();
            List<String> adapters = group.getKey().equals(LoRAModel.BASE) ? List.of() : List.of(group.getKey());
            INDArray y = predictor.predict(Nd4j.pullRows(x, 1, indices, 'c'), state.selection(adapters));
            if (result == null) {
                result = Nd4j.createUninitializedDetached(y.dataType(), 'c', x.size(0), y.size(1));
            }
            for (int i = 0; i < indices.length; i++) {
                result.putRow(indices[i], y.getRow(i));
            }
        }
        return Objects.requireNonNull(result);
    }
}
