package org.lora4j.io.gguf;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A GGUF file that a test writes: any keys, and tensors of 32 bits. */
public final class GgufSample {
    private static final int ALIGNMENT = 32;

    private final Map<String, Object> keys = new LinkedHashMap<>();
    private final Map<String, INDArray> tensors = new LinkedHashMap<>();

    /** Adds a key. The value is a text, an int, a float, a truth value, or a list of texts or of ints. */
    public GgufSample key(String name, Object value) {
        keys.put(name, value);
        return this;
    }

    /** Adds a tensor of one or two dimensions. */
    public GgufSample tensor(String name, INDArray value) {
        tensors.put(name, value);
        return this;
    }

    /** Writes the file. */
    public Path write(Path file) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        put(out, buffer(4).put("GGUF".getBytes(StandardCharsets.US_ASCII)));
        put(out, buffer(20).putInt(3).putLong(tensors.size()).putLong(keys.size()));
        keys.forEach((name, value) -> {
            text(out, name);
            value(out, value);
        });
        long offset = 0;
        for (Map.Entry<String, INDArray> tensor : tensors.entrySet()) {
            text(out, tensor.getKey());
            long[] shape = tensor.getValue().shape();
            ByteBuffer info = buffer(16 + 8 * shape.length).putInt(shape.length);
            for (int i = shape.length - 1; i >= 0; i--) {
                info.putLong(shape[i]);
            }
            put(out, info.putInt(0).putLong(offset));
            offset += padded(4 * tensor.getValue().length());
        }
        pad(out);
        tensors.values().forEach(value -> {
            ByteBuffer bytes = buffer(Math.toIntExact(4 * value.length()));
            for (float element : value.dup('c').data().asFloat()) {
                bytes.putFloat(element);
            }
            put(out, bytes);
            pad(out);
        });
        return Files.write(file, out.toByteArray());
    }

    private static void value(ByteArrayOutputStream out, Object value) {
        if (value instanceof String text) {
            put(out, buffer(4).putInt(8));
            text(out, text);
        } else if (value instanceof Integer number) {
            put(out, buffer(8).putInt(4).putInt(number));
        } else if (value instanceof Float number) {
            put(out, buffer(8).putInt(6).putFloat(number));
        } else if (value instanceof Boolean truth) {
            put(out, buffer(5).putInt(7).put((byte) (truth ? 1 : 0)));
        } else if (value instanceof List<?> list) {
            boolean isText = list.get(0) instanceof String;
            put(out, buffer(16).putInt(9).putInt(isText ? 8 : 5).putLong(list.size()));
            for (Object element : list) {
                if (element instanceof String text) {
                    text(out, text);
                } else {
                    put(out, buffer(4).putInt((Integer) element));
                }
            }
        } else {
            throw new IllegalArgumentException("value must be of a known type, found " + value.getClass());
        }
    }

    private static void text(ByteArrayOutputStream out, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        put(out, buffer(8 + bytes.length).putLong(bytes.length).put(bytes));
    }

    private static long padded(long length) {
        return (length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    private static void pad(ByteArrayOutputStream out) {
        out.writeBytes(new byte[(int) (padded(out.size()) - out.size())]);
    }

    private static ByteBuffer buffer(int length) {
        return ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static void put(ByteArrayOutputStream out, ByteBuffer bytes) {
        byte[] written = new byte[bytes.position()];
        bytes.get(0, written);
        out.writeBytes(written);
    }
}
