package org.lora4j.nn.layer;

import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;

/**
 * The gated feed-forward part of a layer of Llama, {@code y = down(silu(gate(x)) ∘ up(x))} with {@code silu(z) = z·σ(z)}
 * (<a href="https://arxiv.org/abs/2002.05202">arXiv:2002.05202</a>).
 *
 * @param path the module path
 * @param gate {@code [hidden, dim]}
 * @param up {@code [hidden, dim]}
 * @param down {@code [dim, hidden]}
 */
public record SwiGLU(String path, Linear gate, Linear up, Linear down) implements Layer {
    /**
     * Checks the sizes.
     *
     * @param path the module path
     * @param gate {@code [hidden, dim]}
     * @param up {@code [hidden, dim]}
     * @param down {@code [dim, hidden]}
     * @throws IllegalArgumentException if the sizes do not fit together
     */
    public SwiGLU {
        Objects.requireNonNull(path, "path must not be null");
        Objects.requireNonNull(gate, "gate must not be null");
        Objects.requireNonNull(up, "up must not be null");
        Objects.requireNonNull(down, "down must not be null");
        if (up.inputSize() != gate.inputSize() || up.outputSize() != gate.outputSize()) {
            throw new IllegalArgumentException(up.path() + ": must have the shape [" + gate.outputSize() + ", "
                    + gate.inputSize() + "] of " + gate.path() + ", found [" + up.outputSize() + ", " + up.inputSize()
                    + "]");
        }
        ParameterArrays.requireWidth(down.path(), down.inputSize(), gate.outputSize());
    }

    @Override
    public List<Layer> children() {
        return List.of(gate, up, down);
    }

    @Override
    public long outputSize(long inputSize) {
        gate.outputSize(inputSize);
        return down.outputSize();
    }

    @Override
    public SwiGLU with(UnaryOperator<WeightedLayer> weights) {
        return new SwiGLU(path, (Linear) weights.apply(gate), (Linear) weights.apply(up), (Linear) weights.apply(down));
    }

    @Override
    public String toString() {
        return path + ": SwiGLU" + children();
    }
}
