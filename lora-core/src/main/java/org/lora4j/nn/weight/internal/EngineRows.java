package org.lora4j.nn.weight.internal;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.RowBlocks;
import org.lora4j.internal.math.RowUpdates;
import org.lora4j.internal.math.SingleRows;
import org.lora4j.linalg.ProductEngine;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Adds updates by two products of an engine for each row, whose calls take less time than loops on the heap. All arrays are
 * FLOAT. Not thread-safe.
 */
public final class EngineRows implements RowUpdates {
    private final ProductEngine engine;
    private final RowBlocks inputs = new RowBlocks();
    private final RowBlocks outputs = new RowBlocks();
    private final Gemm down = new Gemm(false, true, 1, 0);
    private final Gemm up = new Gemm(false, true, 1, 1);

    /** {@code x·Aᵀ [1, r]}, by rank. */
    private final Map<Long, INDArray> products = new HashMap<>();

    private @Nullable INDArray x;
    private @Nullable INDArray y;

    private EngineRows(ProductEngine engine) {
        this.engine = engine;
    }

    /**
     * Creates what adds updates.
     *
     * @return by products of the engine of this process; by {@linkplain SingleRows loops} if there is none
     */
    public static RowUpdates orLoops() {
        ProductEngine engine = Engines.engine();
        return engine == null ? new SingleRows() : new EngineRows(engine);
    }

    @Override
    public void begin(INDArray newX, INDArray newY) {
        x = newX;
        y = newY;
    }

    @Override
    public void add(int row, INDArray a, INDArray b, double scale) {
        if (x == null || y == null) {
            throw new IllegalStateException("begin must be called before");
        }
        INDArray xRow = inputs.of(x, row, 1);
        INDArray yRow = outputs.of(y, row, 1);
        INDArray product = products.computeIfAbsent(a.size(0), rank -> Nd4j.create(DataType.FLOAT, 1, rank));
        // A sum of few columns is a case for the loops of a Gemm elsewhere, but here the engine takes less time.
        if (!engine.multiply(xRow, false, a, true, 1, 0, product)) {
            down.run(xRow, a, product);
        }
        if (!engine.multiply(product, false, b, true, scale, 1, yRow)) {
            up.configure(false, true, scale, 1);
            up.run(product, b, yRow);
        }
    }

    @Override
    public void end() {
        // All are added already.
    }
}
