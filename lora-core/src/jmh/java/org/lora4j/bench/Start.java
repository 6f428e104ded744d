package org.lora4j.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.io.safetensors.SafeTensorsBuilder;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.FeatureRows;
import org.lora4j.nn.input.Input;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.train.Batch;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The data of a measured run: a base, adapters whose B is not zero, and batches. The arguments determine all numbers, so
 * every benchmark uses the same data. PyTorch reads them from a file.
 */
public final class Start {
    /** The network of the MNIST example. */
    public static final String RICH = "rich";

    /** A small network for tabular data. */
    public static final String SMALL = "small";

    private static final int BATCHES = 4;
    private static final double SCALE = 2;

    private final Network network;
    private final List<Batch> batches;

    /**
     * Creates a network and batches.
     *
     * @param net {@value #RICH} for the layers 784→1000→2000→10 with ReLUs, {@value #SMALL} for 20→64→64→2 with ReLUs, or
     *     a number n for one layer n→n
     * @param batch the number of rows of a batch
     */
    public Start(String net, int batch) {
        network = network(net);
        SplittableRandom random = new SplittableRandom(batch);
        batches = new ArrayList<>();
        for (int i = 0; i < BATCHES; i++) {
            batches.add(new Batch(Input.of(gaussian(random, batch, network.inputSize(), 1)), oneHot(random, batch)));
        }
    }

    private static Network network(String net) {
        if (net.equals(RICH)) {
            return Network.builder(784)
                    .linear("linear1", 1000)
                    .relu()
                    .linear("linear2", 2000)
                    .relu()
                    .linear("linear3", 10)
                    .build(0);
        }
        if (net.equals(SMALL)) {
            return Network.builder(20)
                    .linear("linear1", 64)
                    .relu()
                    .linear("linear2", 64)
                    .relu()
                    .linear("linear3", 2)
                    .build(0);
        }
        int n = Integer.parseInt(net);
        return Network.builder(n).linear("linear1", n).build(0);
    }

    private static INDArray gaussian(SplittableRandom random, long rows, long columns, double deviation) {
        float[] values = new float[Math.toIntExact(rows * columns)];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (deviation * random.nextGaussian());
        }
        return Nd4j.create(values, new long[] {rows, columns}, 'c');
    }

    private INDArray oneHot(SplittableRandom random, int batch) {
        int classes = Math.toIntExact(network.outputSize());
        float[] values = new float[batch * classes];
        for (int row = 0; row < batch; row++) {
            values[row * classes + random.nextInt(classes)] = 1;
        }
        return Nd4j.create(values, new long[] {batch, classes}, 'c');
    }

    /**
     * Returns the base.
     *
     * @return the network; it is trainable until {@link #model} freezes it
     */
    public Network network() {
        return network;
    }

    /**
     * Returns the batches. A long run uses them again and again.
     *
     * @return rows {@code [batch, in]} and one-hot labels {@code [batch, out]}
     */
    public List<Batch> batches() {
        return batches;
    }

    /**
     * Returns the features of the first batch.
     *
     * @return {@code [batch, in]}
     */
    public INDArray x() {
        return x(0);
    }

    private INDArray x(int batch) {
        return ((FeatureRows) batches.get(batch).input()).array();
    }

    /**
     * Creates one of many different adapters. It adapts all layers, with the scale 2.
     *
     * @param rank its rank
     * @param dora whether it has DoRA magnitudes, {@code ‖W‖} of each row
     * @param index the number of the adapter; each number gives other factors
     * @return the adapter
     */
    public LoRAAdapter adapter(int rank, boolean dora, int index) {
        SplittableRandom random = new SplittableRandom(1000L * rank + index);
        Map<String, LoRAWeights> weights = new LinkedHashMap<>();
        for (Linear linear : network.linears()) {
            INDArray a = gaussian(random, rank, linear.inputSize(), 1 / Math.sqrt((double) linear.inputSize()));
            INDArray b = gaussian(random, linear.outputSize(), rank, 0.02);
            INDArray magnitude = dora ? linear.weight().norm2(1) : null;
            weights.put(linear.path(), new LoRAWeights(a, b, magnitude, null));
        }
        LoRAConfig config =
                LoRAConfig.builder().rank(rank).alpha(SCALE * rank).dora(dora).build();
        return new LoRAAdapter(config, weights);
    }

    /**
     * Creates a model of {@link #network} with the adapters "a0", "a1", …; the first is active and trainable.
     *
     * @param rank the rank of the adapters
     * @param dora whether they have DoRA magnitudes
     * @param adapters the number of adapters
     * @return the model
     */
    public LoRAModel model(int rank, boolean dora, int adapters) {
        LoRAModel model = LoRAModel.of(network);
        for (int i = 0; i < adapters; i++) {
            model.add(name(i), adapter(rank, dora, i));
        }
        model.setTrainable(name(0));
        return model;
    }

    /**
     * Returns the name of an adapter of {@link #model}.
     *
     * @param index the number of the adapter
     * @return its name
     */
    public static String name(int index) {
        return "a" + index;
    }

    /**
     * Returns the name of an adapter for each row: row i uses adapter i modulo the number of adapters.
     *
     * @param rows the number of rows of a batch
     * @param adapters the number of adapters
     * @return a name for each row
     */
    public static List<String> names(int rows, int adapters) {
        List<String> names = new ArrayList<>();
        for (int row = 0; row < rows; row++) {
            names.add(name(row % adapters));
        }
        return names;
    }

    /**
     * Writes the base, the adapters with magnitudes, and the batches to a file for PyTorch.
     *
     * @param file the safetensors file
     * @param rank the rank of the adapters
     * @param adapters the number of adapters
     * @throws IOException if the file cannot be written
     */
    void write(Path file, int rank, int adapters) throws IOException {
        SafeTensorsBuilder tensors = SafeTensors.builder();
        for (Parameter parameter : network.parameters()) {
            tensors.tensor(parameter.name(), parameter.value());
        }
        for (int i = 0; i < adapters; i++) {
            String prefix = name(i) + ".";
            adapter(rank, true, i).weights().forEach((path, weights) -> {
                tensors.tensor(prefix + path + ".lora_A", weights.loraA());
                tensors.tensor(prefix + path + ".lora_B", weights.loraB());
                INDArray magnitude = weights.magnitude();
                if (magnitude != null) {
                    tensors.tensor(prefix + path + ".lora_magnitude_vector", magnitude);
                }
            });
        }
        for (int i = 0; i < batches.size(); i++) {
            tensors.tensor("x" + i, x(i));
            tensors.tensor("y" + i, Objects.requireNonNull(batches.get(i).labels()));
        }
        tensors.build().write(file);
    }
}
