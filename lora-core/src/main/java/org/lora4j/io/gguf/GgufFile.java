package org.lora4j.io.gguf;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.io.internal.ByteSink;
import org.lora4j.io.safetensors.Dtype;

/**
 * A GGUF file of version 3, ready to be written: a header, metadata, a list of tensors, and their elements, each tensor at a
 * multiple of 32 bytes. All numbers are little-endian.
 *
 * @see <a href="https://github.com/ggml-org/ggml/blob/master/docs/gguf.md">The GGUF format</a>
 */
final class GgufFile {
    private static final int MAGIC = 0x46554747; // The characters GGUF.
    private static final int VERSION = 3;
    private static final int ALIGNMENT = 32;
    private static final int UINT32 = 4;
    private static final int FLOAT32 = 6;
    private static final int STRING = 8;
    private static final int TYPE_F32 = 0;
    private static final int TYPE_F16 = 1;

    private final Map<String, Object> metadata = new LinkedHashMap<>();
    private final List<GgufTensor> tensors;
    private final Dtype precision;

    /**
     * Creates a file.
     *
     * @param tensors its tensors in order
     * @param precision F32 or F16
     */
    GgufFile(List<GgufTensor> tensors, Dtype precision) {
        this.tensors = List.copyOf(tensors);
        this.precision = precision;
    }

    GgufFile metadata(String key, String value) {
        metadata.put(key, value);
        return this;
    }

    GgufFile metadata(String key, float value) {
        metadata.put(key, value);
        return this;
    }

    GgufFile metadata(String key, int value) {
        metadata.put(key, value);
        return this;
    }

    /** Writes the file. */
    <E extends Exception> void writeTo(ByteSink<E> sink) throws E {
        ByteBuffer header = header();
        int length = header.remaining();
        sink.write(header);
        pad(length, sink);
        for (GgufTensor tensor : tensors) {
            tensor.writeTo(precision, sink);
            pad(tensor.byteLength(precision), sink);
        }
    }

    private ByteBuffer header() {
        ByteBuffer header = ByteBuffer.allocate(headerLength()).order(ByteOrder.LITTLE_ENDIAN);
        header.putInt(MAGIC).putInt(VERSION).putLong(tensors.size()).putLong(metadata.size());
        metadata.forEach((key, value) -> {
            putText(header, key);
            if (value instanceof Float number) {
                header.putInt(FLOAT32).putFloat(number);
            } else if (value instanceof Integer number) {
                header.putInt(UINT32).putInt(number);
            } else {
                putText(header.putInt(STRING), (String) value);
            }
        });
        long offset = 0;
        for (GgufTensor tensor : tensors) {
            putText(header, tensor.name());
            header.putInt(2).putLong(tensor.columns()).putLong(tensor.rows());
            header.putInt(precision == Dtype.F16 ? TYPE_F16 : TYPE_F32).putLong(offset);
            offset += padded(tensor.byteLength(precision));
        }
        return header.flip();
    }

    private int headerLength() {
        int length = 2 * Integer.BYTES + 2 * Long.BYTES;
        for (Map.Entry<String, Object> entry : metadata.entrySet()) {
            length += textLength(entry.getKey()) + Integer.BYTES;
            length += entry.getValue() instanceof String text ? textLength(text) : Integer.BYTES;
        }
        for (GgufTensor tensor : tensors) {
            length += textLength(tensor.name()) + 2 * Integer.BYTES + 3 * Long.BYTES;
        }
        return length;
    }

    private static int textLength(String text) {
        return Long.BYTES + text.getBytes(StandardCharsets.UTF_8).length;
    }

    private static void putText(ByteBuffer target, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        target.putLong(bytes.length).put(bytes);
    }

    private static long padded(long length) {
        return (length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    private static <E extends Exception> void pad(long length, ByteSink<E> sink) throws E {
        sink.write(ByteBuffer.allocate(Math.toIntExact(padded(length) - length)));
    }
}
