package org.lora4j.spark.internal.score;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import org.apache.spark.sql.Row;
import org.jspecify.annotations.Nullable;
import org.lora4j.serve.AdapterCache;
import org.lora4j.spark.internal.base.InvalidRowException;
import org.lora4j.spark.internal.base.SentBase;

/**
 * The rows of a partition with their outputs, computed in blocks. The rows of a block can have different adapters.
 *
 * @param <B> the kind of base
 * @param <T> what is read of a row
 */
public final class ScoredRows<B extends SentBase, T> implements Iterator<Row> {
    private final Iterator<Row> rows;
    private final ScoringTask.Scorer<B> scorer;
    private final int blockSize;
    private final RowOutputs<B, T> outputs;
    private final ResultRows results;
    private final RowAdapters adapters;
    private Iterator<Row> ready = Collections.emptyIterator();

    public ScoredRows(
            Iterator<Row> rows, ScoringTask.Scorer<B> scorer, ScoringColumns columns, RowOutputs<B, T> outputs) {
        this.rows = rows;
        this.scorer = scorer;
        this.outputs = outputs;
        blockSize = columns.blockSize();
        results = new ResultRows(columns, outputs.width());
        adapters = new RowAdapters(scorer.cache());
    }

    @Override
    public boolean hasNext() {
        while (!ready.hasNext() && rows.hasNext()) {
            List<Row> block = new ArrayList<>();
            while (block.size() < blockSize && rows.hasNext()) {
                block.add(rows.next());
            }
            ready = score(block).iterator();
        }
        return ready.hasNext();
    }

    @Override
    public Row next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        return ready.next();
    }

    private List<Row> score(List<Row> block) {
        Map<String, AdapterCache.Pin> pins = new HashMap<>();
        try {
            List<@Nullable InvalidRowException> failures = new ArrayList<>();
            List<RowOutputs.Usable<T>> usable = new ArrayList<>();
            for (Row row : block) {
                try {
                    String adapter = results.adapter(row);
                    // The adapter says what the texts of the row are for.
                    pins.computeIfAbsent(adapter, adapters::pin);
                    usable.add(new RowOutputs.Usable<>(outputs.read(scorer, row, adapter), adapter));
                    failures.add(null);
                } catch (InvalidRowException e) {
                    failures.add(e);
                }
            }
            Iterator<Computed> computed = compute(usable).iterator();
            List<Row> all = new ArrayList<>();
            for (int i = 0; i < block.size(); i++) {
                InvalidRowException failure = failures.get(i);
                Row result = (failure == null ? computed.next() : new Computed(new Object[0], failure))
                        .result(results, block.get(i));
                if (result != null) {
                    all.add(result);
                }
            }
            return all;
        } finally {
            pins.values().forEach(AdapterCache.Pin::close);
        }
    }

    /**
     * What became of a row.
     *
     * @param columns its outputs
     * @param failure why it has none, or null
     */
    @SuppressWarnings("ArrayRecordComponent") // It is not compared.
    private record Computed(Object[] columns, @Nullable InvalidRowException failure) {
        @Nullable
        Row result(ResultRows results, Row row) {
            return failure == null ? results.computed(row, columns) : results.invalid(row, failure);
        }
    }

    /** If the rows cannot be computed together, each is computed alone, so that one does not spoil the others. */
    private List<Computed> compute(List<RowOutputs.Usable<T>> usable) {
        if (usable.isEmpty()) {
            return List.of();
        }
        try {
            return outputs.compute(scorer, usable).stream()
                    .map(columns -> new Computed(columns, null))
                    .toList();
        } catch (IllegalArgumentException | ArithmeticException e) {
            if (usable.size() > 1) {
                return usable.stream()
                        .flatMap(row -> compute(List.of(row)).stream())
                        .toList();
            }
            return List.of(new Computed(
                    new Object[0], new InvalidRowException("a row cannot be computed: " + e.getMessage(), e)));
        }
    }
}
