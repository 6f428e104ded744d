package org.lora4j.io.gguf;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * What a good GGUF file with numbers of 32 bits holds.
 *
 * @param metadata texts and numbers by key
 * @param tensors matrices by name
 */
record GgufContent(Map<String, Object> metadata, Map<String, INDArray> tensors) {
    private record Entry(String name, int columns, int rows, int offset) {}

    static GgufContent read(Path file) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        bytes.position(8);
        long count = bytes.getLong();
        long keys = bytes.getLong();
        Map<String, Object> metadata = new LinkedHashMap<>();
        for (int i = 0; i < keys; i++) {
            String key = text(bytes);
            int type = bytes.getInt();
            metadata.put(key, type == 8 ? text(bytes) : type == 6 ? (Object) bytes.getFloat() : bytes.getInt());
        }
        Map<String, Entry> entries = new LinkedHashMap<>();
        for (int i = 0; i < count; i++) {
            String name = text(bytes);
            bytes.getInt();
            int columns = (int) bytes.getLong();
            int rows = (int) bytes.getLong();
            bytes.getInt();
            entries.put(name, new Entry(name, columns, rows, (int) bytes.getLong()));
        }
        int data = (bytes.position() + 31) / 32 * 32;
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        for (Entry entry : entries.values()) {
            float[] elements = new float[entry.rows() * entry.columns()];
            bytes.position(data + entry.offset())
                    .slice()
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .asFloatBuffer()
                    .get(elements);
            tensors.put(entry.name(), Nd4j.create(elements, new long[] {entry.rows(), entry.columns()}, 'c'));
        }
        return new GgufContent(metadata, tensors);
    }

    private static String text(ByteBuffer bytes) {
        byte[] text = new byte[(int) bytes.getLong()];
        bytes.get(text);
        return new String(text, StandardCharsets.UTF_8);
    }

    float alpha() {
        return (float) requireNonNull(metadata.get("adapter.lora.alpha"));
    }

    INDArray tensor(String name) {
        return requireNonNull(tensors.get(name));
    }

    /** What llama.cpp adds to the weight. */
    INDArray update(String weight) {
        INDArray loraB = tensor(weight + ".lora_b");
        return loraB.mmul(tensor(weight + ".lora_a")).mul(alpha() / loraB.size(1));
    }
}
