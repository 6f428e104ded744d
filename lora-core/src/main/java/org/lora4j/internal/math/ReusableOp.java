package org.lora4j.internal.math;

import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.CustomOp;
import org.nd4j.linalg.api.ops.OpContext;
import org.nd4j.linalg.factory.Nd4j;

/**
 * An ND4J operation with one or two inputs and one output, which keeps its native context.
 *
 * <p>{@code Nd4j.exec(CustomOp)} creates a context at each call. This costs more time than a small product, and the memory
 * is released only by the garbage collector. This class passes an array to the native side only if it is another array
 * than in the call before.
 */
public final class ReusableOp {
    /** The native side keeps a handle for each array that it receives. The context is purged before it has more of them. */
    private static final int MAX_HANDLES = 100;

    private final CustomOp op;
    private final OpContext context;
    private @Nullable INDArray first;
    private @Nullable INDArray second;
    private @Nullable INDArray output;
    private int handles;

    public ReusableOp(CustomOp op) {
        this.op = op;
        context = Nd4j.getExecutioner().buildContext();
        setArguments(op.iArgs(), op.tArgs());
    }

    public void setArguments(long[] integers, double... reals) {
        context.setIArguments(integers);
        context.setTArguments(reals);
    }

    /** Drops the arrays of the last call. */
    public void forget() {
        context.purge();
        first = null;
        second = null;
        output = null;
        handles = 0;
    }

    public void run(INDArray a, INDArray c) {
        run(a, null, c);
    }

    public void run(INDArray a, @Nullable INDArray b, INDArray c) {
        if (handles + 3 > MAX_HANDLES) {
            forget();
        }
        if (a != first) {
            context.setInputArray(0, a);
            first = a;
            handles++;
        }
        if (b != null && b != second) {
            context.setInputArray(1, b);
            second = b;
            handles++;
        }
        if (c != output) {
            context.setOutputArray(0, c);
            output = c;
            handles++;
        }
        Nd4j.exec(op, context);
    }
}
