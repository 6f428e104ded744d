package org.lora4j.spark.internal.rows;

import java.io.Serializable;
import java.util.function.Supplier;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Row;
import org.lora4j.nn.Network;
import org.lora4j.spark.internal.base.BaseNetwork;
import org.lora4j.spark.internal.base.InvalidRowException;
import org.lora4j.spark.internal.base.RowTexts;

/**
 * Reads the input of a row as the base takes it: features, tokens, a text, or a pair of texts.
 *
 * @param base the base
 * @param columns where the input is
 */
public record InputReader(Broadcast<BaseNetwork> base, InputColumns columns) implements Serializable {
    private static final String FEATURES = "featuresCol: the features";
    private static final String TOKENS = "featuresCol: the tokens";
    private static final String TEXT = "featuresCol: the texts";
    private static final String PAIR = "pairCol: the texts";

    /** Reads a row that is learned, as the parameters of the stage say. */
    public Inputs read(Row row) {
        return read(row, () -> base.value().texts());
    }

    /**
     * Reads a row.
     *
     * @param texts what makes tokens of a text
     * @throws InvalidRowException if the row cannot be computed
     */
    public Inputs read(Row row, Supplier<RowTexts> texts) {
        if (!base.value().isEncoder()) {
            return features(row);
        }
        int column = columns.features();
        TableColumns.requireValue(row, column, TEXT);
        return checked(row.get(column) instanceof String text ? tokens(row, text, texts.get()) : tokens(row));
    }

    /** Refuses here what the network refuses, so that a training can leave the row out. */
    private TokenInputs checked(TokenInputs tokens) {
        try {
            org.lora4j.nn.batch.internal.Inputs.require(
                    tokens.input(0, 1), base.value().network().stack());
        } catch (IllegalArgumentException e) {
            throw new InvalidRowException("a row cannot be computed: " + e.getMessage(), e);
        }
        return tokens;
    }

    private FeatureInputs features(Row row) {
        Network network = base.value().network();
        int width = Math.toIntExact(network.inputSize());
        double[] values = TableColumns.requireFinite(
                TableColumns.requireWidth(
                        TableColumns.numbers(row, columns.features(), FEATURES), width, FEATURES + " of a row"),
                network.dataType(),
                FEATURES + " of a row");
        return new FeatureInputs(FlatValues.rounded(values, network.dataType()), width);
    }

    private TokenInputs tokens(Row row, String text, RowTexts texts) {
        if (!columns.hasPair()) {
            return TokenInputs.of(texts.encode(text, ""));
        }
        TableColumns.requireValue(row, columns.pair(), PAIR);
        return TokenInputs.of(texts.encode(text, row.getString(columns.pair())));
    }

    private TokenInputs tokens(Row row) {
        base.value().requireTokensAreEnough();
        int[] ids = TableColumns.integers(row, columns.features(), TOKENS);
        if (ids.length == 0) {
            throw new InvalidRowException(TOKENS + " of a row must be at least one, found none");
        }
        return TokenInputs.of(ids, columns.hasMask() ? mask(row, ids.length) : null);
    }

    private int[] mask(Row row, int tokens) {
        int[] values = TableColumns.integers(row, columns.mask(), "maskCol: the masks");
        if (values.length != tokens) {
            throw new InvalidRowException("maskCol: the mask of a row must have " + tokens
                    + " numbers, as there are tokens, found " + values.length);
        }
        return values;
    }
}
