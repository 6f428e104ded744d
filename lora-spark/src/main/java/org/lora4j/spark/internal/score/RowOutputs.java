package org.lora4j.spark.internal.score;

import java.io.Serializable;
import java.util.List;
import org.apache.spark.sql.Row;
import org.lora4j.spark.internal.base.InvalidRowException;
import org.lora4j.spark.internal.base.SentBase;

/**
 * Computes the outputs of rows.
 *
 * @param <B> the kind of base
 * @param <T> what is read of a row
 */
public interface RowOutputs<B extends SentBase, T> extends Serializable {
    /**
     * A row that can be computed.
     *
     * @param input what was read of it
     * @param adapter its adapter
     * @param <T> the type of the input
     */
    record Usable<T>(T input, String adapter) {}

    /** The number of columns that are added. */
    int width();

    /**
     * Reads a row.
     *
     * @param adapter the name of its adapter, which is loaded
     * @throws InvalidRowException if the row cannot be computed
     */
    T read(ScoringTask.Scorer<B> scorer, Row row, String adapter);

    /** Computes the new columns of rows whose adapters are loaded, in their order. There is at least one row. */
    List<Object[]> compute(ScoringTask.Scorer<B> scorer, List<Usable<T>> rows);
}
