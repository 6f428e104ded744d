package org.lora4j.internal;

import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.CustomOp;
import org.nd4j.linalg.api.ops.OpContext;
import org.nd4j.linalg.factory.Nd4j;

/**
 * An ND4J operation of one or two inputs and one output, with a native context of its own.
 *
 * <p>{@code Nd4j.exec(CustomOp)} builds a context at each call, which costs more than a small product and goes only
 * when the garbage collector finds it. Here the arrays are handed over when they change, and not otherwise.
 */
public final class ReusableOp {
    /** The native side keeps a handle for each array it was ever given, until it is purged. */
    private static final int HANDED_OVER = 100;

    private final CustomOp op;
    private final OpContext context;
    private @Nullable INDArray first;
    private @Nullable INDArray second;
    private @Nullable INDArray output;
    private int handedOver;

    public ReusableOp(CustomOp op) {
        this.op = op;
        context = Nd4j.getExecutioner().buildContext();
        setArguments(op.iArgs(), op.tArgs());
    }

    public void setArguments(long[] integers, double... reals) {
        context.setIArguments(integers);
        context.setTArguments(reals);
    }

    public void run(INDArray a, INDArray c) {
        run(a, null, c);
    }

    public void run(INDArray a, @Nullable INDArray b, INDArray c) {
        if (handedOver + 3 > HANDED_OVER) {
            context.purge();
            first = null;
            second = null;
            output = null;
            handedOver = 0;
        }
        if (a != first) {
            context.setInputArray(0, a);
            first = a;
            handedOver++;
        }
        if (b != null && b != second) {
            context.setInputArray(1, b);
            second = b;
            handedOver++;
        }
        if (c != output) {
            context.setOutputArray(0, c);
            output = c;
            handedOver++;
        }
        Nd4j.exec(op, context);
    }
}
