package org.lora4j.nn.batch.internal;

import java.util.List;

/** Keys and values of tokens that follow each other in all attentions of a decoder, copied from a cache. Any number of threads can use them. */
public final class CacheBlock {
    private final List<LayerBlock<?>> layers;
    private final long bytes;

    CacheBlock(List<LayerBlock<?>> layers, long bytes) {
        this.layers = layers;
        this.bytes = bytes;
    }

    List<LayerBlock<?>> layers() {
        return layers;
    }

    /** The memory of the numbers. */
    public long bytes() {
        return bytes;
    }
}
