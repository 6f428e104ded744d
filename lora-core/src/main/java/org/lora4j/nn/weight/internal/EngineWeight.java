package org.lora4j.nn.weight.internal;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.RowBlocks;
import org.lora4j.internal.SpareProcessors;
import org.lora4j.linalg.PackedWeight;
import org.lora4j.linalg.Precision;
import org.lora4j.linalg.ProductEngine;
import org.lora4j.linalg.ProductEngine.Direction;
import org.lora4j.linalg.WeightStorage;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A weight that a product engine multiplies with while the parameter is frozen. It is packed when the first product of a
 * direction needs it. While the parameter trains, and for all that is no product, it is a {@link MatrixWeight}. So is a matrix
 * in fewer bits if the engine is not fast in its precision.
 */
public final class EngineWeight implements Weight {
    /** Each part of a product reads the whole weight, which must not take longer than the multiplications. */
    private static final int LEAST_ROWS = 16;

    /** The fewest multiplications for which another thread saves time. */
    private static final long LEAST_MULTIPLICATIONS = 8_000_000;

    private static final Logger log = LoggerFactory.getLogger(EngineWeight.class);

    private final Weighted parameter;
    private final ProductEngine engine;
    private final MatrixWeight plain;
    private final Packing forward = new Packing(Direction.FORWARD);
    private final Packing transposed = new Packing(Direction.TRANSPOSED);

    /**
     * Creates the weight of a parameter.
     *
     * @param parameter the parameter, for which {@link #fits} is true
     * @param engine the engine, fast in single precision
     */
    public EngineWeight(Weighted parameter, ProductEngine engine) {
        this.parameter = parameter;
        this.engine = engine;
        plain = new MatrixWeight(parameter);
    }

    /**
     * Returns whether an engine can multiply with a weight.
     *
     * @param weight the elements of a parameter
     * @return true for a FLOAT matrix; the engine says whether its size is worth packing
     */
    public static boolean fits(WeightMatrix weight) {
        return weight.dataType() == DataType.FLOAT && weight.shape().length == 2;
    }

    /** What is packed: the precision that was asked for if the engine is fast in it. Null: a matrix in fewer bits is not packed. */
    private @Nullable Precision packedPrecision() {
        Precision wanted = parameter.precision();
        if (engine.isFast(wanted)) {
            return wanted;
        }
        return parameter.matrix().isCompact() ? null : Precision.FLOAT;
    }

    /** What was packed, in which precision, and how often the parameter was unfrozen before. Empty: the engine refused. */
    private record Packed(Optional<PackedWeight> weight, Precision precision, int thaws) {
        boolean isFor(Precision wanted, int thawsNow) {
            return precision == wanted && thaws == thawsNow;
        }
    }

    /** The packed copy for one direction. */
    private final class Packing {
        private final Direction direction;
        private volatile @Nullable Packed known;

        Packing(Direction direction) {
            this.direction = direction;
        }

        /** The packed weight, or null if the array must be used. */
        @Nullable
        PackedWeight get() {
            // Read first: a thaw in the meantime must not go unnoticed.
            int thaws = parameter.thaws();
            Precision wanted = parameter.isTrainable() ? null : packedPrecision();
            if (wanted == null) {
                return null;
            }
            Packed now = known;
            if (now == null || !now.isFor(wanted, thaws)) {
                now = pack(wanted, thaws);
            }
            return now.weight().orElse(null);
        }

        /** One thread packs, and the others wait for it. */
        private synchronized Packed pack(Precision wanted, int thaws) {
            Packed now = known;
            if (now == null || !now.isFor(wanted, thaws)) {
                // Before the new copy needs memory.
                known = null;
                now = new Packed(packed(parameter.matrix(), wanted), wanted, thaws);
                known = now;
                log.debug(
                        "{}: packed {} by {} in {}",
                        parameter.name(),
                        direction,
                        engine.name(),
                        now.weight().isPresent() ? wanted : "no precision, because it is not faster for these sizes");
            }
            return now;
        }

        private Optional<PackedWeight> packed(WeightMatrix matrix, Precision wanted) {
            if (!(direction == Direction.FORWARD && matrix instanceof OwnedMatrix owned)) {
                return matrix.lend(array -> engine.prepare(array, wanted, direction));
            }
            // Another parameter may share the matrix.
            Optional<PackedWeight> held = owned.packed(wanted);
            if (held.isPresent()) {
                return held;
            }
            Optional<PackedWeight> packed = matrix.lend(array -> engine.prepare(array, wanted, direction));
            packed.ifPresent(copy -> owned.moveTo(copy, wanted));
            return packed;
        }

        void drop() {
            known = null;
        }

        /** Whether the engine does not multiply with it. It is asked with the first product. */
        boolean isRefused() {
            Packed now = known;
            return now != null && now.weight().isEmpty();
        }

        Optional<PackedWeight> now() {
            Packed now = known;
            return now == null ? Optional.empty() : now.weight();
        }

        long bytes() {
            return now().map(PackedWeight::bytes).orElse(0L);
        }
    }

    @Override
    public void multiply(ProductContext context, INDArray x, INDArray y) {
        PackedWeight packed = forward.get();
        if (packed == null) {
            plain.multiply(context, x, y);
        } else {
            multiply(packed, context, x, y);
        }
    }

    /** An engine of several threads divides a product by itself. If it has one, the processors that BLAS leaves get rows each. */
    private void multiply(PackedWeight packed, ProductContext context, INDArray x, INDArray y) {
        int n = Math.toIntExact(x.size(0));
        int parts = 1;
        if (engine.threads() == 1 && n >= 2 * LEAST_ROWS && x.offset() == 0 && y.offset() == 0) {
            parts = Math.min(
                    n / LEAST_ROWS, SpareProcessors.parts(outputSize() * inputSize() * n, LEAST_MULTIPLICATIONS));
        }
        if (parts == 1) {
            packed.multiply(x, y, false);
            return;
        }
        INDArray[] inputs = rows(context.inputRows(), x, parts);
        INDArray[] results = rows(context.resultRows(), y, parts);
        SpareProcessors.runParts(parts, i -> packed.multiply(inputs[i], results[i], false));
    }

    private static INDArray[] rows(RowBlocks views, INDArray matrix, int parts) {
        int n = Math.toIntExact(matrix.size(0));
        INDArray[] blocks = new INDArray[parts];
        for (int i = 0; i < parts; i++) {
            int from = SpareProcessors.start(n, i, parts);
            blocks[i] = views.of(matrix, from, SpareProcessors.start(n, i + 1, parts) - from);
        }
        return blocks;
    }

    @Override
    public void multiplyTransposed(ProductContext context, INDArray g, INDArray dx, boolean adds) {
        PackedWeight packed = transposed.get();
        if (packed == null) {
            plain.multiplyTransposed(context, g, dx, adds);
        } else {
            packed.multiply(g, dx, adds);
        }
    }

    @Override
    public WeightStorage storage(String layer) {
        Precision packed = packedPrecision();
        if (parameter.isTrainable() || packed == null || forward.isRefused()) {
            return plain.storage(layer);
        }
        WeightMatrix matrix = parameter.matrix();
        boolean isHeldOnce = matrix instanceof OwnedMatrix owned
                && owned.packed(packed).isPresent()
                && owned.packed(packed).equals(forward.now());
        return new WeightStorage(layer, engine.name(), packed.name(), (isHeldOnce ? 0 : matrix.bytes()) + bytes());
    }

    @Override
    public void thaw() {
        forward.drop();
        transposed.drop();
    }

    /** The native memory of both copies. */
    long bytes() {
        return forward.bytes() + transposed.bytes();
    }

    @Override
    public DataType dataType() {
        return plain.dataType();
    }

    @Override
    public long outputSize() {
        return plain.outputSize();
    }

    @Override
    public long inputSize() {
        return plain.inputSize();
    }

    @Override
    public void rows(int[] ids, INDArray result) {
        plain.rows(ids, result);
    }

    @Override
    public INDArray row(long row) {
        return plain.row(row);
    }

    @Override
    public INDArray column(long column) {
        return plain.column(column);
    }

    @Override
    public INDArray columnNorms() {
        return plain.columnNorms();
    }

    @Override
    public INDArray rowNorms() {
        return plain.rowNorms();
    }

    @Override
    public String fingerprint() {
        return plain.fingerprint();
    }

    @Override
    public INDArray array() {
        return plain.array();
    }

    @Override
    public INDArray copy() {
        return plain.copy();
    }
}
