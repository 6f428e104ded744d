package org.lora4j.dl4j;

import java.util.LinkedHashMap;
import java.util.Map;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.AutoEncoder;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.CapsuleLayer;
import org.deeplearning4j.nn.conf.layers.CapsuleStrengthLayer;
import org.deeplearning4j.nn.conf.layers.CenterLossOutputLayer;
import org.deeplearning4j.nn.conf.layers.Cnn3DLossLayer;
import org.deeplearning4j.nn.conf.layers.CnnLossLayer;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.Convolution3D;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Deconvolution2D;
import org.deeplearning4j.nn.conf.layers.Deconvolution3D;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.DepthwiseConvolution2D;
import org.deeplearning4j.nn.conf.layers.DropoutLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.GravesBidirectionalLSTM;
import org.deeplearning4j.nn.conf.layers.GravesLSTM;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LearnedSelfAttentionLayer;
import org.deeplearning4j.nn.conf.layers.LocalResponseNormalization;
import org.deeplearning4j.nn.conf.layers.LocallyConnected1D;
import org.deeplearning4j.nn.conf.layers.LocallyConnected2D;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.conf.layers.PReLULayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.PrimaryCapsules;
import org.deeplearning4j.nn.conf.layers.RecurrentAttentionLayer;
import org.deeplearning4j.nn.conf.layers.RnnLossLayer;
import org.deeplearning4j.nn.conf.layers.SelfAttentionLayer;
import org.deeplearning4j.nn.conf.layers.SeparableConvolution2D;
import org.deeplearning4j.nn.conf.layers.SpaceToBatchLayer;
import org.deeplearning4j.nn.conf.layers.SpaceToDepthLayer;
import org.deeplearning4j.nn.conf.layers.Subsampling1DLayer;
import org.deeplearning4j.nn.conf.layers.Subsampling3DLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.Upsampling1D;
import org.deeplearning4j.nn.conf.layers.Upsampling2D;
import org.deeplearning4j.nn.conf.layers.Upsampling3D;
import org.deeplearning4j.nn.conf.layers.ZeroPadding1DLayer;
import org.deeplearning4j.nn.conf.layers.ZeroPadding3DLayer;
import org.deeplearning4j.nn.conf.layers.ZeroPaddingLayer;
import org.deeplearning4j.nn.conf.layers.convolutional.Cropping1D;
import org.deeplearning4j.nn.conf.layers.convolutional.Cropping2D;
import org.deeplearning4j.nn.conf.layers.convolutional.Cropping3D;
import org.deeplearning4j.nn.conf.layers.misc.ElementWiseMultiplicationLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayerWithBackprop;
import org.deeplearning4j.nn.conf.layers.misc.RepeatVector;
import org.deeplearning4j.nn.conf.layers.objdetect.Yolo2OutputLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.conf.layers.recurrent.TimeDistributed;
import org.deeplearning4j.nn.conf.layers.util.MaskLayer;
import org.deeplearning4j.nn.conf.layers.util.MaskZeroLayer;
import org.deeplearning4j.nn.conf.layers.variational.VariationalAutoencoder;
import org.deeplearning4j.nn.conf.ocnn.OCNNOutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** A small network with each layer that DL4J has. */
final class LayerCases {
    private static final DataType DOUBLE = DataType.DOUBLE;
    private static final Convolution3D.DataFormat NCDHW = Convolution3D.DataFormat.NCDHW;

    /** A network with data. */
    record Case(MultiLayerNetwork base, INDArray x, INDArray y) {}

    private final Map<Class<? extends Layer>, Case> cases = new LinkedHashMap<>();

    private LayerCases() {
        rows();
        outputs();
        sequences();
        images();
        volumes();
    }

    /** The cases by the class of the layer. */
    static Map<Class<? extends Layer>, Case> all() {
        return new LayerCases().cases;
    }

    private void rows() {
        InputType input = InputType.feedForward(5);
        INDArray x = Networks.normal(DOUBLE, 1, 4, 5);
        for (Layer layer : new Layer[] {
            new DenseLayer.Builder().nOut(5).build(),
            new ActivationLayer(Activation.TANH),
            new DropoutLayer(1),
            new ElementWiseMultiplicationLayer.Builder().nIn(5).nOut(5).build(),
            new AutoEncoder.Builder().nOut(4).build(),
            new VariationalAutoencoder.Builder()
                    .nOut(3)
                    .encoderLayerSizes(4)
                    .decoderLayerSizes(4)
                    .build(),
            new PReLULayer.Builder().inputShape(5).build(),
            new BatchNormalization.Builder().build(),
            new FrozenLayer(
                    new DenseLayer.Builder().nOut(5).activation(Activation.TANH).build()),
            new FrozenLayerWithBackprop(
                    new DenseLayer.Builder().nOut(5).activation(Activation.TANH).build()),
        }) {
            put(layer, input, x, Networks.dense("below", 5), layer, Networks.output("head", 3));
        }
        Layer repeat = new RepeatVector.Builder<>(3).build();
        put(repeat, input, x, Networks.dense("below", 5), repeat, Networks.rnnOutput("head", 3));
        INDArray ids = Nd4j.createFromArray(new double[][] {{1}, {0}, {3}, {1}});
        Layer embedding = new EmbeddingLayer.Builder().nIn(4).nOut(5).build();
        put(embedding, InputType.feedForward(4), ids, embedding, Networks.output("head", 3));
        Layer sequence = new EmbeddingSequenceLayer.Builder().nIn(4).nOut(5).build();
        put(
                sequence,
                InputType.recurrent(4),
                Nd4j.createFromArray(new double[][][] {{{1, 0, 1}}, {{3, 2, 2}}}),
                sequence,
                Networks.rnnOutput("head", 3));
    }

    private void outputs() {
        InputType input = InputType.feedForward(5);
        INDArray x = Networks.normal(DOUBLE, 1, 4, 5);
        for (Layer layer : new Layer[] {
            Networks.output("head", 3),
            new LossLayer.Builder(LossFunction.MSE).activation(Activation.TANH).build(),
            new CenterLossOutputLayer.Builder(LossFunction.MCXENT)
                    .nOut(3)
                    .activation(Activation.SOFTMAX)
                    .build(),
            new OCNNOutputLayer.Builder()
                    .nIn(3)
                    .hiddenLayerSize(4)
                    .activation(Activation.SIGMOID)
                    .build(),
        }) {
            put(layer, input, x, Networks.dense("below", 3), layer);
        }
    }

    private void sequences() {
        InputType input = InputType.recurrent(3, 4);
        INDArray x = Networks.normal(DOUBLE, 1, 2, 3, 4);
        for (Layer layer : new Layer[] {
            new LSTM.Builder().nOut(3).build(),
            graves(),
            gravesBidirectional(),
            new SimpleRnn.Builder().nOut(3).build(),
            new Bidirectional(new SimpleRnn.Builder()
                    .nIn(3)
                    .nOut(3)
                    .activation(Activation.TANH)
                    .build()),
            new TimeDistributed(new DenseLayer.Builder()
                    .nIn(3)
                    .nOut(3)
                    .activation(Activation.TANH)
                    .build()),
            new MaskZeroLayer(
                    new LSTM.Builder()
                            .nIn(3)
                            .nOut(3)
                            .activation(Activation.TANH)
                            .build(),
                    0),
            new MaskLayer(),
            new Convolution1DLayer.Builder(2).nOut(3).build(),
            new Subsampling1DLayer.Builder(2, 2).build(),
            new Upsampling1D.Builder(2).build(),
            new ZeroPadding1DLayer.Builder(1).build(),
            new Cropping1D(1),
            new LocallyConnected1D.Builder().kernelSize(2).nOut(3).build(),
            new SelfAttentionLayer.Builder()
                    .nOut(3)
                    .nHeads(1)
                    .projectInput(true)
                    .build(),
            new LearnedSelfAttentionLayer.Builder()
                    .nOut(3)
                    .nHeads(1)
                    .nQueries(2)
                    .projectInput(true)
                    .build(),
            new RecurrentAttentionLayer.Builder()
                    .nOut(3)
                    .nHeads(1)
                    .projectInput(true)
                    .build(),
        }) {
            put(
                    layer,
                    input,
                    x,
                    new LSTM.Builder().name("below").nOut(3).build(),
                    layer,
                    Networks.rnnOutput("head", 3));
        }
        Layer last = new LastTimeStep(new SimpleRnn.Builder()
                .nIn(3)
                .nOut(3)
                .activation(Activation.TANH)
                .build());
        put(last, input, x, new LSTM.Builder().name("below").nOut(3).build(), last, Networks.output("head", 3));
        Layer loss = new RnnLossLayer.Builder(LossFunction.MSE)
                .activation(Activation.TANH)
                .build();
        put(loss, input, x, new LSTM.Builder().name("below").nOut(3).build(), loss);
        Layer output = Networks.rnnOutput("head", 3);
        put(output, input, x, new LSTM.Builder().name("below").nOut(3).build(), output);
    }

    @SuppressWarnings("deprecation") // DL4J still has it.
    private static Layer graves() {
        return new GravesLSTM.Builder().nOut(3).build();
    }

    @SuppressWarnings("deprecation") // DL4J still has it.
    private static Layer gravesBidirectional() {
        return new GravesBidirectionalLSTM.Builder().nOut(3).build();
    }

    private void images() {
        InputType input = InputType.convolutional(4, 4, 2);
        INDArray x = Networks.normal(DOUBLE, 1, 2, 2, 4, 4);
        ConvolutionLayer below =
                new ConvolutionLayer.Builder(1, 1).name("below").nOut(4).build();
        for (Layer layer : new Layer[] {
            new ConvolutionLayer.Builder(2, 2).nOut(3).build(),
            new Deconvolution2D.Builder(2, 2).nOut(3).build(),
            new SeparableConvolution2D.Builder(2, 2).nOut(3).build(),
            new DepthwiseConvolution2D.Builder(2, 2).depthMultiplier(2).build(),
            new SubsamplingLayer.Builder(2, 2).build(),
            new Upsampling2D.Builder(2).build(),
            new ZeroPaddingLayer.Builder(1, 1).build(),
            new Cropping2D(1, 1),
            new LocalResponseNormalization.Builder().build(),
            new SpaceToDepthLayer.Builder<>(2, CNN2DFormat.NCHW).build(),
            new LocallyConnected2D.Builder().kernelSize(2, 2).nOut(3).build(),
            new GlobalPoolingLayer(PoolingType.AVG),
        }) {
            put(layer, input, x, below.clone(), layer, Networks.output("head", 3));
        }
        Layer batch = new SpaceToBatchLayer.Builder<>(new int[] {2, 2}).build();
        put(
                batch,
                input,
                x,
                below.clone(),
                batch,
                new CnnLossLayer.Builder(LossFunction.MSE)
                        .activation(Activation.TANH)
                        .build());
        Layer loss = new CnnLossLayer.Builder(LossFunction.MSE)
                .activation(Activation.TANH)
                .build();
        put(loss, input, x, below.clone(), loss);
        Layer yolo = new Yolo2OutputLayer.Builder()
                .boundingBoxPriors(Nd4j.createFromArray(new double[][] {{1, 1}}))
                .build();
        put(
                yolo,
                input,
                x,
                new ConvolutionLayer.Builder(1, 1).name("below").nOut(7).build(),
                yolo);
        for (Layer layer : new Layer[] {
            new PrimaryCapsules.Builder(2, 2).kernelSize(2, 2).stride(1, 1).build(),
            new CapsuleLayer.Builder(3, 2, 1).build(),
            new CapsuleStrengthLayer.Builder().build()
        }) {
            put(
                    layer,
                    input,
                    x,
                    below.clone(),
                    new PrimaryCapsules.Builder(2, 2)
                            .kernelSize(2, 2)
                            .stride(1, 1)
                            .build(),
                    new CapsuleLayer.Builder(3, 2, 1).build(),
                    new CapsuleStrengthLayer.Builder().build(),
                    Networks.output("head", 3));
        }
    }

    private void volumes() {
        InputType input = InputType.convolutional3D(NCDHW, 3, 3, 3, 2);
        INDArray x = Networks.normal(DOUBLE, 1, 2, 2, 3, 3, 3);
        Convolution3D below = new Convolution3D.Builder(1, 1, 1)
                .dataFormat(NCDHW)
                .name("below")
                .nOut(3)
                .build();
        for (Layer layer : new Layer[] {
            new Convolution3D.Builder(2, 2, 2).dataFormat(NCDHW).nOut(3).build(),
            new Deconvolution3D.Builder()
                    .dataFormat(NCDHW)
                    .kernelSize(2, 2, 2)
                    .nOut(3)
                    .build(),
            new Subsampling3DLayer.Builder(2, 2, 2).dataFormat(NCDHW).build(),
            new Upsampling3D.Builder(2).dataFormat(NCDHW).build(),
            new ZeroPadding3DLayer.Builder(1).build(),
            new Cropping3D(1, 1, 1),
        }) {
            put(layer, input, x, below.clone(), layer, volumeLoss());
        }
        Layer loss = volumeLoss();
        put(loss, input, x, below.clone(), loss);
    }

    private static Layer volumeLoss() {
        return new Cnn3DLossLayer.Builder(NCDHW)
                .lossFunction(LossFunction.MSE)
                .activation(Activation.TANH)
                .build();
    }

    private void put(Layer tested, InputType input, INDArray x, Layer... layers) {
        MultiLayerNetwork base = Networks.of(DOUBLE, input, layers);
        base.params().addi(Networks.normal(DOUBLE, 2, base.params().shape()).muli(0.05));
        cases.put(tested.getClass(), new Case(base, x, labels(tested, base, x)));
    }

    private static INDArray labels(Layer tested, MultiLayerNetwork base, INDArray x) {
        if (tested instanceof LearnedSelfAttentionLayer) {
            return Networks.sequenceLabels(DOUBLE, 2, 3, 2); // DL4J's own output fails.
        }
        INDArray output = base.output(x);
        if (tested instanceof Yolo2OutputLayer) {
            // [n, 4 + classes, h, w]: one box in the first cell.
            INDArray labels = Nd4j.zeros(DOUBLE, output.size(0), 6, output.size(2), output.size(3));
            for (int i = 0; i < output.size(0); i++) {
                labels.putScalar(new int[] {i, 0, 0, 0}, 0.1);
                labels.putScalar(new int[] {i, 1, 0, 0}, 0.1);
                labels.putScalar(new int[] {i, 2, 0, 0}, 0.8);
                labels.putScalar(new int[] {i, 3, 0, 0}, 0.8);
                labels.putScalar(new int[] {i, 4, 0, 0}, 1);
            }
            return labels;
        }
        INDArray labels = Nd4j.zeros(DOUBLE, output.shape());
        for (long i = 0; i < output.size(0); i++) {
            if (output.rank() == 2) {
                labels.putScalar(i, (i * 5 + 1) % output.size(1), 1);
            } else if (output.rank() == 3) {
                for (long t = 0; t < output.size(2); t++) {
                    labels.putScalar(new long[] {i, (i + 2 * t) % output.size(1), t}, 1);
                }
            }
        }
        return output.rank() > 3 ? Networks.normal(DOUBLE, 5, output.shape()) : labels;
    }
}
