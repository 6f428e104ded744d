package org.lora4j.io.gguf.internal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.lora4j.internal.MessageText;
import org.lora4j.io.gguf.model.GgufPrecision;
import org.lora4j.io.internal.ArrayBytes;
import org.lora4j.io.internal.AtomicFile;
import org.lora4j.io.internal.ByteSink;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Writes a GGUF file that is another one with other elements in some tensors. All keys stay, so the file has the tokenizer and the
 * chat template of the other; and the tensors that do not change keep their bytes.
 */
public final class GgufRewriter {
    private static final int CHUNK = 1 << 18;
    private static final float LARGEST_HALF = 65_504;

    private final GgufReader reader;
    private final GgufTensors tensors;
    private final Changes changes;
    private final GgufPrecision precision;

    /** The names of transformers by those in the file, of what changes. */
    private final Map<String, String> changed = new HashMap<>();

    /** Says what changes. */
    @FunctionalInterface
    public interface Changes {
        /**
         * Returns the new elements of a tensor. It is asked twice for a tensor that changes.
         *
         * @param name the name of transformers
         * @param elements those of the file, in the form of transformers
         * @return the new elements, FLOAT and in the same shape; nothing if none differs
         */
        Optional<INDArray> of(String name, INDArray elements);
    }

    private GgufRewriter(GgufTensors tensors, Changes changes, GgufPrecision precision) {
        reader = tensors.reader();
        this.tensors = tensors;
        this.changes = changes;
        this.precision = precision;
    }

    /**
     * Writes a file. It appears completely or not at all, and is one file also if the other has several parts.
     *
     * @param base the other file, which stays open
     * @param changes what changes
     * @param precision the form of the matrices that change
     * @param target the file that is written
     * @throws IOException if a file cannot be read or written
     * @throws IllegalArgumentException if a new element is not finite in the precision
     */
    public static void write(GgufTensors base, Changes changes, GgufPrecision precision, Path target)
            throws IOException {
        Objects.requireNonNull(base, "base must not be null");
        Objects.requireNonNull(changes, "changes must not be null");
        Objects.requireNonNull(precision, "precision must not be null");
        Objects.requireNonNull(target, "target must not be null");
        GgufRewriter writer = new GgufRewriter(base, changes, precision);
        writer.findChanges();
        AtomicFile.write(target, channel -> writer.writeTo(bytes -> AtomicFile.writeFully(channel, bytes)));
    }

    private void findChanges() throws IOException {
        for (String name : tensors.names()) {
            try (INDArray elements = tensors.tensor(name)) {
                if (changes.of(name, elements).isPresent()) {
                    changed.put(tensors.storedName(name), name);
                }
            }
        }
    }

    private GgufType type(String stored) {
        return changed.containsKey(stored)
                ? GgufType.of(precision, reader.shape(stored))
                : GgufType.valueOf(reader.type(stored));
    }

    private long bytes(String stored) {
        return type(stored).bytes(reader.elements(stored));
    }

    private void writeTo(ByteSink<IOException> sink) throws IOException {
        long position = writeHeader(sink);
        pad(position, sink);
        for (String stored : reader.names()) {
            String name = changed.get(stored);
            if (name == null) {
                reader.copyTo(stored, sink);
            } else {
                writeNew(name, stored, sink);
            }
            pad(bytes(stored), sink);
        }
    }

    private long writeHeader(ByteSink<IOException> sink) throws IOException {
        ByteBuffer keys = reader.keyBytes();
        long length = keys.remaining();
        sink.write(keys);
        long offset = 0;
        for (String stored : reader.names()) {
            byte[] name = stored.getBytes(StandardCharsets.UTF_8);
            long[] shape = reader.shape(stored);
            ByteBuffer info = ByteBuffer.allocate(
                            Long.BYTES + name.length + 2 * Integer.BYTES + (shape.length + 1) * Long.BYTES)
                    .order(ByteOrder.LITTLE_ENDIAN);
            info.putLong(name.length).put(name).putInt(shape.length);
            for (int i = shape.length - 1; i >= 0; i--) {
                info.putLong(shape[i]);
            }
            info.putInt(type(stored).number()).putLong(offset);
            length += info.position();
            sink.write(info.flip());
            offset = padded(offset + bytes(stored));
        }
        return length;
    }

    private void writeNew(String name, String stored, ByteSink<IOException> sink) throws IOException {
        GgufType type = type(stored);
        try (INDArray elements = tensors.tensor(name)) {
            INDArray value = changes.of(name, elements).orElseThrow();
            INDArray inFile = tensors.toFile(name, value);
            ArrayBytes.with(inFile, bytes -> write(stored, type, bytes.asFloatBuffer(), sink));
            if (inFile != value) {
                inFile.close();
            }
        }
    }

    private static void write(String stored, GgufType type, FloatBuffer elements, ByteSink<IOException> sink)
            throws IOException {
        int most = Math.max(1, CHUNK / type.elements()) * type.elements();
        float limit = type == GgufType.F32 ? Float.MAX_VALUE : LARGEST_HALF;
        while (elements.hasRemaining()) {
            float[] some = new float[Math.min(most, elements.remaining())];
            elements.get(some);
            for (float element : some) {
                if (!(Math.abs(element) <= limit)) {
                    throw new IllegalArgumentException(MessageText.quote(stored) + ": elements must be at most " + limit
                            + " in " + type + ", found " + element);
                }
            }
            ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(type.bytes(some.length)))
                    .order(ByteOrder.LITTLE_ENDIAN);
            GgufQuantizer.write(type, some, bytes);
            sink.write(bytes.flip());
        }
    }

    private long padded(long length) {
        return GgufHeader.padded(length, reader.alignment());
    }

    private void pad(long length, ByteSink<IOException> sink) throws IOException {
        sink.write(ByteBuffer.allocate(Math.toIntExact(padded(length) - length)));
    }
}
