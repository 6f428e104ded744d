package org.lora4j.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.function.DoubleSupplier;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Compares a gradient with {@code (f(p + h) − f(p − h)) / 2h}, element by element, in double. */
public final class FiniteDifferences {
    private static final double H = 1e-6;

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
        for (long i = 0; i < at.length(); i++) {
            double value = at.getDouble(i);
            at.putScalar(i, value + H);
            double above = function.getAsDouble();
            at.putScalar(i, value - H);
            double below = function.getAsDouble();
            at.putScalar(i, value);
            double expected = (above - below) / (2 * H);
            assertThat(gradient.getDouble(i))
                    .as("%s, element %d", name, i)
                    .isCloseTo(expected, within(tolerance * Math.max(1, Math.abs(expected))));
        }
    }
}
