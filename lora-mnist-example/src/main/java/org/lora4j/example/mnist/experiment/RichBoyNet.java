package org.lora4j.example.mnist.experiment;

import java.io.IOException;
import java.nio.file.Path;
import org.lora4j.example.mnist.data.MnistData;
import org.lora4j.nn.Network;

/** The article's network, far larger than the task needs: 784 → 1000 → 2000 → 10, with a ReLU between the layers. */
public final class RichBoyNet {
    /** The number of pixels of an image. */
    public static final int INPUTS = 784;

    private RichBoyNet() {}

    /**
     * Creates a network that is not trained.
     *
     * @param seed the seed of the initial parameters
     * @return the network
     */
    public static Network build(long seed) {
        return Network.builder(INPUTS)
                .linear("linear1", 1000)
                .relu()
                .linear("linear2", 2000)
                .relu()
                .linear("linear3", MnistData.CLASSES)
                .build(seed);
    }

    /**
     * Loads a network.
     *
     * @param file a safetensors file
     * @return the network
     * @throws IOException if the file cannot be read or does not have exactly the parameters of this network
     */
    public static Network load(Path file) throws IOException {
        Network network = build(0);
        network.loadParameters(file);
        return network;
    }
}
