package org.lora4j.dl4j;

import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.convolution.Convolution1DLayer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Broadcast;

/** A frozen 1-D convolution with factors, as products of patches of images of width 1. */
@SuppressWarnings("serial") // DL4J declares its layers serializable; nothing serializes them.
final class FactoredConvolution1D extends Convolution1DLayer {
    private final FactoredRows rows;

    /** The kernels as {@code [in·k, out]}. DL4J has them in another order; see {@link BaseWeights}. */
    private final INDArray matrix;

    FactoredConvolution1D(NeuralNetConfiguration conf, DataType type, FactoredRows rows, INDArray matrix) {
        super(conf, type);
        this.rows = rows;
        this.matrix = matrix;
    }

    private boolean isChannelsLast() {
        return layerConf().getRnnDataFormat() == RNNFormat.NWC;
    }

    private INDArray channelsFirst(INDArray sequences) {
        return isChannelsLast() ? sequences.permute(0, 2, 1) : sequences;
    }

    private INDArray images() {
        INDArray sequences = channelsFirst(input.castTo(dataType)).dup('c');
        return sequences.reshape('c', sequences.size(0), sequences.size(1), sequences.size(2), 1);
    }

    private Patches patches(INDArray images) {
        return new Patches(
                images,
                new int[] {layerConf().getKernelSize()[0], 1},
                new int[] {layerConf().getStride()[0], 1},
                new int[] {layerConf().getDilation()[0], 1},
                new int[] {layerConf().getPadding()[0], 0},
                convolutionMode);
    }

    private INDArray z(INDArray x, boolean training, LayerWorkspaceMgr workspaces) {
        return rows.forward(x, matrix, hasBias() ? getParam("b") : null, training, workspaces);
    }

    private INDArray sequences(INDArray images) {
        INDArray sequences = images.reshape('c', images.size(0), images.size(1), images.size(2));
        return isChannelsLast() ? sequences.permute(0, 2, 1) : sequences;
    }

    @Override
    protected Pair<INDArray, INDArray> preOutput(boolean training, boolean forBackprop, LayerWorkspaceMgr workspaces) {
        if (!rows.isActive() || input == null || input.rank() != 3) {
            return super.preOutput(training, forBackprop, workspaces);
        }
        INDArray images = images();
        Patches patches = patches(images);
        INDArray z = z(patches.of(images, workspaces, ArrayType.FF_WORKING_MEM), training, workspaces);
        return new Pair<>(workspaces.dup(ArrayType.ACTIVATIONS, sequences(patches.images(z)), 'c'), null);
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr workspaces) {
        assertInputSet(true);
        INDArray images = images();
        Patches patches = patches(images);
        INDArray x = patches.of(images, workspaces, ArrayType.BP_WORKING_MEM);
        INDArray z = rows.isActive()
                ? sequences(patches.images(z(x, true, workspaces)))
                : super.preOutput(true, true, workspaces).getFirst();
        INDArray given = maskArray == null ? epsilon : masked(epsilon);
        INDArray g3 = channelsFirst(layerConf()
                .getActivationFn()
                .backprop(z.dup('c'), given.dup('c'))
                .getFirst());
        INDArray g = patches.rows(g3.dup('c').reshape('c', g3.size(0), g3.size(1), g3.size(2), 1));
        INDArray patchGradients = rows.backward(x, g, matrix, workspaces);
        weightNoiseParams.clear();
        if (patchGradients == null) {
            return new Pair<>(new DefaultGradient(), null);
        }
        INDArray xGradient =
                sequences(patches.inputGradient(patchGradients, workspaces).dup('c'));
        return new Pair<>(
                new DefaultGradient(),
                backpropDropOutIfPresent(workspaces.dup(ArrayType.ACTIVATION_GRAD, xGradient, 'c')));
    }

    private INDArray masked(INDArray epsilon) {
        INDArray mask = feedForwardMaskArray(maskArray, maskState, (int) epsilon.size(0))
                .getFirst()
                .castTo(epsilon.dataType());
        return Broadcast.mul(epsilon, mask, epsilon.dup(), 0, isChannelsLast() ? 1 : 2);
    }
}
