package org.lora4j;

import org.lora4j.adapter.LoRAWeights;
import org.lora4j.internal.BuffersByWidth;
import org.lora4j.internal.Gemm;
import org.lora4j.nn.internal.PassContext;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The part that an initialization subtracts from the base, {@code −s·B₀·A₀}: it is fixed and has no dropout. */
final class SubtractedPass {
    private final BuffersByWidth downs;
    private final BuffersByWidth downGradients;
    private final Gemm down = new Gemm(false, true, 1, 0);
    private final Gemm subtractUp = new Gemm(false, true, -1, 1);
    private final Gemm downGradientProduct = new Gemm(false, false, -1, 0);
    private final Gemm inputGradientProduct = new Gemm(false, false, 1, 1);
    private INDArray a = Nd4j.empty();
    private INDArray b = Nd4j.empty();

    SubtractedPass(PassContext context) {
        downs = new BuffersByWidth(context.dataType());
        downGradients = new BuffersByWidth(context.dataType());
    }

    void bind(LoRAWeights initial, double scale) {
        a = initial.loraA();
        b = initial.loraB();
        subtractUp.configure(false, true, -scale, 1);
        downGradientProduct.configure(false, false, -scale, 0);
    }

    void forward(INDArray x, INDArray y) {
        INDArray u = downs.rows(x.size(0), a.size(0));
        down.run(x, a, u);
        subtractUp.run(u, b, y);
    }

    void backward(INDArray yGradient) {
        downGradientProduct.run(yGradient, b, downGradients.rows(yGradient.size(0), a.size(0)));
    }

    void addInputGradient(INDArray xGradient) {
        inputGradientProduct.run(downGradients.rows(xGradient.size(0), a.size(0)), a, xGradient);
    }
}
