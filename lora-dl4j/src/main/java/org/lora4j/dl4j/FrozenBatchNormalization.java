package org.lora4j.dl4j;

import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.broadcast.BroadcastMulOp;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * A batch normalization that is frozen: it normalizes by the stored mean and variance in training too. DL4J's own
 * backpropagation assumes those of the batch; here it is {@code ∂x = γ/√(var + ε)·∂y}.
 */
@SuppressWarnings("serial") // DL4J declares its layers serializable; nothing serializes them.
final class FrozenBatchNormalization extends AdaptedLayer {
    private final BatchNormalization normalization;

    FrozenBatchNormalization(
            Layer inside, BatchNormalization normalization, NeuralNetConfiguration conf, Trained trained) {
        super(Inside.of(inside), conf, trained);
        this.normalization = normalization;
    }

    @Override
    public INDArray activate(boolean training, LayerWorkspaceMgr workspaces) {
        return super.activate(false, workspaces);
    }

    @Override
    public INDArray activate(INDArray input, boolean training, LayerWorkspaceMgr workspaces) {
        return super.activate(input, false, workspaces);
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr workspaces) {
        if (isBelowTraining()) {
            return new Pair<>(new DefaultGradient(), null);
        }
        INDArray factor = factor();
        INDArray result = workspaces.createUninitialized(
                ArrayType.ACTIVATION_GRAD, epsilon.dataType(), epsilon.shape(), epsilon.ordering());
        boolean channelsLast = epsilon.rank() == 4 && normalization.getCnn2DFormat() == CNN2DFormat.NHWC;
        int channels = channelsLast ? 3 : 1;
        Nd4j.getExecutioner().exec(new BroadcastMulOp(epsilon, factor.reshape(factor.length()), result, channels));
        return new Pair<>(new DefaultGradient(), result);
    }

    private INDArray factor() {
        INDArray inverse =
                Transforms.sqrt(variance().add(normalization.getEps())).rdivi(1);
        return normalization.isLockGammaBeta()
                ? inverse.muli(normalization.getGamma())
                : inverse.muli(getUnderlying().getParam("gamma"));
    }

    private INDArray variance() {
        if (!normalization.isUseLogStd()) {
            return getUnderlying().getParam("var");
        }
        INDArray logarithm = getUnderlying().getParam("log10stdev");
        INDArray ten = Nd4j.valueArrayOf(logarithm.shape(), 10.0, logarithm.dataType());
        return Transforms.pow(ten, logarithm.mul(2));
    }
}
