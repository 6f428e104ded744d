package org.lora4j.dl4j;

import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.weights.WeightInit;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.nn.Network;
import org.lora4j.train.Batch;
import org.lora4j.train.Trainer;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions;

/**
 * Measures the CPU time of one step of training on the network of the guide, 784-1000-2000-10: all weights in DL4J, LoRA of
 * rank 1 in DL4J, and LoRA of rank 1 in a network of this library; and that of the products with the large weights alone.
 * Run it with one thread for everything, because the time is that of the calling thread; see {@code src/bench/dl4j}.
 */
final class StepBenchmark {
    private static final int BLOCKS = 15;
    private static final int STEPS = 20;

    private StepBenchmark() {}

    private interface Steps {
        void run(int count);
    }

    public static void main(String[] args) throws IOException {
        PrintStream out = System.out;
        out.printf(Locale.ROOT, "CPU ms a step: the median of %d blocks of %d steps%n", BLOCKS, STEPS);
        out.println("batch   DL4J all   DL4J LoRA   ratio   own LoRA   ratio   products");
        Mnist images = Mnist.train();
        for (int batch : new int[] {10, 64}) {
            DataSet data = images.batches(batch, 1).get(0);
            MultiLayerNetwork all = network();
            LoRANetwork<MultiLayerNetwork> lora = LoRANetwork.of(network());
            MultiLayerNetwork adapted = lora.add("a", LoRAConfig.of(1, 1), new Adam(1e-3));
            Network own = lora.toNetwork();
            LoRAModel model = LoRAModel.of(own);
            model.add("a", LoRAConfig.of(1, 1));
            double[] medians = medians(List.of(
                    count -> fit(all, data, count),
                    count -> fit(adapted, data, count),
                    count -> fit(model, data, count),
                    products(batch)));
            out.printf(
                    Locale.ROOT,
                    "%5d   %8.2f   %9.2f   %5.3f   %8.2f   %5.2f   %8.2f%n",
                    batch,
                    medians[0],
                    medians[1],
                    medians[1] / medians[0],
                    medians[2],
                    medians[1] / medians[2],
                    medians[3]);
        }
    }

    /** The products with the two large weights, which no step of LoRA can do without. */
    private static Steps products(int batch) {
        INDArray first = matrix(784, 1000);
        INDArray second = matrix(1000, 2000);
        INDArray x = matrix(batch, 784);
        INDArray hidden = matrix(batch, 1000);
        INDArray z = matrix(batch, 2000);
        return count -> {
            for (int i = 0; i < count; i++) {
                Nd4j.gemm(x, first, hidden, false, false, 1, 0);
                Nd4j.gemm(hidden, second, z, false, false, 1, 0);
                Nd4j.gemm(z, second, hidden, false, true, 1, 0);
            }
        };
    }

    private static INDArray matrix(long rows, long columns) {
        return Nd4j.rand(DataType.FLOAT, columns, rows).subi(0.5).muli(0.01).transpose();
    }

    private static void fit(MultiLayerNetwork network, DataSet data, int count) {
        for (int i = 0; i < count; i++) {
            network.fit(data);
        }
    }

    private static void fit(LoRAModel model, DataSet data, int count) {
        Trainer.builder(model.using("a"))
                .updater(new Adam(1e-3))
                .build()
                .fit(Collections.nCopies(count, Batch.of(data)));
    }

    /** The works alternate, so that a change of the machine's speed meets all of them. */
    private static double[] medians(List<Steps> works) {
        double[][] times = new double[works.size()][BLOCKS];
        works.forEach(work -> work.run(2 * STEPS));
        for (int block = 0; block < BLOCKS; block++) {
            for (int i = 0; i < works.size(); i++) {
                long start = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
                works.get(i).run(STEPS);
                long end = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
                times[i][block] = (end - start) / 1e6 / STEPS;
            }
        }
        return Arrays.stream(times)
                .mapToDouble(blocks -> {
                    Arrays.sort(blocks);
                    return blocks[BLOCKS / 2];
                })
                .toArray();
    }

    private static MultiLayerNetwork network() {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(1)
                .updater(new Adam(1e-3))
                .weightInit(WeightInit.RELU)
                .activation(Activation.RELU)
                .list()
                .layer(new DenseLayer.Builder()
                        .name("linear1")
                        .nIn(784)
                        .nOut(1000)
                        .build())
                .layer(new DenseLayer.Builder().name("linear2").nOut(2000).build())
                .layer(new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT)
                        .name("linear3")
                        .nOut(10)
                        .activation(Activation.SOFTMAX)
                        .build())
                .setInputType(InputType.feedForward(784))
                .build());
        network.init();
        return network;
    }
}
