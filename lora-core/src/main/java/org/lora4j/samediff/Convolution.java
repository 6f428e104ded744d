package org.lora4j.samediff;

import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LayerKind;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.enums.WeightsFormat;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Conv2DConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.PaddingMode;

/**
 * A 2-D convolution: {@code conv2d}. A is a convolution of the same stride, padding and dilation to r channels, and B one
 * of 1×1.
 *
 * @param op the name of the operation
 * @param settings the integer arguments of the operation: kernel, strides, padding and dilation, each height then width,
 *     padding mode, data format, weights format
 * @param bias the third input, or null
 */
record Convolution(String op, Settings settings, @Nullable BiasUse bias) implements WeightUse {
    /** How the operation is configured. Its own configuration object is lost when a graph is loaded. */
    record Settings(
            long strideHeight,
            long strideWidth,
            long padHeight,
            long padWidth,
            long dilationHeight,
            long dilationWidth,
            PaddingMode paddingMode,
            boolean isNhwc,
            WeightsFormat weightsFormat) {
        static Settings of(long... arguments) {
            return new Settings(
                    arguments[2],
                    arguments[3],
                    arguments[4],
                    arguments[5],
                    arguments[6],
                    arguments[7],
                    PaddingMode.fromNumber((int) arguments[8]),
                    arguments[9] == 1,
                    weightsFormat(arguments.length > 10 ? (int) arguments[10] : 0));
        }

        private static WeightsFormat weightsFormat(int argument) {
            return switch (argument) {
                case 1 -> WeightsFormat.OIYX;
                case 2 -> WeightsFormat.OYXI;
                default -> WeightsFormat.YXIO;
            };
        }

        Conv2DConfig down(long height, long width) {
            return common(height, width)
                    .sH(strideHeight)
                    .sW(strideWidth)
                    .pH(padHeight)
                    .pW(padWidth)
                    .dH(dilationHeight)
                    .dW(dilationWidth)
                    .paddingMode(paddingMode)
                    .build();
        }

        Conv2DConfig up() {
            return common(1, 1).paddingMode(PaddingMode.VALID).build();
        }

        private Conv2DConfig.Conv2DConfigBuilder common(long height, long width) {
            return Conv2DConfig.builder()
                    .kH(height)
                    .kW(width)
                    .dataFormat(isNhwc ? Conv2DConfig.NHWC : Conv2DConfig.NCHW)
                    .weightsFormat(weightsFormat);
        }
    }

    @Override
    public int weightInput() {
        return 1;
    }

    @Override
    public LayerKind kind() {
        return LayerKind.CONV2D;
    }

    @Override
    public Layout layout() {
        return switch (settings.weightsFormat) {
            case YXIO -> Layout.YXIO;
            case OIYX -> Layout.SAME;
            case OYXI -> Layout.OYXI;
        };
    }

    @Override
    public SDVariable update(SameDiff graph, SDVariable base, Factors factors, double scale) {
        long[] kernel = layout().fromGraph(factors.a().getArr()).shape();
        SDVariable down = graph.cnn().conv2d(input(graph, 0), factors.a(), settings.down(kernel[2], kernel[3]));
        SDVariable up = graph.cnn().conv2d(down.mul(scale), factors.b(), settings.up());
        if (factors.bBias() == null) {
            return up;
        }
        SDVariable channels = settings.isNhwc ? factors.bBias() : graph.reshape(factors.bBias(), 1, -1, 1, 1);
        return up.add(channels.mul(scale));
    }
}
