package org.lora4j.train;

/** The cross-entropy of the sigmoid of one output z with a label y, and its derivative. */
final class Sigmoid {
    /** Smaller gradients are zero: as floats, they and their products would be below the smallest normal number. */
    private static final double SMALLEST = 1e-30;

    private Sigmoid() {}

    /** Returns a gradient, or 0 if it is too small. */
    static double orZero(double gradient) {
        return Math.abs(gradient) < SMALLEST ? 0 : gradient;
    }

    /** The exponential that loss and slope share. It is not of a positive number, so nothing overflows. */
    static double exponential(double z) {
        return Math.exp(-Math.abs(z));
    }

    /** {@code −y·log σ(z) − (1 − y)·log(1 − σ(z))}. */
    static double loss(double z, double y, double exponential) {
        return Math.max(z, 0) - z * y + Math.log1p(exponential);
    }

    /** The derivative of the loss, {@code σ(z) − y}. */
    static double slope(double z, double y, double exponential) {
        return (z < 0 ? exponential : 1) / (1 + exponential) - y;
    }
}
