package org.lora4j.nn.layer;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;

/**
 * The gated feed-forward part of a layer of a transformer, {@code y = down(f(gate(x)) ∘ up(x))}
 * (<a href="https://arxiv.org/abs/2002.05202">arXiv:2002.05202</a>): SwiGLU with {@link Gate#SILU}, GeGLU with {@link Gate#GELU}, ReGLU with
 * {@link Gate#RELU}.
 * One linear layer can compute {@code gate(x)} and {@code up(x)} side by side, and carries one A and one B then, as in PEFT.
 */
public final class GatedFeedForward implements Layer {
    private final String path;
    private final Gate gate;
    private final List<Linear> inputs;
    private final boolean gateIsFirst;
    private final Linear down;

    /** The function f of the gate. */
    public enum Gate {
        /** {@code z·σ(z)}. */
        SILU,
        /** {@code z·Φ(z)}. */
        GELU,
        /** GELU in its approximation by tanh. */
        GELU_TANH,
        /** {@code max(z, 0)}. */
        RELU
    }

    private GatedFeedForward(String path, Gate gate, List<Linear> inputs, boolean gateIsFirst, Linear down) {
        this.path = path;
        this.gate = gate;
        this.inputs = inputs;
        this.gateIsFirst = gateIsFirst;
        this.down = down;
    }

    /**
     * Creates the part with a layer for each input.
     *
     * @param path the module path
     * @param function f
     * @param gate {@code [hidden, dim]}
     * @param up {@code [hidden, dim]}
     * @param down {@code [dim, hidden]}
     * @return the layer
     * @throws IllegalArgumentException if the sizes do not fit together
     */
    public static GatedFeedForward of(String path, Gate function, Linear gate, Linear up, Linear down) {
        Objects.requireNonNull(path, "path must not be null");
        Objects.requireNonNull(function, "function must not be null");
        Objects.requireNonNull(gate, "gate must not be null");
        Objects.requireNonNull(up, "up must not be null");
        Objects.requireNonNull(down, "down must not be null");
        if (up.inputSize() != gate.inputSize() || up.outputSize() != gate.outputSize()) {
            throw new IllegalArgumentException(up.path() + ": must have the shape [" + gate.outputSize() + ", "
                    + gate.inputSize() + "] of " + gate.path() + ", found [" + up.outputSize() + ", " + up.inputSize()
                    + "]");
        }
        ParameterArrays.requireWidth(down.path(), down.inputSize(), gate.outputSize());
        return new GatedFeedForward(path, function, List.of(gate, up), true, down);
    }

    /**
     * Creates the part with one layer for both inputs.
     *
     * @param path the module path
     * @param function f
     * @param input {@code [2·hidden, dim]}
     * @param gateIsFirst whether the first half of its outputs is the gate, and the second is {@code up(x)}; else the other way
     *     round
     * @param down {@code [dim, hidden]}
     * @return the layer
     * @throws IllegalArgumentException if the sizes do not fit together
     */
    public static GatedFeedForward ofOne(String path, Gate function, Linear input, boolean gateIsFirst, Linear down) {
        Objects.requireNonNull(path, "path must not be null");
        Objects.requireNonNull(function, "function must not be null");
        Objects.requireNonNull(input, "input must not be null");
        Objects.requireNonNull(down, "down must not be null");
        if (input.outputSize() != 2 * down.inputSize()) {
            throw new IllegalArgumentException(input.path() + ": must have two outputs for each of the "
                    + down.inputSize() + " inputs of " + down.path() + ", found " + input.outputSize());
        }
        return new GatedFeedForward(path, function, List.of(input), gateIsFirst, down);
    }

    @Override
    public String path() {
        return path;
    }

    /**
     * Returns the function of the gate.
     *
     * @return f
     */
    public Gate gate() {
        return gate;
    }

    /**
     * Returns the layers of the gate and of what it is multiplied with.
     *
     * @return {@code gate} and {@code up}, or one layer whose outputs are both
     */
    public List<Linear> inputs() {
        return inputs;
    }

    /**
     * Returns where the gate is, if one layer computes both.
     *
     * @return true if it is the first half
     */
    public boolean gateIsFirst() {
        return gateIsFirst;
    }

    /**
     * Returns the last layer.
     *
     * @return {@code [dim, hidden]}
     */
    public Linear down() {
        return down;
    }

    @Override
    public List<Layer> children() {
        List<Layer> all = new ArrayList<>(inputs);
        all.add(down);
        return all;
    }

    @Override
    public long outputSize(long inputSize) {
        inputs.get(0).outputSize(inputSize);
        return down.outputSize();
    }

    @Override
    public GatedFeedForward with(UnaryOperator<WeightedLayer> weights) {
        return new GatedFeedForward(
                path,
                gate,
                inputs.stream().map(input -> (Linear) weights.apply(input)).toList(),
                gateIsFirst,
                (Linear) weights.apply(down));
    }

    @Override
    public String toString() {
        return path + ": GatedFeedForward(" + gate + ")" + children();
    }
}
