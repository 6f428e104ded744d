package org.lora4j.onednn;

import static org.bytedeco.dnnl.global.dnnl.dnnl_sgemm;

import java.lang.ref.Reference;
import org.lora4j.internal.memory.IdlePool;
import org.lora4j.internal.threads.ThreadTeam;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Products of matrices that are not packed, such as the factors of adapters: {@code c = α·op(a)·op(b) + β·c}. A large product is
 * divided in parts of the result, one for each processor. The parts do not depend on the number of threads, so the bits of the
 * results do not either.
 */
final class PlainProducts {
    /** The fewest multiplications for which another thread saves time. */
    private static final long LEAST_MULTIPLICATIONS = 500_000;

    /** Parts start at a multiple of this, so that none has a row or column of its own. */
    private static final long STEP = 48;

    /** oneDNN has fast code for long sums of a few results, which it does not use for more rows than this. */
    private static final long FEW_ROWS = 12;

    /** That code is faster if a sum has at least this many times as many products as a row has results. */
    private static final long LONG_SUM = 6;

    /** Asked for once: the question costs as much as a small product. */
    private final int processors = Runtime.getRuntime().availableProcessors();

    private final OpenMp openMp;
    private final ThreadTeam team;
    private final VectorProducts vectorProducts = new VectorProducts();
    private final IdlePool<Call> calls = new IdlePool<>(Call::new);

    PlainProducts(OpenMp openMp, ThreadTeam team) {
        this.openMp = openMp;
        this.team = team;
    }

    /** The addresses of a call, which are set anew each time, so that it creates no native objects. */
    private static final class Call {
        private final FloatAddress a = new FloatAddress();
        private final FloatAddress b = new FloatAddress();
        private final FloatAddress c = new FloatAddress();

        /** Computes some rows and columns of the result. */
        void run(Operand left, Operand right, Operand result, Part part, float alpha, float beta) {
            Dnnl.check(dnnl_sgemm(
                    left.transposition(),
                    right.transposition(),
                    part.rows(),
                    part.columns(),
                    left.columns(),
                    alpha,
                    a.set(left.row(part.row())),
                    left.stride(),
                    b.set(right.column(part.column())),
                    right.stride(),
                    beta,
                    c.set(result.row(part.row()) + Float.BYTES * part.column()),
                    result.stride()));
        }
    }

    /** Some rows and columns of the result. */
    private record Part(long row, long rows, long column, long columns) {}

    /**
     * Computes a product of FLOAT matrices.
     *
     * @return false if ND4J must compute it: oneDNN cannot read these strides, or is slower for these sizes
     */
    boolean multiply(
            INDArray a, boolean transposeA, INDArray b, boolean transposeB, double alpha, double beta, INDArray c) {
        Operand result = Operand.of(c, false);
        Operand left = Operand.of(a, transposeA);
        Operand right = Operand.of(b, transposeB);
        if (result == null || left == null || right == null || c.isEmpty() || left.columns() == 0) {
            return false;
        }
        if (result.isTransposed()) {
            Operand first = left;
            left = right.transpose();
            right = first.transpose();
            result = result.transpose();
        }
        long size = result.rows() * result.columns() * left.columns();
        boolean isInnerProduct = result.rows() == 1 && result.columns() == 1;
        boolean sumsContiguous = left.isInRows() && right.isInColumns() && left.columns() > 1 && result.columns() > 1;
        boolean inFewRows = sumsContiguous && LONG_SUM * result.columns() <= left.columns();
        if (isInnerProduct) {
            return false;
        }
        try {
            if (VectorProducts.computes(result.rows(), left.columns())) {
                vectorProducts.run(left, right, result, (float) alpha, (float) beta);
            } else if (VectorProducts.computes(result.columns(), left.columns())) {
                vectorProducts.run(
                        right.transpose(), left.transpose(), result.transpose(), (float) alpha, (float) beta);
            } else {
                run(left, right, result, size, inFewRows, (float) alpha, (float) beta);
            }
        } finally {
            // A native address does not keep its memory alive.
            Reference.reachabilityFence(a);
            Reference.reachabilityFence(b);
            Reference.reachabilityFence(c);
        }
        return true;
    }

    private void run(
            Operand left, Operand right, Operand result, long size, boolean inFewRows, float alpha, float beta) {
        boolean byRows = result.rows() >= result.columns();
        long length = byRows ? result.rows() : result.columns();
        long steps = (length + STEP - 1) / STEP;
        int parts = (int) Math.max(1, Math.min(Math.min(processors, steps), size / LEAST_MULTIPLICATIONS));
        if (parts == 1) {
            run(left, right, result, new Part(0, result.rows(), 0, result.columns()), inFewRows, alpha, beta);
            return;
        }
        team.run(parts, i -> {
            long from = steps * i / parts * STEP;
            long count = Math.min(length, steps * (i + 1) / parts * STEP) - from;
            Part part = byRows ? new Part(from, count, 0, result.columns()) : new Part(0, result.rows(), from, count);
            run(left, right, result, part, inFewRows, alpha, beta);
        });
    }

    private void run(
            Operand left, Operand right, Operand result, Part part, boolean inFewRows, float alpha, float beta) {
        int before = openMp.enter();
        try {
            calls.use(call -> {
                long rowsAtOnce = inFewRows ? FEW_ROWS : part.rows();
                for (long i = 0; i < part.rows(); i += rowsAtOnce) {
                    long rows = Math.min(rowsAtOnce, part.rows() - i);
                    call.run(
                            left,
                            right,
                            result,
                            new Part(part.row() + i, rows, part.column(), part.columns()),
                            alpha,
                            beta);
                }
                return call;
            });
        } finally {
            openMp.leave(before);
        }
    }
}
