package org.lora4j.nn.weight.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.lora4j.linalg.PackedWeight;
import org.lora4j.linalg.Precision;
import org.lora4j.linalg.ProductEngine;
import org.lora4j.linalg.ProductEngine.Direction;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * A large weight for {@code x·Wᵀ}, packed in parts of its rows one after the other. An engine packs arrays of floats, and an
 * array of a whole table of words would take more memory than the rest of the model.
 */
final class PackedRows implements PackedWeight {
    /** The most elements of a part: 32 MB of floats. */
    static final int MOST_ELEMENTS = 1 << 23;

    private final List<PackedWeight> parts;
    private final int height;

    /** The number of rows of each part, except the last one. */
    private final int rows;

    private PackedRows(List<PackedWeight> parts, int height, int rows) {
        this.parts = parts;
        this.height = height;
        this.rows = rows;
    }

    /** Packs a matrix, in parts if it is large. Empty if the engine is not faster for a part. */
    static Optional<PackedWeight> of(ProductEngine engine, WeightMatrix matrix, Precision precision) {
        int height = Math.toIntExact(matrix.shape()[0]);
        long width = matrix.shape()[1];
        if (height * width <= MOST_ELEMENTS) {
            return matrix.lend(array -> engine.prepare(array, precision, Direction.FORWARD));
        }
        int rows = (int) Math.max(1, MOST_ELEMENTS / width);
        List<PackedWeight> parts = new ArrayList<>();
        for (int from = 0; from < height; from += rows) {
            Optional<PackedWeight> part = matrix.lendRows(
                    from, Math.min(height, from + rows), array -> engine.prepare(array, precision, Direction.FORWARD));
            if (part.isEmpty()) {
                return Optional.empty();
            }
            parts.add(part.get());
        }
        return Optional.of(new PackedRows(parts, height, rows));
    }

    @Override
    public void multiply(INDArray x, INDArray y, boolean adds) {
        for (int i = 0; i < parts.size(); i++) {
            int from = i * rows;
            int to = Math.min(height, from + rows);
            parts.get(i).multiply(x, y.get(NDArrayIndex.all(), NDArrayIndex.interval(from, to)), adds);
        }
    }

    @Override
    public boolean readRow(long row, float[] target) {
        return parts.get((int) (row / rows)).readRow(row % rows, target);
    }

    @Override
    public long bytes() {
        return parts.stream().mapToLong(PackedWeight::bytes).sum();
    }
}
