package org.lora4j.onednn;

import static org.bytedeco.dnnl.global.dnnl.dnnl_blocked;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_query;
import static org.bytedeco.dnnl.global.dnnl.dnnl_query_format_kind;
import static org.bytedeco.dnnl.global.dnnl.dnnl_query_inner_blks;
import static org.bytedeco.dnnl.global.dnnl.dnnl_query_inner_idxs;
import static org.bytedeco.dnnl.global.dnnl.dnnl_query_inner_nblks_s32;
import static org.bytedeco.dnnl.global.dnnl.dnnl_query_strides;

import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.PointerPointer;
import org.jspecify.annotations.Nullable;

/**
 * Where a matrix in blocks has its elements: element {@code (i, j)} is at {@code row(i) + column(j)}. oneDNN divides each
 * dimension by the sizes of its inner blocks. What is left over has a stride of its own.
 *
 * @see <a href="https://uxlfoundation.github.io/oneDNN/dev_guide_understanding_memory_formats.html">oneDNN's formats</a>
 */
final class BlockOffsets {
    /** The sizes of the inner blocks, from the outermost to the innermost. */
    private final long[] sizes;

    /** The dimension that each of them divides. */
    private final long[] dimensions;

    private final long[] strides;

    private BlockOffsets(long[] sizes, long[] dimensions, long[] strides) {
        this.sizes = sizes;
        this.dimensions = dimensions;
        this.strides = strides;
    }

    /** Returns the places of a format; null if it does not consist of blocks. */
    static @Nullable BlockOffsets of(dnnl_memory_desc format) {
        try (IntPointer number = new IntPointer(1)) {
            Dnnl.check(dnnl_memory_desc_query(format, dnnl_query_format_kind, number));
            if (number.get() != dnnl_blocked) {
                return null;
            }
            Dnnl.check(dnnl_memory_desc_query(format, dnnl_query_inner_nblks_s32, number));
            int count = number.get();
            return new BlockOffsets(
                    read(format, dnnl_query_inner_blks, count),
                    read(format, dnnl_query_inner_idxs, count),
                    read(format, dnnl_query_strides, 2));
        }
    }

    private static long[] read(dnnl_memory_desc format, int query, int count) {
        long[] values = new long[count];
        if (count > 0) {
            try (PointerPointer<LongPointer> result = new PointerPointer<>(1)) {
                Dnnl.check(dnnl_memory_desc_query(format, query, result));
                new LongPointer(result.get(0)).get(values);
            }
        }
        return values;
    }

    long row(long row) {
        return place(0, row);
    }

    long column(long column) {
        return place(1, column);
    }

    private long place(int dimension, long index) {
        long place = 0;
        long step = 1;
        long rest = index;
        for (int i = sizes.length - 1; i >= 0; i--) {
            if (dimensions[i] == dimension) {
                place += rest % sizes[i] * step;
                rest /= sizes[i];
            }
            step *= sizes[i];
        }
        return place + rest * strides[dimension];
    }
}
