package org.lora4j.nn.onnx.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import org.lora4j.nn.layer.RotaryEmbedding;

/** Turns queries and keys by their positions. The angles were computed in double precision; layers with the same ones share them. */
final class Rotation {
    private final Graph graph;
    private final SequenceInputs inputs;
    private final Products products;
    private final int maxLength;

    Rotation(Graph graph, SequenceInputs inputs, Products products, int maxLength) {
        this.graph = graph;
        this.inputs = inputs;
        this.products = products;
        this.maxLength = maxLength;
    }

    private record Key(RotaryEmbedding rotary, String function) {}

    /**
     * Turns heads.
     *
     * @param x {@code [b, t, h, d]}
     * @param size d; numbers behind those that are turned stay
     */
    String add(String path, RotaryEmbedding rotary, int size, String x) {
        long half = rotary.dimensions() / 2;
        long rest = size - 2 * half;
        List<String> parts =
                rest == 0 ? products.split(path, x, half, half) : products.split(path, x, half, half, rest);
        String cosines = table(rotary, "Cos", Math::cos);
        String sines = table(rotary, "Sin", Math::sin);
        String first = graph.add(
                path,
                "Sub",
                graph.add(path, "Mul", parts.get(0), cosines),
                graph.add(path, "Mul", parts.get(1), sines));
        String second = graph.add(
                path,
                "Add",
                graph.add(path, "Mul", parts.get(1), cosines),
                graph.add(path, "Mul", parts.get(0), sines));
        List<String> turned = new ArrayList<>(List.of(first, second));
        turned.addAll(parts.subList(2, parts.size()));
        return graph.add(path, Operator.of("Concat").with("axis", -1), turned.toArray(String[]::new));
    }

    /** The factors of the t positions {@code [t, 1, d/2]}. */
    private String table(RotaryEmbedding rotary, String name, DoubleUnaryOperator function) {
        return graph.once(new Key(rotary, name), () -> {
            double[] frequencies = rotary.frequencies();
            float[][] rows = new float[maxLength][frequencies.length];
            for (int position = 0; position < maxLength; position++) {
                for (int i = 0; i < frequencies.length; i++) {
                    rows[position][i] =
                            (float) (rotary.amplitude() * function.applyAsDouble(position * frequencies[i]));
                }
            }
            return graph.add("", "Unsqueeze", inputs.firstRows("", graph.matrix(rows)), graph.integers(1));
        });
    }
}
