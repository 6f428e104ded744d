package org.lora4j.onednn;

import java.lang.ref.Reference;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.Int8Scale;
import org.lora4j.linalg.PackedWeight;
import org.lora4j.linalg.ProductEngine.Direction;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * A weight {@code [k, m]}: {@code Wᵀ} for the forward direction, else {@code W}. It is packed in blocks of columns, one for each
 * processor if it is large enough, so that each reads a part of the weight only. The blocks do not depend on the number of
 * threads, so the bits of the results do not either.
 */
final class OneDnnWeight implements PackedWeight {
    /**
     * Half of what oneDNN pads blocks to: with it, more widths are divided into equal blocks, and a block that ends in the middle
     * takes no more time for a column.
     */
    private static final long STEP_OF_COLUMNS = 32;

    private final EngineParts engine;
    private final Kind kind;
    private final long k;
    private final long m;
    private final Direction direction;
    private final List<PackedBlock> blocks;

    /** The first column of each block. */
    private final long[] starts;

    /** The scales of the columns of the input; without elements if there are none. */
    private final float[] inputFactors;

    private OneDnnWeight(
            EngineParts engine,
            Kind kind,
            long k,
            long m,
            Direction direction,
            List<PackedBlock> blocks,
            long[] starts,
            float[] inputFactors) {
        this.engine = engine;
        this.kind = kind;
        this.k = k;
        this.m = m;
        this.direction = direction;
        this.blocks = blocks;
        this.starts = starts;
        this.inputFactors = inputFactors;
    }

    /** Packs a weight; empty if there is no fast code for its sizes. */
    static Optional<PackedWeight> of(EngineParts engine, Kind kind, INDArray weight, Direction direction) {
        if (!kind.isScaled()) {
            return of(engine, kind, weight, direction, new float[0]);
        }
        float[] scales = scales(weight);
        INDArray rounded = MiddleElements.rounded(weight, scales);
        try {
            return of(engine, kind, rounded, direction, scales);
        } finally {
            if (rounded != weight) {
                rounded.close();
            }
        }
    }

    private static Optional<PackedWeight> of(
            EngineParts engine, Kind kind, INDArray weight, Direction direction, float[] scales) {
        INDArray matrix = direction == Direction.FORWARD ? weight.transpose() : weight;
        long[] starts = starts(matrix);
        boolean scalesInput = kind.isScaled() && direction == Direction.TRANSPOSED;
        PackedBlock[] blocks = new PackedBlock[starts.length - 1];
        engine.workers().team().run(blocks.length, i -> {
            INDArray columns = blocks.length == 1
                    ? matrix
                    : matrix.get(NDArrayIndex.all(), NDArrayIndex.interval(starts[i], starts[i + 1]));
            float[] factors = !kind.isScaled() || scalesInput
                    ? scales
                    : Arrays.copyOfRange(scales, (int) starts[i], (int) starts[i + 1]);
            blocks[i] = engine.workers()
                    .alone(() -> PackedBlock.of(engine.matmuls(), kind, columns, factors, scalesInput, weight.length()))
                    .orElse(null);
        });
        if (Arrays.asList(blocks).contains(null)) {
            return Optional.empty();
        }
        float[] inputFactors = scalesInput ? scales : new float[0];
        return Optional.of(new OneDnnWeight(
                engine, kind, matrix.size(0), matrix.size(1), direction, List.of(blocks), starts, inputFactors));
    }

    /** The scale of each row of W. Both directions have the same, so both multiply with the same weights. */
    private static float[] scales(INDArray weight) {
        float[] largest = weight.amax(1).toFloatVector();
        for (int j = 0; j < largest.length; j++) {
            // amax returns a single element as it is, with its sign.
            largest[j] = Int8Scale.of(Math.abs(largest[j]));
        }
        return largest;
    }

    /** The first column of each block, and at the end the number of all columns. */
    private static long[] starts(INDArray matrix) {
        long steps = (matrix.size(1) + STEP_OF_COLUMNS - 1) / STEP_OF_COLUMNS;
        long large = Math.min(steps, matrix.length() / Matmuls.LEAST_ELEMENTS);
        int count = (int) Math.max(1, Math.min(Runtime.getRuntime().availableProcessors(), large));
        long[] starts = new long[count + 1];
        for (int i = 1; i < count; i++) {
            starts[i] = steps * i / count * STEP_OF_COLUMNS;
        }
        starts[count] = matrix.size(1);
        return starts;
    }

    @Override
    public void multiply(INDArray x, INDArray y, boolean adds) {
        requireMatrices(x, y);
        if (kind.roundsInputs()) {
            engine.roundedProducts().use(product -> {
                product.run(this, x, y, adds);
                return product;
            });
        } else {
            multiply(x, y, adds ? Product.Addition.RESULT : Product.Addition.NOTHING, null);
        }
    }

    @Override
    public boolean addsBias() {
        return blocks.stream().allMatch(PackedBlock::addsBias);
    }

    @Override
    public void multiply(INDArray x, INDArray bias, INDArray y) {
        if (!addsBias()) {
            PackedWeight.super.multiply(x, bias, y);
        }
        requireMatrices(x, y);
        require("bias", bias, m);
        if (bias.size(0) != 1 || !MatrixLayout.of(bias).isDenseInRows()) {
            throw new IllegalArgumentException("bias: must be a row in one piece, found the shape "
                    + Arrays.toString(bias.shape()) + " and the strides " + Arrays.toString(bias.stride()));
        }
        multiply(x, y, Product.Addition.BIAS, bias);
    }

    private void requireMatrices(INDArray x, INDArray y) {
        require("x", x, k);
        require("y", y, m);
        if (x.size(0) != y.size(0)) {
            throw new IllegalArgumentException("y: must have the " + x.size(0) + " rows of x, found " + y.size(0));
        }
    }

    private void multiply(INDArray x, INDArray y, Product.Addition addition, @Nullable INDArray bias) {
        MatrixLayout inputs = MatrixLayout.of(x);
        if (inputs.overlaps()) {
            multiply(x.dup('c'), y, addition, bias);
            return;
        }
        MatrixLayout results = MatrixLayout.of(y);
        long xAddress = Memory.addressOf(x);
        long yAddress = Memory.addressOf(y);
        long biasAddress = bias == null ? 0 : Memory.addressOf(bias);
        try {
            Workers workers = engine.workers();
            workers.team().run(blocks.size(), i -> {
                PackedBlock block = blocks.get(i);
                workers.compute(workspace -> workspace.multiplyInParts(
                        block,
                        inputs,
                        xAddress,
                        results.withColumns(block.columns()),
                        yAddress + Float.BYTES * starts[i] * results.columnStride(),
                        addition,
                        biasAddress + Float.BYTES * starts[i]));
            });
        } finally {
            // A native address does not keep its memory alive.
            Reference.reachabilityFence(x);
            Reference.reachabilityFence(y);
            Reference.reachabilityFence(bias);
            Reference.reachabilityFence(this);
        }
    }

    Kind kind() {
        return kind;
    }

    int inputSize() {
        return Math.toIntExact(k);
    }

    List<PackedBlock> blocks() {
        return blocks;
    }

    /** The first column of a block. */
    long start(int block) {
        return starts[block];
    }

    /** The factors of the columns of the input; without elements if there are none. */
    float[] inputFactors() {
        return inputFactors;
    }

    private static void require(String name, INDArray matrix, long columns) {
        if (matrix.dataType() != DataType.FLOAT || matrix.rank() != 2 || matrix.size(1) != columns) {
            throw new IllegalArgumentException(name + ": must be FLOAT [n, " + columns + "], found " + matrix.dataType()
                    + " " + Arrays.toString(matrix.shape()));
        }
    }

    /** Reads a weight of the forward direction, whose columns are the rows of W. */
    @Override
    public boolean readRow(long row, float[] target) {
        if (direction != Direction.FORWARD) {
            return false;
        }
        int block = 0;
        while (row >= starts[block + 1]) {
            block++;
        }
        return blocks.get(block).readColumn(row - starts[block], target);
    }

    @Override
    public long bytes() {
        return blocks.stream().mapToLong(PackedBlock::bytes).sum();
    }
}
