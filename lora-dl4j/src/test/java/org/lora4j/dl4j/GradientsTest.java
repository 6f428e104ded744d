package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.deeplearning4j.gradientcheck.GradientCheckUtil;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Deconvolution2D;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SeparableConvolution2D;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.adapter.BiasTraining;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAConfigBuilder;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.internal.memory.ArrayBits;
import org.nd4j.linalg.activations.impl.ActivationReLU;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

/** DL4J's own check of gradients against differences, in double, for each kind of layer. */
@Tag("slow")
@ExtendWith(InDouble.class)
@Tag("numbers")
class GradientsTest {
    private static final DataType DOUBLE = DataType.DOUBLE;

    private record Case(MultiLayerNetwork base, INDArray x, INDArray y, List<String> targets) {}

    static Stream<Arguments> cases() {
        List<Arguments> cases = new ArrayList<>();
        add(cases, "dense and output", dense(), "first", "head");
        add(cases, "relu", relu(5), "first", "second", "head");
        add(cases, "relu and many outputs", relu(256), "first", "second");
        add(cases, "only the lowest", dense(), "first");
        add(cases, "only the highest", dense(), "head");
        add(cases, "layer norm", layerNorm(), "first");
        for (RNNFormat format : RNNFormat.values()) {
            add(cases, "rnn output " + format, recurrent(format, false), "head");
            add(cases, "lstm " + format, recurrent(format, false), "lstm.W", "lstm.RW");
            add(cases, "simple rnn " + format, recurrent(format, true), "rnn.W", "rnn.RW", "head");
            add(cases, "convolution 1d " + format, convolution1d(format, ConvolutionMode.Same, 1), "conv", "conv0");
            add(cases, "convolution 1d dilated " + format, convolution1d(format, ConvolutionMode.Same, 2), "conv");
        }
        add(cases, "convolution 1d causal", convolution1d(RNNFormat.NCW, ConvolutionMode.Causal, 1), "conv", "head");
        add(cases, "bidirectional", bidirectional(), "both.fW", "both.bRW", "last.W");
        add(cases, "embedding", embedding(), "embedding", "first");
        add(cases, "embedding sequence", embeddingSequence(), "embedding", "head");
        for (CNN2DFormat format : CNN2DFormat.values()) {
            for (ConvolutionMode mode : List.of(ConvolutionMode.Truncate, ConvolutionMode.Same)) {
                add(
                        cases,
                        "convolution " + format + ' ' + mode,
                        convolution(format, mode, 1, 4),
                        "conv0",
                        "conv",
                        "head");
            }
            add(cases, "dilated " + format, convolution(format, ConvolutionMode.Truncate, 2, 4), "conv");
            add(cases, "many channels " + format, convolution(format, ConvolutionMode.Same, 1, 256), "conv0");
        }
        add(cases, "deconvolution", deconvolution(), "deconv.W", "head");
        add(cases, "separable", separable(), "sep.W", "sep.pW");
        return cases.stream();
    }

    private static void add(List<Arguments> cases, String name, Case one, String... targets) {
        cases.add(Arguments.of(name, new Case(one.base, one.x, one.y, List.of(targets))));
    }

    private static Case of(MultiLayerNetwork base, INDArray x, INDArray y) {
        return new Case(base, x, y, List.of());
    }

    private static Case dense() {
        return of(Networks.dense(DOUBLE), Networks.normal(DOUBLE, 1, 4, 5), Networks.labels(DOUBLE, 4, 3));
    }

    private static Case relu(int out) {
        DenseLayer first = Networks.dense("first", 6);
        DenseLayer second = Networks.dense("second", out);
        first.setActivationFn(new ActivationReLU());
        second.setActivationFn(new ActivationReLU());
        MultiLayerNetwork base =
                Networks.of(DOUBLE, InputType.feedForward(5), first, second, Networks.output("head", 3));
        return of(base, Networks.normal(DOUBLE, 1, 4, 5), Networks.labels(DOUBLE, 4, 3));
    }

    private static Case layerNorm() {
        DenseLayer first = new DenseLayer.Builder()
                .name("first")
                .nOut(6)
                .hasLayerNorm(true)
                .build();
        MultiLayerNetwork base = Networks.of(
                DOUBLE, InputType.feedForward(5), first, Networks.dense("second", 4), Networks.output("head", 3));
        return of(base, Networks.normal(DOUBLE, 1, 4, 5), Networks.labels(DOUBLE, 4, 3));
    }

    private static INDArray sequences(RNNFormat format, int channels) {
        INDArray x = Networks.normal(DOUBLE, 2, 3, channels, 7);
        return format == RNNFormat.NWC ? x.permute(0, 2, 1).dup('c') : x;
    }

    private static INDArray sequenceLabels(RNNFormat format, int length) {
        INDArray y = Networks.sequenceLabels(DOUBLE, 3, 3, length);
        return format == RNNFormat.NWC ? y.permute(0, 2, 1).dup('c') : y;
    }

    private static Case recurrent(RNNFormat format, boolean simple) {
        Layer layer = simple
                ? new SimpleRnn.Builder().name("rnn").nOut(5).dataFormat(format).build()
                : new LSTM.Builder().name("lstm").nOut(5).dataFormat(format).build();
        MultiLayerNetwork base =
                Networks.of(DOUBLE, InputType.recurrent(4, 7, format), layer, Networks.rnnOutput("head", 3));
        return of(base, sequences(format, 4), sequenceLabels(format, 7));
    }

    private static Case bidirectional() {
        Bidirectional both = new Bidirectional(
                Bidirectional.Mode.CONCAT, new LSTM.Builder().nOut(3).build());
        both.setLayerName("both");
        MultiLayerNetwork base = Networks.of(
                DOUBLE,
                InputType.recurrent(4, 7),
                both,
                new LastTimeStep(new LSTM.Builder().name("last").nOut(4).build()),
                Networks.output("head", 3));
        return of(base, sequences(RNNFormat.NCW, 4), Networks.labels(DOUBLE, 3, 3));
    }

    private static Case convolution1d(RNNFormat format, ConvolutionMode mode, int dilation) {
        MultiLayerNetwork base = Networks.of(
                DOUBLE,
                InputType.recurrent(4, 7, format),
                conv1d("conv0", format, mode, 1),
                conv1d("conv", format, mode, dilation),
                Networks.rnnOutput("head", 3));
        return of(base, sequences(format, 4), sequenceLabels(format, 7));
    }

    private static Layer conv1d(String name, RNNFormat format, ConvolutionMode mode, int dilation) {
        return new Convolution1DLayer.Builder()
                .name(name)
                .nOut(5)
                .kernelSize(3)
                .dilation(dilation)
                .convolutionMode(mode)
                .rnnDataFormat(format)
                .build();
    }

    private static Case embedding() {
        MultiLayerNetwork base = Networks.of(
                DOUBLE,
                InputType.feedForward(6),
                new EmbeddingLayer.Builder()
                        .name("embedding")
                        .nIn(6)
                        .nOut(4)
                        .hasBias(true)
                        .build(),
                Networks.dense("first", 4),
                Networks.output("head", 3));
        return of(base, ids(5, 1), Networks.labels(DOUBLE, 5, 3));
    }

    private static Case embeddingSequence() {
        MultiLayerNetwork base = Networks.of(
                DOUBLE,
                InputType.recurrent(6, 4),
                new EmbeddingSequenceLayer.Builder()
                        .name("embedding")
                        .nIn(6)
                        .nOut(5)
                        .inputLength(4)
                        .build(),
                new GlobalPoolingLayer(PoolingType.AVG),
                Networks.output("head", 3));
        return of(base, ids(5, 4), Networks.labels(DOUBLE, 5, 3));
    }

    /** Some ids twice in a row, some not at all. */
    private static INDArray ids(int rows, int columns) {
        INDArray ids = Nd4j.create(DOUBLE, rows, columns);
        for (int i = 0; i < rows * columns; i++) {
            ids.putScalar(i / columns, i % columns, (i * i + i) % 5);
        }
        return ids;
    }

    private static INDArray images(CNN2DFormat format) {
        INDArray x = Networks.normal(DOUBLE, 4, 3, 2, 7, 6);
        return format == CNN2DFormat.NHWC ? x.permute(0, 2, 3, 1).dup('c') : x;
    }

    private static Case convolution(CNN2DFormat format, ConvolutionMode mode, int dilation, int out) {
        MultiLayerNetwork base = Networks.of(
                DOUBLE,
                InputType.convolutional(7, 6, 2, format),
                conv(format, mode, "conv0", 3, 1, 1),
                batchNorm(format),
                conv(format, mode, "conv", out, dilation, dilation == 1 ? 2 : 1),
                batchNorm(format),
                new SubsamplingLayer.Builder(PoolingType.AVG)
                        .kernelSize(2, 2)
                        .stride(1, 1)
                        .convolutionMode(ConvolutionMode.Same)
                        .dataFormat(format)
                        .build(),
                Networks.output("head", 3));
        for (String key : List.of("1", "3")) {
            base.setParam(
                    key + "_mean",
                    Networks.normal(DOUBLE, 5, base.getParam(key + "_mean").shape()));
            base.setParam(
                    key + "_gamma",
                    Networks.normal(DOUBLE, 6, base.getParam(key + "_gamma").shape())
                            .addi(2));
        }
        return of(base, images(format), Networks.labels(DOUBLE, 3, 3));
    }

    private static Layer batchNorm(CNN2DFormat format) {
        return new BatchNormalization.Builder().dataFormat(format).build();
    }

    private static Layer conv(
            CNN2DFormat format, ConvolutionMode mode, String name, int out, int dilation, int stride) {
        return new ConvolutionLayer.Builder(3, 2)
                .name(name)
                .nOut(out)
                .stride(stride, 1)
                .dilation(dilation, 1)
                .convolutionMode(mode)
                .dataFormat(format)
                .build();
    }

    private static Case deconvolution() {
        MultiLayerNetwork base = Networks.of(
                DOUBLE,
                InputType.convolutional(4, 3, 2),
                new Deconvolution2D.Builder(2, 2)
                        .name("deconv")
                        .nOut(3)
                        .stride(2, 2)
                        .build(),
                Networks.output("head", 3));
        return of(base, Networks.normal(DOUBLE, 4, 3, 2, 4, 3), Networks.labels(DOUBLE, 3, 3));
    }

    private static Case separable() {
        MultiLayerNetwork base = Networks.of(
                DOUBLE,
                InputType.convolutional(5, 5, 2),
                new SeparableConvolution2D.Builder(2, 2)
                        .name("sep")
                        .nOut(3)
                        .depthMultiplier(2)
                        .build(),
                Networks.output("head", 3));
        return of(base, Networks.normal(DOUBLE, 4, 3, 2, 5, 5), Networks.labels(DOUBLE, 3, 3));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void agreeWithDifferences(String name, Case one) {
        LoRAConfig config = Networks.config(2, one.targets.toArray(String[]::new));
        check(name, one, config);
    }

    @ParameterizedTest
    @MethodSource("variants")
    void ofVariantsAgreeWithDifferences(String name, LoRAConfig config) {
        check(name, dense(), config);
    }

    static Stream<Arguments> variants() {
        LoRAConfigBuilder plain = Networks.config(2, "first", "head").toBuilder();
        return Stream.of(
                Arguments.of("pissa", plain.init(LoRAInit.pissa()).build()),
                Arguments.of(
                        "bias of B",
                        Networks.config(2, "first", "head").toBuilder()
                                .loraBias(true)
                                .build()),
                Arguments.of("biases of adapted layers", bias(BiasTraining.LORA_ONLY)),
                Arguments.of("all biases", bias(BiasTraining.ALL)),
                Arguments.of(
                        "a layer trained in full",
                        Networks.config(2, "first").toBuilder()
                                .modulesToSave("head")
                                .build()));
    }

    private static LoRAConfig bias(BiasTraining bias) {
        return Networks.config(2, "first", "head").toBuilder().bias(bias).build();
    }

    private static void check(String name, Case one, LoRAConfig config) {
        LoRANetwork<MultiLayerNetwork> lora = LoRANetwork.of(one.base);
        MultiLayerNetwork adapted = lora.add("a", config, new Sgd(1));
        Networks.disturb(adapted.params());
        boolean passes = GradientCheckUtil.checkGradients(new GradientCheckUtil.MLNConfig()
                .net(adapted)
                .input(one.x)
                .labels(one.y)
                .print(GradientCheckUtil.PrintMode.FAILURES_ONLY)
                .epsilon(1e-6)
                .maxRelError(1e-5)
                .minAbsoluteError(1e-9));
        assertThat(passes).as(name.toLowerCase(Locale.ROOT)).isTrue();
        INDArray merged = lora.merge("a").output(one.x);
        assertThat(merged.distance2(adapted.output(one.x)))
                .as(name + ": merged")
                .isLessThan(1e-10);
        lora.setEnabled("a", false);
        assertThat(ArrayBits.equal(adapted.output(one.x), one.base.output(one.x)))
                .as(name + ": disabled")
                .isTrue();
    }
}
