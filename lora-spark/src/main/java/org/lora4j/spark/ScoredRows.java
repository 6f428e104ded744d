package org.lora4j.spark;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.jspecify.annotations.Nullable;
import org.lora4j.LoRAModel;
import org.lora4j.serve.AdapterCache;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The rows of a partition with their outputs, computed in blocks. The rows of a block can have different adapters. */
final class ScoredRows implements Iterator<Row> {
    private final Iterator<Row> rows;
    private final ScoringTask.Scorer scorer;
    private final ScoringColumns columns;
    private final InputReader reader;
    private final Map<String, String> failures = new HashMap<>();
    private Iterator<Row> ready = Collections.emptyIterator();

    ScoredRows(Iterator<Row> rows, ScoringTask.Scorer scorer, ScoringColumns columns) {
        this.rows = rows;
        this.scorer = scorer;
        this.columns = columns;
        reader = new InputReader(scorer.base(), columns.features(), columns.mask());
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
            List<Usable> usable = new ArrayList<>();
            for (Row row : block) {
                try {
                    Inputs input = reader.read(row);
                    String adapter = adapter(row);
                    if (cache != null) {
                        pin(adapter, cache, pins);
                    }
                    usable.add(new Usable(usable.size(), input, adapter));
                    reasons.add(null);
                } catch (InvalidRowException e) {
                    reasons.add(reason(row, e));
                }
            }
            return withOutputs(block, reasons, outputs(usable));
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

    /**
     * A row that can be computed.
     *
     * @param index its number among such rows
     */
    private record Usable(int index, Inputs input, String adapter) {}

    /**
     * The outputs of rows, in their order. Rows of one adapter are computed next to each other, because longer runs of rows
     * take fewer products.
     */
    private double[][] outputs(List<Usable> usable) {
        if (usable.isEmpty()) {
            return new double[0][];
        }
        LoRAModel model = scorer.model();
        if (scorer.cache() == null) {
            Inputs all = Inputs.concat(usable.stream().map(Usable::input).toList());
            return rows(all.predict(model.names().isEmpty() ? model.base() : model.using(ScoringTask.OWN)));
        }
        List<Usable> sorted =
                usable.stream().sorted(Comparator.comparing(Usable::adapter)).toList();
        double[][] computed =
                rows(Inputs.concat(sorted.stream().map(Usable::input).toList())
                        .predict(model, sorted.stream().map(Usable::adapter).toList()));
        double[][] outputs = new double[computed.length][];
        for (int i = 0; i < outputs.length; i++) {
            outputs[sorted.get(i).index()] = computed[i];
        }
        return outputs;
    }

    private static double[][] rows(INDArray y) {
        return y.castTo(DataType.DOUBLE).toDoubleMatrix();
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
     * @param outputs those of the rows without a reason, in their order
     */
    private List<Row> withOutputs(List<Row> block, List<@Nullable String> reasons, double[][] outputs) {
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
            double @Nullable [] output = reasons.get(i) == null ? outputs[at++] : null;
            values.add(output == null ? null : output(output));
            if (columns.hasPrediction()) {
                values.add(output == null ? null : prediction(output));
            }
            if (columns.hasReason()) {
                values.add(reasons.get(i));
            }
            results.add(RowFactory.create(values.toArray()));
        }
        return results;
    }

    private Object output(double[] values) {
        if (columns.outputsVectors()) {
            return Vectors.dense(values);
        }
        float[] floats = new float[values.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) values[i];
        }
        return floats;
    }

    /** The number of the class with the greatest output, or the output if there is one. */
    private static double prediction(double[] values) {
        if (values.length == 1) {
            return values[0];
        }
        int greatest = 0;
        for (int i = 1; i < values.length; i++) {
            greatest = values[i] > values[greatest] ? i : greatest;
        }
        return greatest;
    }
}
