package org.lora4j.spark.internal.rows;

import java.io.Serializable;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Row;
import org.lora4j.nn.Network;
import org.lora4j.spark.internal.base.BaseNetwork;
import org.lora4j.spark.internal.base.InvalidRowException;

/**
 * Reads the input of a row as the base takes it: features, tokens, or a text.
 *
 * @param base the base
 * @param column the index of the input
 * @param mask the index of the mask of the tokens; −1 if there is none
 */
public record InputReader(Broadcast<BaseNetwork> base, int column, int mask) implements Serializable {
    private static final String FEATURES = "featuresCol: the features";
    private static final String TOKENS = "featuresCol: the tokens";
    private static final String TEXT = "featuresCol: the texts";

    public Inputs read(Row row) {
        if (!base.value().isEncoder()) {
            Network network = base.value().network();
            int width = Math.toIntExact(network.inputSize());
            double[] values = TableColumns.requireFinite(
                    TableColumns.requireWidth(
                            TableColumns.numbers(row, column, FEATURES), width, FEATURES + " of a row"),
                    network.dataType(),
                    FEATURES + " of a row");
            return new FeatureInputs(FlatValues.rounded(values, network.dataType()), width);
        }
        TableColumns.requireValue(row, column, TEXT);
        int[] ids = row.get(column) instanceof String text
                ? base.value().tokenizer().encode(text)
                : TableColumns.integers(row, column, TOKENS);
        if (ids.length == 0) {
            throw new InvalidRowException(TOKENS + " of a row must be at least one, found none");
        }
        return new TokenInputs(new int[][] {ids}, mask < 0 ? null : new int[][] {mask(row, ids.length)});
    }

    private int[] mask(Row row, int tokens) {
        int[] values = TableColumns.integers(row, mask, "maskCol: the masks");
        if (values.length != tokens) {
            throw new InvalidRowException("maskCol: the mask of a row must have " + tokens
                    + " numbers, as there are tokens, found " + values.length);
        }
        return values;
    }
}
