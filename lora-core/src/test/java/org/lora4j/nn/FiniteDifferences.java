package org.lora4j.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import java.util.function.DoubleSupplier;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Compares a gradient with {@code (f(p + h) − f(p − h)) / 2h}, in double: each of up to 64 elements alone; of a longer array
 * some alone, and all of them together along directions at random.
 */
public final class FiniteDifferences {
    private static final double H = 1e-6;
    private static final int ALONE = 64;
    private static final int DIRECTIONS = 4;

    private FiniteDifferences() {}

    /**
     * Checks a gradient.
     *
     * @param name where, for messages
     * @param function a function of the array, evaluated again and again
     * @param at the array, which has its old values again afterwards
     * @param gradient the gradient to check, of the same shape
     */
    public static void assertGradient(String name, DoubleSupplier function, INDArray at, INDArray gradient) {
        assertGradient(name, function, at, gradient, 1e-7);
    }

    /** Checks a gradient with a tolerance, relative to the greater of 1 and the expected value. */
    static void assertGradient(String name, DoubleSupplier function, INDArray at, INDArray gradient, double tolerance) {
        assertThat(gradient.shape()).as(name).isEqualTo(at.shape());
        int length = Math.toIntExact(at.length());
        if (length <= ALONE) {
            for (int i = 0; i < length; i++) {
                assertElement(name, function, at, i, gradient.getDouble(i), tolerance);
            }
            return;
        }
        SplittableRandom random = new SplittableRandom(length);
        random.ints(0, length)
                .distinct()
                .limit(ALONE)
                .forEach(i -> assertElement(name, function, at, i, gradient.getDouble(i), tolerance));
        double[] slope = elements(gradient);
        double[] values = elements(at);
        for (int n = 0; n < DIRECTIONS; n++) {
            // Of length 1, so that the step is as short as that of one element.
            double[] direction = random.ints(length, 0, 2)
                    .mapToDouble(bit -> (2 * bit - 1) / Math.sqrt(length))
                    .toArray();
            double expected = 0;
            for (int i = 0; i < length; i++) {
                expected += direction[i] * slope[i];
            }
            put(at, values, direction, H);
            double above = function.getAsDouble();
            put(at, values, direction, -H);
            double below = function.getAsDouble();
            put(at, values, direction, 0);
            assertSlope(name + ", direction " + n, expected, above, below, tolerance);
        }
    }

    private static void assertElement(
            String name, DoubleSupplier function, INDArray at, long element, double slope, double tolerance) {
        double value = at.getDouble(element);
        at.putScalar(element, value + H);
        double above = function.getAsDouble();
        at.putScalar(element, value - H);
        double below = function.getAsDouble();
        at.putScalar(element, value);
        assertSlope(name + ", element " + element, slope, above, below, tolerance);
    }

    private static void assertSlope(String name, double slope, double above, double below, double tolerance) {
        double expected = (above - below) / (2 * H);
        assertThat(slope).as(name).isCloseTo(expected, within(tolerance * Math.max(1, Math.abs(expected))));
    }

    private static double[] elements(INDArray array) {
        double[] elements = new double[Math.toIntExact(array.length())];
        for (int i = 0; i < elements.length; i++) {
            elements[i] = array.getDouble(i);
        }
        return elements;
    }

    private static void put(INDArray at, double[] values, double[] direction, double step) {
        for (int i = 0; i < values.length; i++) {
            at.putScalar(i, values[i] + step * direction[i]);
        }
    }
}
