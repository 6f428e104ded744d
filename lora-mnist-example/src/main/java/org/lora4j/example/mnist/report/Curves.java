package org.lora4j.example.mnist.report;

import java.util.stream.IntStream;

/** The loss of every batch, in order, of both trainings. */
public final class Curves {

    private final float[] base;
    private final float[] fineTune;

    /**
     * Copies the losses.
     *
     * @param base losses of the base training; empty when the base was loaded
     * @param fineTune losses of the fine-tuning
     */
    public Curves(float[] base, float[] fineTune) {
        this.base = base.clone();
        this.fineTune = fineTune.clone();
    }

    double[] base() {
        return widened(base);
    }

    double[] fineTune() {
        return widened(fineTune);
    }

    private static double[] widened(float[] losses) {
        return IntStream.range(0, losses.length).mapToDouble(i -> losses[i]).toArray();
    }
}
