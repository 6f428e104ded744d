package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.assertj.core.data.Offset;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.weights.WeightInit;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.ParameterReport;
import org.lora4j.io.FingerprintCheck;
import org.lora4j.io.ReadOptions;
import org.lora4j.nn.Network;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions;

/** The code blocks of the page about DL4J, on the real MNIST. */
@Tag("slow")
class GuideTest {
    /** All nines of the test set. */
    private static final int NINES = 1009;

    private static Mnist images;
    private static DataSetIterator training;
    private static DataSetIterator digitNine;
    private static DataSetIterator test;
    private static DataSetIterator testNines;
    private static MultiLayerNetwork base;

    @BeforeAll
    static void train() throws IOException {
        images = Mnist.train();
        training = iterator(images.batches(64, 250));
        digitNine = iterator(images.batchesOf(9, 10, 100));
        Mnist testImages = Mnist.test();
        test = iterator(testImages.batches(500, 20));
        testNines = iterator(testImages.batchesOf(9, NINES, 1));
        base = network();
    }

    /** The iterator merges as many data sets as it is told: one. */
    private static DataSetIterator iterator(List<DataSet> batches) {
        return new ListDataSetIterator<>(batches, 1);
    }

    // spotless:off
    private static MultiLayerNetwork network() {
        MultiLayerConfiguration conf = new NeuralNetConfiguration.Builder()
                .seed(1).updater(new Adam(1e-3)).weightInit(WeightInit.RELU).activation(Activation.RELU)
                .list()
                .layer(new DenseLayer.Builder().name("linear1").nIn(784).nOut(1000).build())
                .layer(new DenseLayer.Builder().name("linear2").nOut(2000).build())
                .layer(new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT).name("linear3").nOut(10)
                        .activation(Activation.SOFTMAX).build())
                .setInputType(InputType.feedForward(784))
                .build();
        MultiLayerNetwork base = new MultiLayerNetwork(conf);
        base.init();
        base.fit(training);
        return base;
    }

    @Test
    void addTrainSaveAndMerge(@TempDir Path temporary) throws IOException {
        Path folder = temporary.resolve("nine");
        INDArray parameters = base.params().dup();
        int before = wrongNines(base);

        LoRANetwork<MultiLayerNetwork> lora = LoRANetwork.of(base);
        MultiLayerNetwork nine = lora.add("nine", LoRAConfig.of(1, 1), new Adam(1e-3));
        nine.fit(digitNine);
        assertThat(wrongNines(nine)).as("of %s", before).isLessThan(before / 4);
        Networks.assertSameBits(base.params(), parameters);
        assertThat(nine.numParams()).isEqualTo(784 + 1000 + 1000 + 2000 + 2000 + 10);

        lora.save("nine", folder);
        MultiLayerNetwork again = lora.load("again", folder, new Adam(1e-3), ReadOptions.of(FingerprintCheck.REQUIRE));
        MultiLayerNetwork plain = lora.merge("nine");
        assertThat(wrongNines(again)).isEqualTo(wrongNines(nine));
        assertThat(wrongNines(plain)).isCloseTo(wrongNines(nine), Offset.offset(1));

        lora.setEnabled("nine", false);
        Evaluation disabled = nine.evaluate(test);
        assertThat(disabled.accuracy()).isEqualTo(base.evaluate(test).accuracy());
        lora.setEnabled("nine", true);

        lora.setLearningRate("nine", 1e-4);

        ParameterReport report = lora.parameterReport("nine");
        assertThat(report.original()).isEqualTo(base.numParams());
    }

    @Test
    void storeAndGoOn(@TempDir Path folder) throws IOException {
        File file = folder.resolve("nine.zip").toFile();
        LoRAConfig config = LoRAConfig.of(1, 1);
        MultiLayerNetwork nine = LoRANetwork.of(base).add("nine", config, new Adam(1e-3));
        nine.fit(digitNine);

        ModelSerializer.writeModel(nine, file, true);
        MultiLayerNetwork restored = ModelSerializer.restoreMultiLayerNetwork(file, true);
        MultiLayerNetwork goesOn = LoRANetwork.of(base).add("nine", config, restored);

        assertThat(file.length()).isLessThan(200_000);
        Networks.assertSameBits(goesOn.params(), nine.params());
        INDArray stored = nine.params().dup();
        nine.fit(digitNine);
        goesOn.fit(digitNine);
        assertThat(nine.params()).isNotEqualTo(stored);
        Networks.assertSameBits(goesOn.params(), nine.params());
    }

    @Test
    void useTheFastPath() {
        LoRANetwork<MultiLayerNetwork> lora = LoRANetwork.of(base);
        MultiLayerNetwork nine = lora.add("nine", LoRAConfig.of(1, 1), new Adam(1e-3));
        nine.fit(digitNine);
        test.reset();
        INDArray x = test.next().getFeatures();

        Network network = lora.toNetwork();
        LoRAModel model = LoRAModel.of(network);
        INDArray logits = model.add("nine", lora.adapter("nine")).predict(x);

        MultiLayerNetwork ofThisThread = nine.clone();
        Networks.assertSameBits(ofThisThread.output(x), nine.output(x));
        assertThat(Nd4j.nn().softmax(logits, 1).distance2(nine.output(x))).isLessThan(1e-3);
        assertThat(logits.argMax(1)).isEqualTo(nine.output(x).argMax(1));
    }
    // spotless:on

    private static int wrongNines(MultiLayerNetwork network) {
        Evaluation evaluation = network.evaluate(testNines);
        return NINES - evaluation.getConfusionMatrix().getCount(9, 9);
    }

    @Test
    void adaptsConvolutions() {
        NeuralNetConfiguration.ListBuilder list = new NeuralNetConfiguration.Builder()
                .seed(1)
                .updater(new Adam(2e-3))
                .weightInit(WeightInit.RELU)
                .activation(Activation.RELU)
                .list()
                .layer(new ConvolutionLayer.Builder(5, 5).name("conv1").nOut(6).build())
                .layer(pooling())
                .layer(new ConvolutionLayer.Builder(5, 5).name("conv2").nOut(16).build())
                .layer(pooling())
                .layer(new DenseLayer.Builder().name("dense").nOut(84).build())
                .layer(new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT)
                        .name("head")
                        .nOut(10)
                        .activation(Activation.SOFTMAX)
                        .build());
        MultiLayerNetwork leNet = new MultiLayerNetwork(
                list.setInputType(InputType.convolutionalFlat(28, 28, 1)).build());
        leNet.init();
        leNet.fit(iterator(images.batches(64, 100)));
        int before = wrongNines(leNet);
        INDArray parameters = leNet.params().dup();

        LoRANetwork<MultiLayerNetwork> lora = LoRANetwork.of(leNet);
        LoRAConfig config = LoRAConfig.builder()
                .rank(2)
                .alpha(2)
                .targetModules("conv1", "conv2", "dense", "head")
                .build();
        MultiLayerNetwork nine = lora.add("nine", config, new Adam(1e-3));
        nine.fit(digitNine);

        assertThat(wrongNines(nine)).as("of %s", before).isLessThan(before / 2);
        Networks.assertSameBits(leNet.params(), parameters);
        assertThat(wrongNines(lora.merge("nine"))).isCloseTo(wrongNines(nine), Offset.offset(1));
    }

    private static SubsamplingLayer pooling() {
        return new SubsamplingLayer.Builder(PoolingType.MAX)
                .kernelSize(2, 2)
                .stride(2, 2)
                .build();
    }
}
