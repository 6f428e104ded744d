package org.lora4j.spark;

import java.util.Arrays;
import java.util.List;
import org.lora4j.LoRAModel;
import org.lora4j.nn.Model;
import org.lora4j.train.BatchGradients;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

/** Rows of features. */
final class FeatureInputs extends Inputs {
    private static final long serialVersionUID = 1L;

    private final float[] values;
    private final int width;

    /**
     * Holds rows.
     *
     * @param values {@code [n, width]}
     * @param width the number of features of a row
     */
    FeatureInputs(float[] values, int width) {
        this.values = values;
        this.width = width;
    }

    @Override
    Inputs joined(List<Inputs> parts) {
        List<float[]> rows =
                parts.stream().map(part -> ((FeatureInputs) part).values).toList();
        return new FeatureInputs(Shard.flat(rows, "features"), width);
    }

    @Override
    int tokens(int from, int to) {
        return 0;
    }

    @Override
    double compute(BatchGradients gradients, int from, int to, INDArray labels, Place place) {
        return gradients.compute(new DataSet(array(from, to, labels.dataType()), labels), place.number(), place.rows());
    }

    private INDArray array(int from, int to, DataType type) {
        return Nd4j.createFromArray(Arrays.copyOfRange(values, from * width, to * width))
                .reshape('c', to - from, width)
                .castTo(type);
    }

    private INDArray all(DataType type) {
        return array(0, values.length / width, type);
    }

    @Override
    INDArray predict(Model model) {
        return model.predict(all(model.dataType()));
    }

    @Override
    INDArray predict(LoRAModel model, List<String> adapters) {
        return model.predict(all(model.dataType()), adapters);
    }
}
