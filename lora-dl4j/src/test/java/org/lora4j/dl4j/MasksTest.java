package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.stream.Stream;
import org.deeplearning4j.gradientcheck.GradientCheckUtil;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.adapter.LoRAConfig;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

/** Sequences of different lengths, with masks of their inputs and labels. */
@ExtendWith(InDouble.class)
@Tag("numbers")
class MasksTest {
    private static final DataType DOUBLE = DataType.DOUBLE;
    private static final int[] LENGTHS = {7, 4, 2};
    private static final int STEPS = 7;

    /** The time steps are the last dimension of x and y, unless the format is NWC. */
    private record Case(
            MultiLayerNetwork base,
            RNNFormat format,
            INDArray x,
            INDArray y,
            boolean hasLabelMask,
            List<String> targets) {
        LoRAConfig config() {
            return Networks.config(2, targets.toArray(String[]::new));
        }

        @Nullable
        INDArray labelMask() {
            return hasLabelMask ? mask() : null;
        }

        /** Other values where the mask is 0. */
        INDArray otherPadding() {
            INDArray other = x.dup('c');
            for (int i = 0; i < LENGTHS.length; i++) {
                for (int t = LENGTHS[i]; t < STEPS; t++) {
                    if (x.rank() == 2) {
                        other.putScalar(i, t, 5 - x.getDouble(i, t));
                    } else if (format == RNNFormat.NWC) {
                        other.putScalar(i, t, 0, 3.5);
                    } else {
                        other.putScalar(i, 0, t, 3.5);
                    }
                }
            }
            return other;
        }
    }

    private static INDArray mask() {
        INDArray mask = Nd4j.zeros(DOUBLE, LENGTHS.length, STEPS);
        for (int i = 0; i < LENGTHS.length; i++) {
            for (int t = 0; t < LENGTHS[i]; t++) {
                mask.putScalar(i, t, 1);
            }
        }
        return mask;
    }

    private static INDArray inFormat(RNNFormat format, INDArray sequences) {
        return format == RNNFormat.NWC ? sequences.permute(0, 2, 1).dup('c') : sequences;
    }

    private static INDArray x(RNNFormat format) {
        return inFormat(format, Networks.normal(DOUBLE, 2, LENGTHS.length, 4, STEPS));
    }

    private static INDArray y(RNNFormat format) {
        return inFormat(format, Networks.sequenceLabels(DOUBLE, LENGTHS.length, 3, STEPS));
    }

    private static INDArray ids() {
        INDArray ids = Nd4j.create(DOUBLE, LENGTHS.length, STEPS);
        for (int i = 0; i < ids.length(); i++) {
            ids.putScalar(i / STEPS, i % STEPS, (i * i + i) % 5);
        }
        return ids;
    }

    private static EmbeddingSequenceLayer embedding(RNNFormat format) {
        return new EmbeddingSequenceLayer.Builder()
                .name("embedding")
                .nIn(6)
                .nOut(4)
                .inputLength(STEPS)
                .outputDataFormat(format)
                .build();
    }

    private static LSTM lstm(RNNFormat format) {
        return new LSTM.Builder().name("lstm").nOut(5).dataFormat(format).build();
    }

    static Stream<Arguments> cases() {
        Stream<Arguments> ofFormats = Stream.of(RNNFormat.values())
                .flatMap(format -> Stream.of(
                        Arguments.of("lstm and rnn output " + format, recurrent(format)),
                        Arguments.of("embedding, lstm and rnn output " + format, embedded(format)),
                        Arguments.of("convolution 1d " + format, convolution(format))));
        return Stream.concat(ofFormats, Stream.of(Arguments.of("embedding and pooling", pooled())));
    }

    private static Case recurrent(RNNFormat format) {
        InputType input = InputType.recurrent(4, STEPS, format);
        MultiLayerNetwork base = Networks.of(DOUBLE, input, lstm(format), Networks.rnnOutput("head", 3));
        return new Case(base, format, x(format), y(format), true, List.of("lstm.W", "lstm.RW", "head"));
    }

    private static Case embedded(RNNFormat format) {
        InputType input = InputType.recurrent(6, STEPS, format);
        MultiLayerNetwork base =
                Networks.of(DOUBLE, input, embedding(format), lstm(format), Networks.rnnOutput("head", 3));
        return new Case(base, format, ids(), y(format), true, List.of("embedding", "lstm.W", "head"));
    }

    private static Case convolution(RNNFormat format) {
        Convolution1DLayer convolution = new Convolution1DLayer.Builder()
                .name("conv")
                .nOut(5)
                .kernelSize(1)
                .convolutionMode(ConvolutionMode.Same)
                .rnnDataFormat(format)
                .build();
        InputType input = InputType.recurrent(4, STEPS, format);
        MultiLayerNetwork base = Networks.of(DOUBLE, input, convolution, Networks.rnnOutput("head", 3));
        return new Case(base, format, x(format), y(format), true, List.of("conv", "head"));
    }

    private static Case pooled() {
        MultiLayerNetwork base = Networks.of(
                DOUBLE,
                InputType.recurrent(6, STEPS),
                embedding(RNNFormat.NCW),
                new GlobalPoolingLayer(PoolingType.AVG),
                Networks.output("head", 3));
        INDArray y = Networks.labels(DOUBLE, LENGTHS.length, 3);
        return new Case(base, RNNFormat.NCW, ids(), y, false, List.of("embedding", "head"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    @Tag("slow")
    void computeAndTrainAsTheMergedNetworkDoes(String name, Case one) {
        LoRANetwork<MultiLayerNetwork> lora = LoRANetwork.of(one.base);
        MultiLayerNetwork adapted = lora.add("a", one.config(), new Sgd(1));
        Networks.disturb(adapted.params());
        MultiLayerNetwork merged = lora.merge("a");
        INDArray y = adapted.output(one.x, false, mask(), one.labelMask());

        assertThat(merged.output(one.x, false, mask(), one.labelMask()).distance2(y))
                .isLessThan(1e-10);
        DataSet data = new DataSet(one.x, one.y, mask(), one.labelMask());
        assertThat(adapted.score(data)).isCloseTo(merged.score(data), within(1e-10));
        assertThat(adapted.score(new DataSet(one.x, one.y))).isNotCloseTo(merged.score(data), within(1e-3));
        boolean passes = GradientCheckUtil.checkGradients(new GradientCheckUtil.MLNConfig()
                .net(adapted)
                .input(one.x)
                .labels(one.y)
                .inputMask(mask())
                .labelMask(one.labelMask())
                .print(GradientCheckUtil.PrintMode.FAILURES_ONLY)
                .epsilon(1e-6)
                .maxRelError(1e-5)
                .minAbsoluteError(1e-9));
        assertThat(passes).as(name).isTrue();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    @Tag("slow")
    void trainTheSameWhateverThePaddingHolds(String name, Case one) {
        List<INDArray> trained = Stream.of(one.x, one.otherPadding())
                .map(x -> {
                    MultiLayerNetwork adapted = LoRANetwork.of(one.base).add("a", one.config(), new Sgd(0.1));
                    adapted.fit(new DataSet(x.dup(), one.y.dup(), mask(), one.labelMask()));
                    return adapted.params();
                })
                .toList();
        assertThat(trained.get(0).distance2(trained.get(1))).as(name).isLessThan(1e-12);
        INDArray initial =
                LoRANetwork.of(one.base).add("a", one.config(), new Sgd(0.1)).params();
        assertThat(trained.get(0).distance2(initial)).isGreaterThan(1e-3);
    }
}
