package org.lora4j.nn.onnx.internal;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.lora4j.nn.layer.Activation;
import org.lora4j.nn.layer.GatedFeedForward.Gate;
import org.lora4j.nn.layer.Gelu;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.activations.impl.ActivationReLU;
import org.nd4j.linalg.activations.impl.ActivationSigmoid;
import org.nd4j.linalg.activations.impl.ActivationSwish;
import org.nd4j.linalg.activations.impl.ActivationTanH;

/**
 * The functions that are applied to each number. GELU is not an operator before version 20 of the standard; ONNX Runtime computes the
 * nodes that it is written as in one step.
 */
final class Functions {
    private static final double CUBE = 0.044715;

    /** The functions of ND4J that the models of other libraries have. */
    private static final Map<IActivation, Function> KNOWN = new LinkedHashMap<>();

    static {
        KNOWN.put(new ActivationReLU(), Functions::relu);
        KNOWN.put(new ActivationTanH(), Functions::tanh);
        KNOWN.put(new ActivationSigmoid(), Functions::sigmoid);
        KNOWN.put(new ActivationSwish(), Functions::silu);
        KNOWN.put(new ActivationIdentity(), (functions, path, x) -> x);
    }

    private final Graph graph;

    /** Adds a function. */
    private interface Function {
        String add(Functions functions, String path, String x);
    }

    Functions(Graph graph) {
        this.graph = graph;
    }

    /**
     * Adds an activation.
     *
     * @throws IllegalArgumentException if it is another one than the models of other libraries have
     */
    String add(Activation layer, String x) {
        Function function = KNOWN.get(layer.function());
        if (function == null) {
            throw new IllegalArgumentException(layer.path() + ": an activation that is written as ONNX must be one of "
                    + KNOWN.keySet().stream().map(String::valueOf).collect(Collectors.joining(", "))
                    + " or GELU, found " + layer.function());
        }
        return function.add(this, layer.path(), x);
    }

    String add(Gelu layer, String x) {
        return layer.form() == Gelu.Form.EXACT ? gelu(layer.path(), x) : geluTanh(layer.path(), x);
    }

    String gate(Gate gate, String path, String x) {
        return switch (gate) {
            case SILU -> silu(path, x);
            case GELU -> gelu(path, x);
            case GELU_TANH -> geluTanh(path, x);
            case RELU -> relu(path, x);
        };
    }

    private String relu(String path, String x) {
        return graph.add(path, "Relu", x);
    }

    private String tanh(String path, String x) {
        return graph.add(path, "Tanh", x);
    }

    private String sigmoid(String path, String x) {
        return graph.add(path, "Sigmoid", x);
    }

    private String silu(String path, String x) {
        return graph.add(path, "Mul", x, sigmoid(path, x));
    }

    /** {@code 1/2·(x·(1 + erf(x/√2)))}. */
    private String gelu(String path, String x) {
        String erf = graph.add(path, "Erf", graph.add(path, "Div", x, graph.number(Math.sqrt(2))));
        String product = graph.add(path, "Mul", x, graph.add(path, "Add", erf, graph.number(1)));
        return graph.add(path, "Mul", product, graph.number(0.5));
    }

    /** {@code x/2·(1 + tanh(√(2/π)·x·(1 + 0.044715·x·x)))}. */
    private String geluTanh(String path, String x) {
        String square = graph.add(path, "Mul", graph.add(path, "Mul", x, graph.number(CUBE)), x);
        String factor = graph.add(path, "Add", square, graph.number(1));
        String linear = graph.add(path, "Mul", x, graph.number(Math.sqrt(2 / Math.PI)));
        String tanh = tanh(path, graph.add(path, "Mul", linear, factor));
        String half = graph.add(path, "Mul", x, graph.number(0.5));
        return graph.add(path, "Mul", half, graph.add(path, "Add", tanh, graph.number(1)));
    }

    /** {@code c·tanh(x/c)}. */
    String softcap(String path, double bound, String x) {
        String bounded = tanh(path, graph.add(path, "Div", x, graph.number(bound)));
        return graph.add(path, "Mul", bounded, graph.number(bound));
    }
}
