package org.lora4j.dl4j;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What an adapter brings for one layer, and whether the layer computes with it. All layers of one configuration share it. */
final class LayerAdapter {
    private final List<Target> targets;
    private final List<TrainedArray> arrays;
    private @Nullable Attachment attachment;
    private volatile boolean disabled;

    LayerAdapter(List<Target> targets, List<TrainedArray> arrays) {
        this.targets = targets;
        this.arrays = arrays;
    }

    /** The same of a copied configuration. */
    LayerAdapter copy() {
        LayerAdapter copy = new LayerAdapter(targets, arrays);
        copy.attachment = attachment;
        copy.disabled = disabled;
        return copy;
    }

    /** The weights that factors update. */
    List<Target> targets() {
        return targets;
    }

    /** The only target of a layer with one weight, or null if its factors have none. */
    @Nullable
    Target target() {
        return targets.isEmpty() ? null : targets.get(0);
    }

    /** What trains. */
    List<TrainedArray> arrays() {
        return arrays;
    }

    /** The layer of the base, or null if the network was read from a file. */
    @Nullable
    Attachment attachment() {
        return attachment;
    }

    void attach(Attachment toBase) {
        attachment = toBase;
    }

    boolean isEnabled() {
        return !disabled;
    }

    void setEnabled(boolean enabled) {
        disabled = !enabled;
    }
}
