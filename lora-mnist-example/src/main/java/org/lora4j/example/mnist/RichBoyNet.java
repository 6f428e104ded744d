package org.lora4j.example.mnist;

import org.lora4j.nn.Network;
import java.io.IOException;
import java.nio.file.Path;

/** The article's network, far larger than the task needs: 784 → 1000 → 2000 → 10 with ReLU between. */
final class RichBoyNet {
    /** The pixels of an image. */
    static final int INPUTS = 784;

    private static final int HIDDEN_1 = 1000;
    private static final int HIDDEN_2 = 2000;

    /** The rank of A may not exceed the width of the narrowest layer's input. */
    static final int MAX_RANK = INPUTS;

    private RichBoyNet() {}

    /** A network that has learned nothing. */
    static Network build(long seed) {
        return Network.builder(INPUTS)
                .linear("linear1", HIDDEN_1)
                .relu()
                .linear("linear2", HIDDEN_2)
                .relu()
                .linear("linear3", MnistData.CLASSES)
                .build(seed);
    }

    /**
     * A stored network.
     *
     * @throws IOException if the file cannot be read or does not hold exactly this network's parameters
     */
    static Network load(Path file) throws IOException {
        Network network = build(0);
        NetworkFile.load(network, file);
        return network;
    }
}
