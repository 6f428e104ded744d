package org.lora4j.internal.math;

/** Computes the seed of a layer's random numbers. */
public final class LayerSeed {
    private LayerSeed() {}

    /**
     * Mixes a seed with the path of a layer. So layers have different seeds, and no seed depends on the other layers.
     *
     * @param seed the seed of the whole model
     * @param path the module path
     * @return the seed of the layer
     */
    public static long of(long seed, String path) {
        return seed ^ ((long) path.hashCode() << 32);
    }
}
