package org.lora4j.nn.weight.internal;

import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.ReusableOp;
import org.lora4j.internal.memory.ArrayMemory;
import org.lora4j.internal.memory.IdlePool;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Some rows of a {@link CompactMatrix} as floats, and the product with them. All matrices share a few of these buffers, because
 * a thread needs one only as long as a product takes. In a steady state it allocates nothing native.
 */
final class ExpandedBlock {
    private static final IdlePool<ExpandedBlock> IDLE = new IdlePool<>(ExpandedBlock::new);

    /** If there are more views than this, all are removed. */
    private static final int REMEMBERED = 256;

    private final ReusableOp expand = new ReusableOp(DynamicCustomOp.builder("cast")
            .addIntegerArguments(DataType.FLOAT.toInt())
            .build());
    private final Gemm product = new Gemm(false, true, 1, 0);
    private final Gemm transposedProduct = new Gemm(false, false, 1, 0);
    private final Gemm addTransposedProduct = new Gemm(false, false, 1, 1);
    private final Matrices weights = new Matrices();
    private final Matrices columns = new Matrices();
    private final CodeMatrix.Scratch scratch = new CodeMatrix.Scratch();
    private float[] row = new float[0];
    private float[] piece = new float[0];

    private ExpandedBlock() {}

    /** Lends a buffer. Afterwards it refers to no array of the caller. */
    static void use(Consumer<ExpandedBlock> computation) {
        IDLE.use(buffer -> {
            computation.accept(buffer);
            buffer.forget();
            return buffer;
        });
    }

    private void forget() {
        expand.forget();
        product.forget();
        transposedProduct.forget();
        addTransposedProduct.forget();
    }

    /** Matrices of different sizes in the same memory, which is as large as the largest of them so far. */
    private static final class Matrices {
        private final Map<Size, INDArray> views = new HashMap<>();
        private @Nullable INDArray memory;

        private record Size(long rows, long columns, char order) {}

        INDArray of(long rows, long columns, char order) {
            INDArray owner = memory;
            if (owner == null || owner.length() < rows * columns) {
                views.clear();
                if (owner != null) {
                    owner.close();
                }
                owner = Nd4j.createUninitializedDetached(DataType.FLOAT, 'c', rows * columns);
                memory = owner;
            }
            if (views.size() == REMEMBERED) {
                views.clear();
            }
            INDArray all = owner;
            return views.computeIfAbsent(
                    new Size(rows, columns, order),
                    size -> Nd4j.create(
                            all.data(),
                            new long[] {rows, columns},
                            order == 'c' ? new long[] {columns, 1} : new long[] {1, rows},
                            0,
                            order));
        }
    }

    /**
     * Returns a matrix in the memory of this buffer, with any content.
     *
     * @param order 'c' or 'f'
     */
    INDArray weights(int rows, int columns, char order) {
        return weights.of(rows, columns, order);
    }

    /**
     * Copies codes as floats: natively if ND4J computes with one thread there. Its team and that of BLAS would compete for the
     * processors.
     *
     * @param first the number of the first row
     * @param codes the codes of the rows
     */
    INDArray cast(CodeMatrix matrix, int first, INDArray codes) {
        INDArray block = weights.of(codes.size(0), codes.size(1), 'c');
        if (Nd4j.getEnvironment().maxThreads() == 1) {
            expand.run(codes, block);
            return block;
        }
        ArrayMemory memory = new ArrayMemory(block);
        int width = matrix.width();
        if (row.length < width) {
            row = new float[width];
        }
        for (int i = 0; i < codes.size(0); i++) {
            matrix.readCodes(first + i, row, scratch);
            memory.put(i * width, row, 0, width);
        }
        return block;
    }

    /**
     * Computes columns of {@code y = x·Wᵀ}.
     *
     * @param number the block of rows of W
     */
    void multiply(INDArray x, CompactMatrix matrix, int number, INDArray y) {
        INDArray block = matrix.expand(number, this);
        int first = matrix.firstRow(number);
        INDArray part = columns.of(x.size(0), block.size(0), isInRows(y) ? 'c' : 'f');
        product.run(x, block, part);
        copy(part, 0, y, first, Math.toIntExact(block.size(0)), matrix.scales(), first);
    }

    /**
     * Computes what some rows of W add to {@code dx = g·W}; the first of them overwrite it unless it is added to.
     *
     * @param number the block of rows of W
     */
    void multiplyTransposed(INDArray g, CompactMatrix matrix, int number, INDArray dx, boolean adds) {
        INDArray block = matrix.expand(number, this);
        int first = matrix.firstRow(number);
        INDArray part = columns.of(g.size(0), block.size(0), isInRows(g) ? 'c' : 'f');
        copy(g, first, part, 0, Math.toIntExact(block.size(0)), matrix.scales(), first);
        (adds ? addTransposedProduct : transposedProduct).run(part, block, dx);
    }

    /** Whether the elements of a row follow each other in memory; otherwise those of a column do. */
    private static boolean isInRows(INDArray matrix) {
        return matrix.stride(1) == 1 || matrix.size(1) == 1;
    }

    /** Copies columns to columns of a matrix in the same order, and multiplies each with its scale. */
    private void copy(
            INDArray from, int fromColumn, INDArray to, int toColumn, int count, float @Nullable [] scales, int first) {
        ArrayMemory source = new ArrayMemory(from);
        ArrayMemory target = new ArrayMemory(to);
        int n = Math.toIntExact(from.size(0));
        boolean inRows = isInRows(from.size(1) > to.size(1) ? from : to);
        int fromStep = Math.toIntExact(from.stride(inRows ? 0 : 1));
        int toStep = Math.toIntExact(to.stride(inRows ? 0 : 1));
        int length = inRows ? count : n;
        for (int i = 0; i < (inRows ? n : count); i++) {
            int position = inRows ? i * fromStep + fromColumn : (fromColumn + i) * fromStep;
            int targetPosition = inRows ? i * toStep + toColumn : (toColumn + i) * toStep;
            if (scales == null) {
                source.copy(position, target, targetPosition, length);
                continue;
            }
            if (piece.length < length) {
                piece = new float[length];
            }
            source.get(position, piece, 0, length);
            for (int j = 0; j < length; j++) {
                piece[j] *= scales[first + (inRows ? j : i)];
            }
            target.put(targetPosition, piece, 0, length);
        }
    }
}
