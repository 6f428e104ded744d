package org.lora4j.nn.compute.internal;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.HeapBuffer;
import org.lora4j.internal.math.RowMath;
import org.lora4j.internal.memory.BatchBuffer;
import org.lora4j.nn.batch.internal.Buffers;
import org.lora4j.nn.layer.Dropout;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.LayerNorm;
import org.lora4j.nn.layer.RMSNorm;
import org.lora4j.nn.layer.Residual;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * What the layers share that a pass computes again for their gradients: their buffers. Only one layer at a time needs what is in
 * them, because each computes it again before its gradients.
 */
final class Recomputation {
    /** The residual connections of a layer of a transformer: the attention and the feed-forward network. */
    private static final int RESIDUALS_OF_A_LAYER = 2;

    private final DataType dataType;
    private final char order;
    private final Map<Long, List<BatchBuffer>> rows = new HashMap<>();
    private final List<HeapBuffer<?>> heaps = new ArrayList<>();

    /** Whose results the buffers hold. */
    private @Nullable LayerPass owner;

    Recomputation(DataType dataType, char order) {
        this.dataType = dataType;
        this.order = order;
    }

    /**
     * Divides layers into those that are computed again together. These are two residual connections, which are one layer of a
     * transformer, with the normalizations and dropouts that follow them. Each other layer is alone.
     */
    static List<List<Layer>> groups(List<Layer> layers) {
        List<List<Layer>> groups = new ArrayList<>();
        List<Layer> open = new ArrayList<>();
        int residuals = 0;
        for (Layer layer : layers) {
            boolean isResidual = layer instanceof Residual;
            boolean follows = layer instanceof LayerNorm || layer instanceof RMSNorm || layer instanceof Dropout;
            if (isResidual ? residuals == RESIDUALS_OF_A_LAYER || residuals == 0 : !follows || residuals == 0) {
                open = new ArrayList<>();
                groups.add(open);
                residuals = 0;
            }
            open.add(layer);
            residuals += isResidual ? 1 : 0;
        }
        return groups;
    }

    /** Whether the layers of a group are computed again. */
    static boolean isComputedAgain(List<Layer> group) {
        return group.get(0) instanceof Residual;
    }

    /** Says whose results the buffers hold from now on. Returns whether they held them before. */
    boolean fill(LayerPass pass) {
        boolean isFilled = owner == pass;
        owner = pass;
        return isFilled;
    }

    /** Creates the source of buffers of one pass: the k-th buffer of a width is the same for all passes. */
    Buffers newBuffers() {
        return new SharedBuffers();
    }

    private final class SharedBuffers extends Buffers {
        private final Map<Long, Integer> used = new HashMap<>();
        private int usedHeaps;

        SharedBuffers() {
            super(dataType, order);
        }

        @Override
        public BatchBuffer rows(long columns) {
            List<BatchBuffer> all = rows.computeIfAbsent(columns, key -> new ArrayList<>());
            int k = used.merge(columns, 1, Integer::sum) - 1;
            if (k == all.size()) {
                all.add(super.rows(columns));
            }
            return all.get(k);
        }

        @Override
        @SuppressWarnings("unchecked") // All layers of a pass compute with one type.
        public <A> HeapBuffer<A> heap(RowMath<A> math) {
            if (usedHeaps == heaps.size()) {
                heaps.add(super.heap(math));
            }
            return (HeapBuffer<A>) heaps.get(usedHeaps++);
        }
    }
}
