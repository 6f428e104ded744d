package org.lora4j.spark.internal.score;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.jspecify.annotations.Nullable;
import org.lora4j.LoRAModel;
import org.lora4j.spark.internal.base.InvalidRowException;

/**
 * Completes rows: with their outputs, or without if they cannot be computed.
 *
 * @param columns how the rows are read and completed
 * @param width the number of outputs
 */
record ResultRows(ScoringColumns columns, int width) {
    /** The name of the adapter of a row. */
    String adapter(Row row) {
        return columns.adapter() < 0 || row.isNullAt(columns.adapter())
                ? LoRAModel.BASE
                : row.getString(columns.adapter());
    }

    /** The id of a row; null if there is none. */
    @Nullable
    Object key(Row row) {
        return columns.key() < 0 ? null : row.get(columns.key());
    }

    /** A row with its outputs. */
    Row computed(Row row, Object[] outputs) {
        return result(row, Arrays.asList(outputs), null);
    }

    /**
     * A row that cannot be computed.
     *
     * @return the row without outputs; null if such rows are left out
     * @throws InvalidRowException if such rows are not allowed
     */
    @Nullable
    Row invalid(Row row, InvalidRowException e) {
        return switch (columns.invalid()) {
            case ERROR -> throw columns.key() < 0 ? e.ofUnknownRow() : e.ofRow(row.get(columns.key()));
            case SKIP -> null;
            case KEEP -> result(row, Collections.nCopies(width, (Object) null), String.valueOf(e.getMessage()));
        };
    }

    private Row result(Row row, List<?> outputs, @Nullable String reason) {
        List<@Nullable Object> values = new ArrayList<>();
        for (int j = 0; j < row.size(); j++) {
            values.add(row.get(j));
        }
        values.addAll(outputs);
        if (columns.hasReason()) {
            values.add(reason);
        }
        return RowFactory.create(values.toArray());
    }
}
