package org.lora4j.example.mnist.report;

import java.util.Arrays;
import java.util.List;

/**
 * The shapes of one dense layer's parameters and of the low-rank factors beside its weight.
 *
 * @param name the module path, such as {@code linear1}
 * @param weight {@code [out, in]}
 * @param bias {@code [out]}
 * @param loraA {@code [r, in]}
 * @param loraB {@code [out, r]}
 */
public record LayerParameters(String name, List<Long> weight, List<Long> bias, List<Long> loraA, List<Long> loraB) {

    /**
     * Checks that the shapes belong together.
     *
     * @param name as in the record
     * @param weight as in the record
     * @param bias as in the record
     * @param loraA as in the record
     * @param loraB as in the record
     * @throws IllegalArgumentException if the name is blank or a shape does not fit the weight's
     */
    public LayerParameters {
        if (name.isBlank()) {
            throw new IllegalArgumentException("a layer's name must not be blank");
        }
        weight = List.copyOf(weight);
        bias = List.copyOf(bias);
        loraA = List.copyOf(loraA);
        loraB = List.copyOf(loraB);
        if (weight.size() != 2 || weight.get(0) < 1 || weight.get(1) < 1) {
            throw new IllegalArgumentException(name + ": weight must be [out, in], found " + weight);
        }
        requireShape(name, "bias", bias, List.of(weight.get(0)));
        long rank = loraA.isEmpty() ? 0 : loraA.get(0);
        if (rank < 1) {
            throw new IllegalArgumentException(name + ": loraA must be [r, in], found " + loraA);
        }
        requireShape(name, "loraA", loraA, List.of(rank, weight.get(1)));
        requireShape(name, "loraB", loraB, List.of(weight.get(0), rank));
    }

    /**
     * Takes shapes as ND4J gives them.
     *
     * @param name the module path, such as {@code linear1}
     * @param weight {@code [out, in]}
     * @param bias {@code [out]}
     * @param loraA {@code [r, in]}
     * @param loraB {@code [out, r]}
     * @return the layer's shapes
     * @throws IllegalArgumentException if the name is blank or a shape does not fit the weight's
     */
    public static LayerParameters of(String name, long[] weight, long[] bias, long[] loraA, long[] loraB) {
        return new LayerParameters(name, boxed(weight), boxed(bias), boxed(loraA), boxed(loraB));
    }

    private static List<Long> boxed(long[] shape) {
        return Arrays.stream(shape).boxed().toList();
    }

    private static void requireShape(String name, String what, List<Long> found, List<Long> expected) {
        if (!found.equals(expected)) {
            throw new IllegalArgumentException(name + ": " + what + " must be " + expected + ", found " + found);
        }
    }

    /** The layer's width. */
    long out() {
        return weight.get(0);
    }

    /** The width of what goes into the layer. */
    long in() {
        return weight.get(1);
    }

    /** The number of values in weight and bias. */
    long original() {
        return count(weight) + count(bias);
    }

    /** The number of values in the factors. */
    long lora() {
        return count(loraA) + count(loraB);
    }

    private static long count(List<Long> shape) {
        return shape.stream().reduce(1L, (a, b) -> a * b);
    }
}
