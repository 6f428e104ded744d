package org.lora4j.nn;

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
final class ReusableOp {
    private final CustomOp op;
    private final OpContext context;
    private @Nullable INDArray first;
    private @Nullable INDArray second;
    private @Nullable INDArray output;

    ReusableOp(CustomOp op) {
        this.op = op;
        context = Nd4j.getExecutioner().buildContext();
        setArguments(op.iArgs(), op.tArgs());
    }

    void setArguments(long[] integers, double... reals) {
        context.setIArguments(integers);
        context.setTArguments(reals);
    }

    void run(INDArray a, INDArray c) {
        if (a != first || c != output) {
            // The native side keeps a handle for each array it was ever given, until it is purged.
            context.purge();
            context.setInputArrays(a);
            context.setOutputArrays(c);
            first = a;
            output = c;
        }
        Nd4j.exec(op, context);
    }

    void run(INDArray a, INDArray b, INDArray c) {
        if (a != first || b != second || c != output) {
            context.purge();
            context.setInputArrays(a, b);
            context.setOutputArrays(c);
            first = a;
            second = b;
            output = c;
        }
        Nd4j.exec(op, context);
    }
}
