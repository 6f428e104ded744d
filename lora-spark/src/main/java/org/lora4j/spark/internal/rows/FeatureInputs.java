package org.lora4j.spark.internal.rows;

import java.util.List;
import org.lora4j.nn.input.Input;

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
    public int tokens(int from, int to) {
        return 0;
    }

    @Override
    public int count() {
        return values.length() / width;
    }

    @Override
    Input input(int from, int to) {
        return Input.of(values.array(from * width, to * width).reshape('c', to - from, width));
    }

    @Override
    void addTo(RowHash hash) {
        hash.add(values);
    }
}
