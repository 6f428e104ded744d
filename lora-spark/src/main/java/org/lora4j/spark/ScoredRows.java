package org.lora4j.spark;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.jspecify.annotations.Nullable;
import org.lora4j.LoRAModel;
import org.lora4j.serve.AdapterCache;

/**
 * The rows of a partition with their outputs, computed in blocks. The rows of a block can have different adapters.
 *
 * @param <B> the kind of base
 * @param <T> what is read of a row
 */
final class ScoredRows<B extends SentBase, T> implements Iterator<Row> {
    private final Iterator<Row> rows;
    private final ScoringTask.Scorer<B> scorer;
    private final ScoringColumns columns;
    private final RowOutputs<B, T> outputs;
    private final Map<String, String> failures = new HashMap<>();
    private Iterator<Row> ready = Collections.emptyIterator();

    ScoredRows(Iterator<Row> rows, ScoringTask.Scorer<B> scorer, ScoringColumns columns, RowOutputs<B, T> outputs) {
        this.rows = rows;
        this.scorer = scorer;
        this.columns = columns;
        this.outputs = outputs;
    }

    @Override
    public boolean hasNext() {
        while (!ready.hasNext() && rows.hasNext()) {
            List<Row> block = new ArrayList<>();
            while (block.size() < columns.blockSize() && rows.hasNext()) {
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
        AdapterCache cache = scorer.cache();
        Map<String, AdapterCache.Pin> pins = new LinkedHashMap<>();
        try {
            List<@Nullable String> reasons = new ArrayList<>();
            List<RowOutputs.Usable<T>> usable = new ArrayList<>();
            for (Row row : block) {
                try {
                    T input = outputs.read(scorer, row, columns.key() < 0 ? null : row.get(columns.key()));
                    String adapter = adapter(row);
                    if (cache != null) {
                        pin(adapter, cache, pins);
                    }
                    usable.add(new RowOutputs.Usable<>(input, adapter));
                    reasons.add(null);
                } catch (InvalidRowException e) {
                    reasons.add(reason(row, e));
                }
            }
            return withOutputs(block, reasons, usable.isEmpty() ? List.of() : outputs.compute(scorer, usable));
        } finally {
            pins.values().forEach(AdapterCache.Pin::close);
        }
    }

    private String adapter(Row row) {
        return columns.adapter() < 0 || row.isNullAt(columns.adapter())
                ? LoRAModel.BASE
                : row.getString(columns.adapter());
    }

    /** Why a row has no output, or an error if that is not allowed. */
    private String reason(Row row, InvalidRowException e) {
        if (columns.invalid() == InvalidRows.ERROR) {
            throw columns.key() < 0 ? e.ofUnknownRow() : e.ofRow(row.get(columns.key()));
        }
        return String.valueOf(e.getMessage());
    }

    /** Keeps an adapter while the block is computed. */
    private void pin(String name, AdapterCache cache, Map<String, AdapterCache.Pin> pins) {
        if (name.equals(LoRAModel.BASE) || pins.containsKey(name)) {
            return;
        }
        String failure = failures.get(name);
        if (failure != null) {
            throw new InvalidRowException(failure);
        }
        try {
            pins.put(name, cache.pin(name));
        } catch (RuntimeException e) {
            String reason = "adapterCol: the adapter of each row must be in adapterFolder, found: " + e.getMessage();
            failures.put(name, reason);
            throw new InvalidRowException(reason, e);
        }
    }

    /**
     * Adds the outputs, and the reasons why there are none.
     *
     * @param computed the outputs of the rows without a reason, in their order
     */
    private List<Row> withOutputs(List<Row> block, List<@Nullable String> reasons, List<Object[]> computed) {
        List<Row> results = new ArrayList<>();
        int at = 0;
        for (int i = 0; i < block.size(); i++) {
            if (reasons.get(i) != null && columns.invalid() == InvalidRows.SKIP) {
                continue;
            }
            Row row = block.get(i);
            List<@Nullable Object> values = new ArrayList<>();
            for (int j = 0; j < row.size(); j++) {
                values.add(row.get(j));
            }
            values.addAll(
                    reasons.get(i) == null
                            ? Arrays.asList(computed.get(at++))
                            : Collections.nCopies(outputs.width(), (Object) null));
            if (columns.hasReason()) {
                values.add(reasons.get(i));
            }
            results.add(RowFactory.create(values.toArray()));
        }
        return results;
    }
}
