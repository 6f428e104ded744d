package org.lora4j.dl4j;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.deeplearning4j.util.ConvolutionUtils;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.convolution.Convolution;

/**
 * The patches that a convolution sees, as rows: row by row of the output image, each patch in the order channel, kernel row,
 * kernel column. So a convolution is a product of rows.
 */
final class Patches {
    private final int[] kernel;
    private final int[] stride;
    private final int[] dilation;
    private final int[] padding;
    private final int[] out;
    private final boolean isSame;
    private final int count;
    private final int channels;
    private final int height;
    private final int width;

    /**
     * Computes the sizes.
     *
     * @param conf the convolution
     * @param input the input {@code [n, in, h, w]}
     */
    Patches(ConvolutionLayer conf, INDArray input) {
        this(
                input,
                conf.getKernelSize(),
                conf.getStride(),
                conf.getDilation(),
                conf.getPadding(),
                conf.getConvolutionMode());
    }

    Patches(INDArray input, int[] kernel, int[] stride, int[] dilation, int[] padding, ConvolutionMode mode) {
        this.kernel = kernel;
        this.stride = stride;
        this.dilation = dilation;
        isSame = mode == ConvolutionMode.Same;
        count = (int) input.size(0);
        channels = (int) input.size(1);
        height = (int) input.size(2);
        width = (int) input.size(3);
        out = ConvolutionUtils.getOutputSize(
                input, kernel, stride, isSame ? null : padding, mode, dilation, CNN2DFormat.NCHW);
        this.padding = isSame
                ? ConvolutionUtils.getSameModeTopLeftPadding(out, new int[] {height, width}, kernel, stride, dilation)
                : padding;
    }

    private int patchSize() {
        return channels * kernel[0] * kernel[1];
    }

    /** The patches of an input, {@code [n·oh·ow, in·kh·kw]}. */
    INDArray of(INDArray input, LayerWorkspaceMgr workspaces, ArrayType use) {
        long[] shape = {count, out[0], out[1], channels, kernel[0], kernel[1]};
        INDArray patches = workspaces.createUninitialized(use, input.dataType(), shape, 'c');
        Convolution.im2col(
                input,
                kernel[0],
                kernel[1],
                stride[0],
                stride[1],
                padding[0],
                padding[1],
                dilation[0],
                dilation[1],
                isSame,
                patches.permute(0, 3, 4, 5, 1, 2));
        return patches.reshape('c', (long) count * out[0] * out[1], patchSize());
    }

    /** Rows {@code [n·oh·ow, out]} in 'f' order as images {@code [n, out, oh, ow]}, without a copy. */
    INDArray images(INDArray rows) {
        return rows.transpose()
                .reshape('c', rows.size(1), count, out[0], out[1])
                .permute(1, 0, 2, 3);
    }

    /** The reverse of {@link #images}. */
    INDArray rows(INDArray images) {
        INDArray channelsFirst = images.permute(1, 0, 2, 3);
        return channelsFirst
                .reshape('c', images.size(1), (long) count * out[0] * out[1])
                .transpose();
    }

    /** The gradient of the input, given that of the patches. */
    INDArray inputGradient(INDArray patchGradients, LayerWorkspaceMgr workspaces) {
        INDArray inRows = patchGradients.ordering() == 'c' ? patchGradients : patchGradients.dup('c');
        INDArray six = inRows.reshape('c', count, out[0], out[1], channels, kernel[0], kernel[1])
                .permute(0, 3, 4, 5, 1, 2);
        long[] shape = {channels, count, height, width};
        INDArray gradient = workspaces
                .createUninitialized(ArrayType.ACTIVATION_GRAD, six.dataType(), shape, 'c')
                .permute(1, 0, 2, 3);
        Convolution.col2im(
                six, gradient, stride[0], stride[1], padding[0], padding[1], height, width, dilation[0], dilation[1]);
        return gradient;
    }
}
