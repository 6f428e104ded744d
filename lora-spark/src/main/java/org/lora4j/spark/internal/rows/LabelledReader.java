package org.lora4j.spark.internal.rows;

import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Row;
import org.lora4j.spark.internal.base.BaseNetwork;
import org.lora4j.spark.internal.base.InvalidRowException;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * Reads rows with an input, a label and a weight, in the columns that the training selects.
 *
 * @param input how the input is read
 * @param labels how labels are read
 * @param skipsInvalid whether rows that cannot be computed are left out
 */
public record LabelledReader(InputReader input, LabelReader labels, boolean skipsInvalid) implements ExampleReader {
    private static final int FEATURES = 1;
    private static final int LABEL = 2;
    private static final int WEIGHT = 3;
    private static final int MASK = 4;
    private static final int PAIR = 5;

    /** Creates a reader. */
    public static LabelledReader of(
            Broadcast<BaseNetwork> base, boolean hasMask, boolean hasPair, LabelReader labels, boolean skipsInvalid) {
        InputColumns columns = new InputColumns(FEATURES, hasMask ? MASK : -1, hasPair ? PAIR : -1);
        return new LabelledReader(new InputReader(base, columns), labels, skipsInvalid);
    }

    @Override
    public boolean isLearned(Row row) {
        if (weight(row) == 0) {
            return false;
        }
        // Otherwise a row that cannot be computed causes an error when it is read for the training.
        if (skipsInvalid) {
            read(row, 0);
        }
        return true;
    }

    @Override
    public Example read(Row row, long number) {
        Inputs read = input.read(row);
        double[] label = labels.read(row, LABEL);
        DataType type = input.base().value().network().dataType();
        return new Example(number, read, FlatValues.rounded(label, type), weight(row));
    }

    private static double weight(Row row) {
        double weight = TableColumns.numbers(row, WEIGHT, "weightCol: the weight")[0];
        if (!(weight >= 0) || Double.isInfinite(weight)) {
            throw new InvalidRowException(
                    "weightCol: the weight of a row must be finite and at least 0, found " + weight);
        }
        return weight;
    }
}
