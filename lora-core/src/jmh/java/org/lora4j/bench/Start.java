package org.lora4j.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.io.SafeTensors;
import org.lora4j.nn.Linear;
import org.lora4j.nn.Network;
import org.lora4j.nn.Parameter;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Where a measured run begins: a base, adapters whose B is not zero, and batches. All of it follows from the
 * arguments, so that every benchmark, and a peer that reads the file, begins at the same place.
 */
public final class Start {
    /** The network of the MNIST example. */
    public static final String RICH = "rich";

    private static final int BATCHES = 4;
    private static final double SCALE = 2;

    private final Network network;
    private final List<DataSet> batches;

    /**
     * Makes a network and batches.
     *
     * @param net {@value #RICH} for 784→1000→2000→10 with ReLUs, or a number n for one layer n→n
     * @param batch the rows of a batch
     */
    public Start(String net, int batch) {
        network = network(net);
        SplittableRandom random = new SplittableRandom(batch);
        batches = new ArrayList<>();
        for (int i = 0; i < BATCHES; i++) {
            batches.add(new DataSet(gaussian(random, batch, network.inputSize(), 1), oneHot(random, batch)));
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
     * The base.
     *
     * @return a network; trainable until a model freezes it
     */
    public Network network() {
        return network;
    }

    /**
     * The batches, to be gone through in a circle.
     *
     * @return features and one-hot labels
     */
    public List<DataSet> batches() {
        return batches;
    }

    /**
     * The first batch's features.
     *
     * @return {@code [batch, in]}
     */
    public INDArray x() {
        return batches.get(0).getFeatures();
    }

    /**
     * One adapter of many.
     *
     * @param rank its rank
     * @param dora whether it has magnitudes, {@code ‖W‖} per output row
     * @param index which; each differs
     * @return factors for all layers, with scale 2
     */
    public LoRAAdapter adapter(int rank, boolean dora, int index) {
        SplittableRandom random = new SplittableRandom(1000L * rank + index);
        Map<String, LoRAWeights> weights = new LinkedHashMap<>();
        for (Linear linear : network.linears()) {
            INDArray a = gaussian(random, rank, linear.inputSize(), 1 / Math.sqrt((double) linear.inputSize()));
            INDArray b = gaussian(random, linear.outputSize(), rank, 0.02);
            INDArray magnitude = dora ? linear.original().value().norm2(1) : null;
            weights.put(linear.path(), new LoRAWeights(a, b, magnitude, null));
        }
        LoRAConfig config =
                LoRAConfig.builder().rank(rank).alpha(SCALE * rank).dora(dora).build();
        return new LoRAAdapter(config, weights);
    }

    /**
     * A model with adapters "a0", "a1", …, the first active and trainable.
     *
     * @param rank their rank
     * @param dora whether they have magnitudes
     * @param adapters how many
     * @return the model over {@link #network}
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
     * Names an adapter of {@link #model}.
     *
     * @param index which
     * @return its name
     */
    public static String name(int index) {
        return "a" + index;
    }

    /**
     * Names an adapter for each row, going through all adapters in a circle.
     *
     * @param rows the rows of a batch
     * @param adapters how many adapters there are
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
     * Writes base, adapters and batches for a peer.
     *
     * @param file the safetensors file
     * @param rank the rank of the adapters
     * @param adapters how many; their magnitudes are written too
     * @throws IOException if it cannot be written
     */
    void write(Path file, int rank, int adapters) throws IOException {
        SafeTensors.Builder tensors = SafeTensors.builder();
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
            tensors.tensor("x" + i, batches.get(i).getFeatures());
            tensors.tensor("y" + i, batches.get(i).getLabels());
        }
        tensors.build().write(file);
    }
}
