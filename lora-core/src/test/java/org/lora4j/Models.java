package org.lora4j;

import org.lora4j.nn.Network;
import org.nd4j.linalg.api.buffer.DataType;

/** Networks with random weights. */
public final class Models {
    private Models() {}

    /**
     * Linear layers {@code linear1}, {@code linear2} and so on, with a ReLU between each two.
     *
     * @param widths the number of inputs, then the number of outputs of each layer
     */
    public static Network dense(DataType type, long seed, int... widths) {
        Network.Builder builder = Network.builder(widths[0]).dataType(type);
        for (int i = 1; i < widths.length; i++) {
            if (i > 1) {
                builder.relu();
            }
            builder.linear("linear" + i, widths[i]);
        }
        return builder.build(seed);
    }

    /** Those of single precision with the seed 1. */
    public static Network dense(int... widths) {
        return dense(DataType.FLOAT, 1, widths);
    }
}
