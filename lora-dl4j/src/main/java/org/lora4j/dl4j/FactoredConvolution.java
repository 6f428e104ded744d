package org.lora4j.dl4j;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.convolution.ConvolutionLayer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A frozen 2-D convolution with factors: {@code y = conv(x, W) + s·conv1x1(conv(x, A), B)}, as products of patches. */
@SuppressWarnings("serial") // DL4J declares its layers serializable; nothing serializes them.
final class FactoredConvolution extends ConvolutionLayer {
    private final FactoredRows rows;

    FactoredConvolution(NeuralNetConfiguration conf, DataType type, FactoredRows rows) {
        super(conf, type);
        this.rows = rows;
    }

    private boolean isChannelsLast() {
        return layerConf().getCnn2dDataFormat() == CNN2DFormat.NHWC;
    }

    private INDArray channelsFirst(INDArray images) {
        return isChannelsLast() ? images.permute(0, 3, 1, 2) : images;
    }

    private INDArray images() {
        INDArray images = input.castTo(dataType);
        return isChannelsLast() ? images.permute(0, 3, 1, 2).dup('c') : images;
    }

    /** The kernels as {@code [in·kh·kw, out]}, without a copy. */
    private static INDArray matrix(INDArray w) {
        return w.reshape('c', w.size(0), -1).transpose();
    }

    @Override
    protected Pair<INDArray, INDArray> preOutput(boolean training, boolean forBackprop, LayerWorkspaceMgr workspaces) {
        if (!rows.isActive() || input == null || input.rank() != 4) {
            return super.preOutput(training, forBackprop, workspaces);
        }
        validateInputDepth(layerConf().getNIn());
        INDArray images = images();
        Patches patches = new Patches(layerConf(), images);
        INDArray z = z(patches.of(images, workspaces, ArrayType.FF_WORKING_MEM), training, workspaces);
        INDArray result = patches.images(z);
        if (isChannelsLast()) {
            result = workspaces.dup(ArrayType.ACTIVATIONS, result.permute(0, 2, 3, 1));
        }
        return new Pair<>(result, null);
    }

    private INDArray z(INDArray x, boolean training, LayerWorkspaceMgr workspaces) {
        INDArray w = matrix(getParamWithNoise("W", training, workspaces));
        INDArray bias = hasBias() ? getParamWithNoise("b", training, workspaces) : null;
        return rows.forward(x, w, bias, training, workspaces);
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr workspaces) {
        assertInputSet(true);
        INDArray images = images();
        Patches patches = new Patches(layerConf(), images);
        INDArray x = patches.of(images, workspaces, ArrayType.BP_WORKING_MEM);
        INDArray z = rows.isActive()
                ? patches.images(z(x, true, workspaces))
                : channelsFirst(super.preOutput(true, true, workspaces).getFirst());
        INDArray given = channelsFirst(epsilon.castTo(dataType));
        INDArray g =
                patches.rows(layerConf().getActivationFn().backprop(z, given).getFirst());
        INDArray w = matrix(getParamWithNoise("W", true, workspaces));
        INDArray patchGradients = rows.backward(x, g, w, workspaces);
        weightNoiseParams.clear();
        if (patchGradients == null) {
            return new Pair<>(new DefaultGradient(), null);
        }
        INDArray xGradient = patches.inputGradient(patchGradients, workspaces);
        INDArray inFormat = isChannelsLast() ? xGradient.permute(0, 2, 3, 1) : xGradient;
        return new Pair<>(new DefaultGradient(), backpropDropOutIfPresent(inFormat));
    }
}
