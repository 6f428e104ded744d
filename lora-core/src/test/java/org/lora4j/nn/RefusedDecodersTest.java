package org.lora4j.nn;

import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.lora4j.Refusals.argument;
import static org.lora4j.Refusals.table;

import java.util.List;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.lora4j.nn.layer.Embedding;
import org.lora4j.nn.layer.GatedFeedForward;
import org.lora4j.nn.layer.GatedFeedForward.Gate;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.layer.RMSNorm;
import org.lora4j.nn.layer.TokenEmbeddings;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;

/** Parts of decoders that do not fit together. */
class RefusedDecodersTest {
    private static Linear linear(String path, int in, int out) {
        return new Linear(path, Nd4j.ones(DataType.FLOAT, out, in), null);
    }

    @Test
    void refusesAGateOfAnotherSize() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> GatedFeedForward.of(
                        "mlp", Gate.SILU, linear("gate", 4, 6), linear("up", 4, 5), linear("down", 6, 4)))
                .withMessage("up: must have the shape [6, 4] of gate, found [5, 4]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> GatedFeedForward.of(
                        "mlp", Gate.SILU, linear("gate", 4, 6), linear("up", 4, 6), linear("down", 5, 4)))
                .withMessage("down: must take the 6 values of the layer before, found 5 inputs");
    }

    @TestFactory
    List<DynamicTest> refusesANormalizationOfAnotherSize() {
        return table(
                argument(() -> new RMSNorm("norm", Nd4j.ones(DataType.FLOAT, 4), 0))
                        .says("norm: epsilon must be positive, found 0.0"),
                argument(() -> new RMSNorm("norm", Nd4j.ones(DataType.FLOAT, 4), 1e-5).outputSize(5))
                        .says("norm: must take the 5 values of the layer before, found 4 inputs"),
                argument(() -> new RMSNorm("norm", Nd4j.ones(DataType.FLOAT, 4, 4), 1e-5))
                        .starts("norm.weight: must be a vector [dim], found "));
    }

    @Test
    void refusesALengthOfNothing() {
        Embedding word = new Embedding("word", Nd4j.ones(DataType.FLOAT, 3, 2), Embedding.NO_PADDING);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new TokenEmbeddings("embeddings", word, 0))
                .withMessage("embeddings: the longest sequence must have at least 1 token, found 0");
    }
}
