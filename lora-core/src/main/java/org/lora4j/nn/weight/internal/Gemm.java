package org.lora4j.nn.weight.internal;

import org.jspecify.annotations.Nullable;
import org.lora4j.internal.ForModules;
import org.lora4j.internal.math.ReusableOp;
import org.lora4j.linalg.ProductEngine;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;

/**
 * A matrix product that is computed many times: {@code c = α·op(a)·op(b) + β·c}.
 *
 * <p>Small products of floats run in Java loops, see {@link HeapGemm}. A {@link ProductEngine} computes larger ones of floats, if
 * there is one. All others run in native code: those whose result is
 * one row or one column as products with a vector, see {@link MatrixVectorProduct}. The type, the sizes and the memory orders
 * of the matrices decide this. So the same matrices always give the same bits.
 *
 * <p>A native product keeps its native operation context. So a call costs only a few microseconds in addition to the
 * arithmetic. Both kinds allocate no native memory if the arrays are the same as before. Not thread-safe: each pass has its
 * own instances.
 */
@ForModules
public final class Gemm {
    /**
     * A product runs in Java loops if this many steps are enough: one for each multiplication, and {@link #STEPS_PER_RESULT}
     * for each element of the result. Measured on an AMD Zen 4 processor, where a native call takes only 1.5 µs: at 8192 steps
     * the loops take as long. The limit is lower, because until the JVM has compiled the loops, they are many times slower,
     * and the threads of BLAS leave little time for the compiler.
     */
    static final long MAX_HEAP_STEPS = 5 << 10;

    /** To copy an element of the result to the heap and back takes as long as this many multiplications. */
    static final long STEPS_PER_RESULT = 8;

    private boolean transposeA;
    private boolean transposeB;
    private double alpha;
    private double beta;
    private @Nullable ReusableOp op;
    private @Nullable MatrixVectorProduct rowProduct;
    private @Nullable MatrixVectorProduct columnProduct;
    private @Nullable HeapGemm heap;

    /**
     * Creates a product.
     *
     * @param transposeA whether {@code op(a)} is {@code aᵀ}
     * @param transposeB whether {@code op(b)} is {@code bᵀ}
     * @param alpha the factor α of the product
     * @param beta the factor β of the old content of {@code c}; 0 overwrites it
     * @throws IllegalArgumentException if α or β is not finite
     */
    public Gemm(boolean transposeA, boolean transposeB, double alpha, double beta) {
        configure(transposeA, transposeB, alpha, beta);
    }

    /**
     * Changes the operation and the factors. The native context stays.
     *
     * @param transposeA whether {@code op(a)} is {@code aᵀ}
     * @param transposeB whether {@code op(b)} is {@code bᵀ}
     * @param alpha the factor α of the product
     * @param beta the factor β of the old content of {@code c}; 0 overwrites it
     * @throws IllegalArgumentException if α or β is not finite
     */
    public final void configure(boolean transposeA, boolean transposeB, double alpha, double beta) {
        if (!Double.isFinite(alpha) || !Double.isFinite(beta)) {
            throw new IllegalArgumentException(
                    "gemm: alpha and beta must be finite, found alpha " + alpha + " and beta " + beta);
        }
        boolean changed = this.transposeA != transposeA
                || this.transposeB != transposeB
                || this.alpha != alpha
                || this.beta != beta;
        this.transposeA = transposeA;
        this.transposeB = transposeB;
        this.alpha = alpha;
        this.beta = beta;
        if (!changed) {
            return;
        }
        if (op != null) {
            setArguments(op);
        }
        if (rowProduct != null) {
            rowProduct.configure(!transposeB, alpha, beta);
        }
        if (columnProduct != null) {
            columnProduct.configure(transposeA, alpha, beta);
        }
    }

    private void setArguments(ReusableOp target) {
        target.setArguments(new long[] {transposeA ? 1 : 0, transposeB ? 1 : 0, 0}, alpha, beta);
    }

    /**
     * Computes {@code c = α·op(a)·op(b) + β·c}. All three are matrices of the same type, FLOAT or DOUBLE, in 'c' or 'f'
     * order.
     *
     * @param a the left factor
     * @param b the right factor
     * @param c the result, an array that is neither {@code a} nor {@code b}
     */
    public void run(INDArray a, INDArray b, INDArray c) {
        long inner = a.size(transposeA ? 0 : 1);
        if (c.dataType() == DataType.FLOAT && c.size(0) * c.size(1) * (inner + STEPS_PER_RESULT) <= MAX_HEAP_STEPS) {
            runOnHeap(a, b, c);
        } else if (!runByEngine(a, b, c)) {
            runNatively(a, b, c);
        }
    }

    private boolean runByEngine(INDArray a, INDArray b, INDArray c) {
        ProductEngine engine = Engines.engine();
        return engine != null
                && c.dataType() == DataType.FLOAT
                && engine.multiply(a, transposeA, b, transposeB, alpha, beta, c);
    }

    /** Drops the arrays of the last call. */
    public void forget() {
        heap = null;
        if (op != null) {
            op.forget();
        }
        if (rowProduct != null) {
            rowProduct.forget();
        }
        if (columnProduct != null) {
            columnProduct.forget();
        }
    }

    void runOnHeap(INDArray a, INDArray b, INDArray c) {
        HeapGemm small = heap;
        if (small == null) {
            small = new HeapGemm();
            heap = small;
        }
        small.run(a, transposeA, b, transposeB, alpha, beta, c);
    }

    void runNatively(INDArray a, INDArray b, INDArray c) {
        boolean isShort = a.size(transposeA ? 0 : 1) <= MatrixVectorProduct.MOST_INNER;
        if (isShort && c.size(0) == 1 && MatrixVectorProduct.isVector(a) && MatrixVectorProduct.isVector(c)) {
            rowProduct().run(b, a, c);
        } else if (isShort && c.size(1) == 1 && MatrixVectorProduct.isVector(b) && MatrixVectorProduct.isVector(c)) {
            columnProduct().run(a, b, c);
        } else {
            matrixProduct().run(a, b, c);
        }
    }

    /** The product whose result is one row: {@code cᵀ = α·op(b)ᵀ·op(a)ᵀ + β·cᵀ}. */
    private MatrixVectorProduct rowProduct() {
        MatrixVectorProduct product = rowProduct;
        if (product == null) {
            product = new MatrixVectorProduct(!transposeB, alpha, beta);
            rowProduct = product;
        }
        return product;
    }

    /** The product whose result is one column. */
    private MatrixVectorProduct columnProduct() {
        MatrixVectorProduct product = columnProduct;
        if (product == null) {
            product = new MatrixVectorProduct(transposeA, alpha, beta);
            columnProduct = product;
        }
        return product;
    }

    private ReusableOp matrixProduct() {
        ReusableOp matmul = op;
        if (matmul == null) {
            matmul = new ReusableOp(DynamicCustomOp.builder("matmul").build());
            setArguments(matmul);
            op = matmul;
        }
        return matmul;
    }
}
