package org.lora4j.spark;

import java.util.List;
import org.lora4j.LoRAModel;
import org.lora4j.nn.Model;
import org.lora4j.train.BatchGradients;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;

/** Rows of features. */
final class FeatureInputs extends Inputs {
    private static final long serialVersionUID = 1L;

    private final FlatValues values;
    private final int width;

    /**
     * Holds rows.
     *
     * @param values {@code [n, width]}, of the type of the network
     * @param width the number of features of a row
     */
    FeatureInputs(FlatValues values, int width) {
        this.values = values;
        this.width = width;
    }

    @Override
    Inputs joined(List<Inputs> parts) {
        List<FlatValues> rows =
                parts.stream().map(part -> ((FeatureInputs) part).values).toList();
        return new FeatureInputs(FlatValues.concat(rows, "features"), width);
    }

    @Override
    int tokens(int from, int to) {
        return 0;
    }

    @Override
    double compute(BatchGradients gradients, int from, int to, INDArray labels, Place place) {
        return gradients.compute(new DataSet(array(from, to), labels), place.number(), place.rows());
    }

    private INDArray array(int from, int to) {
        return values.array(from * width, to * width).reshape('c', to - from, width);
    }

    private INDArray all() {
        return array(0, values.length() / width);
    }

    @Override
    void addTo(RowHash hash) {
        hash.add(values);
    }

    @Override
    INDArray predict(Model model) {
        return model.predict(all());
    }

    @Override
    INDArray predict(LoRAModel model, List<String> adapters) {
        return model.predict(all(), adapters);
    }
}
