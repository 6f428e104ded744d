package org.lora4j.dl4j;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Deconvolution2D;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.SeparableConvolution2D;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.adapter.BiasTraining;
import org.lora4j.adapter.LayerKind;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAConfigBuilder;
import org.lora4j.adapter.LoRAInit;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** A network of rows, ids, sequences or images with random layers, and random configurations of adapters for it. */
final class RandomNetwork {
    private static final int SIZE = 4;
    private static final List<BiasTraining> BIASES = List.of(BiasTraining.values());

    final DataType type;
    final MultiLayerNetwork base;
    final INDArray x;
    final INDArray y;
    private final SplittableRandom random;
    private final List<Layer> layers = new ArrayList<>();

    RandomNetwork(long seed) {
        random = new SplittableRandom(seed);
        type = random.nextBoolean() ? DataType.FLOAT : DataType.DOUBLE;
        switch (random.nextInt(4)) {
            case 0 -> {
                boolean hasIds = random.nextBoolean();
                if (hasIds) {
                    add(new EmbeddingLayer.Builder().nIn(SIZE).nOut(SIZE).hasBias(random.nextBoolean()));
                }
                x = hasIds
                        ? Nd4j.createFromArray(new double[][] {{1}, {0}, {1}}).castTo(type)
                        : Networks.normal(type, seed, 3, SIZE);
                y = Networks.labels(type, 3, 3);
                addDense();
                addHead();
                base = Networks.of(type, InputType.feedForward(SIZE), array());
            }
            case 1 -> {
                boolean hasIds = random.nextBoolean();
                if (hasIds) {
                    add(new EmbeddingSequenceLayer.Builder().nIn(SIZE).nOut(SIZE));
                }
                x = hasIds
                        ? Nd4j.createFromArray(new double[][][] {{{1, 0, 1, 2}}, {{3, 2, 2, 2}}})
                                .castTo(type)
                        : Networks.normal(type, seed, 2, SIZE, SIZE);
                addSequence();
                addSequence();
                boolean endsWithRows = random.nextBoolean();
                if (endsWithRows) {
                    layers.add(new LastTimeStep(new SimpleRnn.Builder()
                            .nIn(SIZE)
                            .nOut(SIZE)
                            .name("last")
                            .activation(Activation.TANH)
                            .build()));
                    addHead();
                } else {
                    add(new RnnOutputLayer.Builder(LossFunction.MCXENT)
                            .nOut(3)
                            .activation(Activation.SOFTMAX)); // DL4J fails without a bias.
                }
                base = Networks.of(type, InputType.recurrent(SIZE, 4), array());
                y = endsWithRows
                        ? Networks.labels(type, 2, 3)
                        : Networks.sequenceLabels(
                                type, 2, 3, (int) base.output(x).size(2));
            }
            default -> {
                boolean isNhwc = random.nextBoolean();
                x = Networks.normal(type, seed, isNhwc ? new long[] {2, 5, 5, 2} : new long[] {2, 2, 5, 5});
                y = Networks.labels(type, 2, 3);
                addImage(isNhwc);
                addImage(isNhwc);
                addHead();
                base = Networks.of(
                        type, InputType.convolutional(5, 5, 2, isNhwc ? CNN2DFormat.NHWC : CNN2DFormat.NCHW), array());
            }
        }
        // Biases and statistics that are not at their initial values.
        base.params()
                .addi(Networks.normal(type, seed + 1, base.params().shape()).muli(0.1));
        for (org.deeplearning4j.nn.api.Layer layer : base.getLayers()) {
            INDArray variance = layer.paramTable().get("var");
            if (variance != null) {
                variance.assign(1.5);
            }
        }
    }

    private Layer[] array() {
        return layers.toArray(new Layer[0]);
    }

    private void add(Layer.Builder<?> builder) {
        layers.add(builder.name("l" + layers.size()).build());
    }

    private void addDense() {
        int depth = random.nextInt(3);
        for (int i = 0; i < depth; i++) {
            add(new DenseLayer.Builder()
                    .nOut(SIZE)
                    .hasBias(random.nextBoolean())
                    .hasLayerNorm(random.nextInt(4) == 0)
                    .activation(random.nextBoolean() ? Activation.RELU : Activation.TANH));
        }
    }

    private void addHead() {
        addDense();
        add(new OutputLayer.Builder(LossFunction.MCXENT)
                .nOut(3)
                .activation(Activation.SOFTMAX)
                .hasBias(random.nextBoolean()));
    }

    private void addSequence() {
        switch (random.nextInt(4)) {
            case 0 -> add(new LSTM.Builder().nOut(SIZE));
            case 1 -> add(new SimpleRnn.Builder().nOut(SIZE));
            case 2 -> {
                Bidirectional both = new Bidirectional(
                        Bidirectional.Mode.ADD,
                        new LSTM.Builder()
                                .nIn(SIZE)
                                .nOut(SIZE)
                                .activation(Activation.TANH)
                                .build());
                both.setLayerName("l" + layers.size());
                layers.add(both);
            }
            default ->
                add(new Convolution1DLayer.Builder(2)
                        .nOut(SIZE)
                        .hasBias(random.nextBoolean())
                        .convolutionMode(random.nextBoolean() ? ConvolutionMode.Same : ConvolutionMode.Causal));
        }
    }

    private void addImage(boolean isNhwc) {
        CNN2DFormat format = isNhwc ? CNN2DFormat.NHWC : CNN2DFormat.NCHW;
        switch (random.nextInt(isNhwc ? 2 : 4)) {
            case 0 ->
                add(new ConvolutionLayer.Builder(2, 2)
                        .nOut(3)
                        .hasBias(random.nextBoolean())
                        .dataFormat(format)
                        .convolutionMode(random.nextBoolean() ? ConvolutionMode.Same : ConvolutionMode.Truncate));
            case 1 -> add(new BatchNormalization.Builder().dataFormat(format));
            case 2 -> add(new Deconvolution2D.Builder(2, 2).nOut(3).hasBias(random.nextBoolean()));
            default -> add(new SeparableConvolution2D.Builder(2, 2).nOut(3).hasBias(random.nextBoolean()));
        }
    }

    /** A configuration that the network supports. */
    LoRAConfig config(LoRANetwork<MultiLayerNetwork> lora) {
        boolean dora = random.nextInt(3) == 0;
        boolean loraBias = !dora && random.nextBoolean();
        List<String> targets = new ArrayList<>();
        List<String> others = new ArrayList<>();
        boolean hasEmbedding = false;
        for (BaseWeight weight : weights(lora)) {
            boolean isEmbedding = weight.kind() == LayerKind.EMBEDDING;
            boolean isPossible = !loraBias || (!isEmbedding && (weight.bias() != null || isFactored(weight)));
            boolean isTarget = isPossible && random.nextInt(3) > 0;
            (isTarget ? targets : others).add(weight.path());
            hasEmbedding |= isTarget && isEmbedding;
        }
        if (targets.isEmpty()) {
            loraBias = false;
            targets.add(others.remove(others.size() - 1)); // The last layer, which is no embedding.
        }
        LoRAConfigBuilder builder = LoRAConfig.builder()
                .rank(1 + random.nextInt(2))
                .alpha(1 + random.nextInt(4))
                .rankStabilized(random.nextBoolean())
                .dora(dora)
                .loraBias(loraBias)
                .bias(BIASES.get(random.nextInt(BIASES.size())))
                .targetModules(targets.toArray(new String[0]))
                .seed(random.nextLong());
        int init = random.nextInt(hasEmbedding || dora ? 2 : 4);
        builder.init(
                switch (init) {
                    case 0 -> LoRAInit.random();
                    case 1 -> LoRAInit.gaussianByRank();
                    case 2 -> LoRAInit.pissa();
                    default -> LoRAInit.olora();
                });
        if (!others.isEmpty() && random.nextBoolean()) {
            builder.modulesToSave(others.get(random.nextInt(others.size())));
        }
        return builder.build();
    }

    private static List<BaseWeight> weights(LoRANetwork<MultiLayerNetwork> lora) {
        return lora.baseLayers().stream().map(BaseWeight.class::cast).toList();
    }

    private boolean isFactored(BaseWeight weight) {
        return layers.stream()
                .anyMatch(layer -> weight.path().equals(layer.getLayerName()) && AdaptedLayers.hasFactoredForm(layer));
    }
}
