package org.lora4j.dl4j;

import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32C;
import org.deeplearning4j.nn.api.Model;
import org.lora4j.internal.memory.ArrayMemory;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The checksums of the arrays of a base. Adapted networks share these arrays, and have some values that were computed from
 * them, so the base must stay as it is.
 */
final class BaseChecksums<N extends Model> {
    /** How many elements are copied to the heap at a time. */
    private static final int PIECE = 4096;

    private final Host<N> host;
    private final Map<String, Long> original;

    /** The steps of the base when its arrays were compared last. */
    private volatile int comparedAt;

    BaseChecksums(Host<N> host) {
        this.host = host;
        comparedAt = host.iterations();
        original = compute();
    }

    /** Refuses a base that was trained since its arrays were compared, and has others now. This is cheap for one that was not. */
    void requireUntrained() {
        int steps = host.iterations();
        if (steps != comparedAt) {
            requireUnchanged();
            comparedAt = steps;
        }
    }

    /** Refuses a base whose arrays have changed. */
    void requireUnchanged() {
        compute().forEach((path, checksum) -> {
            if (!checksum.equals(original.get(path))) {
                throw new IllegalStateException("layer '" + path
                        + "': the base must keep the values that it had when the LoRANetwork was created, found others;"
                        + " give the base its old values back, or create a LoRANetwork of the changed base and train"
                        + " adapters for it");
            }
        });
    }

    private Map<String, Long> compute() {
        Map<String, Long> checksums = new LinkedHashMap<>();
        for (HostLayer layer : host.layers()) {
            INDArray params = host.layer(host.base(), layer.path()).params();
            checksums.put(layer.path(), params == null ? 0 : of(params));
        }
        return checksums;
    }

    private static long of(INDArray params) {
        INDArray contiguous = params.elementWiseStride() == 1 ? params : params.dup('c');
        ArrayMemory memory = new ArrayMemory(contiguous);
        CRC32C checksum = new CRC32C();
        int length = Math.toIntExact(contiguous.length());
        ByteBuffer bytes = ByteBuffer.allocate(PIECE * Double.BYTES);
        for (int from = 0; from < length; from += PIECE) {
            bytes.clear();
            int to = Math.min(from + PIECE, length);
            for (int i = from; i < to; i++) {
                bytes.putDouble(memory.get(i));
            }
            checksum.update(bytes.flip());
        }
        return checksum.getValue();
    }
}
