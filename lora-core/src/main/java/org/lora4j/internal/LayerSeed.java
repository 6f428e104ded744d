package org.lora4j.internal;

/** The seed of a layer's random numbers. */
public final class LayerSeed {
    private LayerSeed() {}

    /**
     * Mixes a seed with the path of a layer, so that layers differ and each depends on nothing but its own path.
     *
     * @param seed the seed of the whole
     * @param path the module path
     * @return the seed of the layer
     */
    public static long of(long seed, String path) {
        return seed ^ ((long) path.hashCode() << 32);
    }
}
