package org.lora4j.io.gguf.internal;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.lora4j.io.internal.RandomAccess;

/** A file of the cases with other keys. */
final class ChangedGguf {
    private static final int COUNTS = 2 * Integer.BYTES + Long.BYTES;

    private ChangedGguf() {}

    /**
     * Returns a reader of a file with other keys.
     *
     * @param name the folder of the case
     * @param changes new values by their keys: a text, an int, a float, a truth value, or an array of ints or truth values; an empty
     *     list for no value
     */
    static GgufReader of(String name, Map<String, Object> changes) throws IOException {
        byte[] file;
        try {
            file = Files.readAllBytes(
                    Path.of(Objects.requireNonNull(ChangedGguf.class.getResource("/gguf/base/" + name + "/model.gguf"))
                            .toURI()));
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
        GgufHeader header = GgufHeader.read(new GgufBytes(name, file.length, RandomAccess.of(file)));
        List<GgufHeader.KeyPlace> kept = header.places().stream()
                .filter(place -> !changes.containsKey(place.key()))
                .toList();
        ByteArrayOutputStream changed = new ByteArrayOutputStream();
        changed.write(file, 0, COUNTS);
        long count = kept.size()
                + changes.values().stream()
                        .filter(value -> !(value instanceof List))
                        .count();
        write(buffer(Long.BYTES).putLong(count), changed);
        for (GgufHeader.KeyPlace place : kept) {
            changed.write(file, (int) place.begin(), (int) (place.end() - place.begin()));
        }
        for (Map.Entry<String, Object> change : changes.entrySet()) {
            if (!(change.getValue() instanceof List)) {
                write(text(change.getKey()), changed);
                write(value(change.getValue()), changed);
            }
        }
        int list = (int) header.places().get(header.places().size() - 1).end();
        changed.write(file, list, listBytes(header));
        while (changed.size() % header.alignment() != 0) {
            changed.write(0);
        }
        changed.write(file, (int) header.dataBegin(), file.length - (int) header.dataBegin());
        return GgufReader.of("changed.gguf", changed.toByteArray());
    }

    /** The bytes of the list of tensors. */
    private static int listBytes(GgufHeader header) {
        return header.tensors().entrySet().stream()
                .mapToInt(tensor -> Long.BYTES
                        + tensor.getKey().getBytes(StandardCharsets.UTF_8).length
                        + 2 * Integer.BYTES
                        + (tensor.getValue().shape().length + 1) * Long.BYTES)
                .sum();
    }

    private static ByteBuffer buffer(int length) {
        return ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static void write(ByteBuffer bytes, ByteArrayOutputStream to) {
        byte[] copy = new byte[bytes.position()];
        bytes.get(0, copy);
        to.writeBytes(copy);
    }

    private static ByteBuffer text(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return buffer(Long.BYTES + bytes.length).putLong(bytes.length).put(bytes);
    }

    private static ByteBuffer value(Object value) {
        if (value instanceof String text) {
            ByteBuffer bytes = text(text).flip();
            return buffer(Integer.BYTES + bytes.remaining()).putInt(8).put(bytes);
        }
        if (value instanceof Integer number) {
            return buffer(2 * Integer.BYTES).putInt(4).putInt(number);
        }
        if (value instanceof Float number) {
            return buffer(2 * Integer.BYTES).putInt(6).putFloat(number);
        }
        if (value instanceof int[] numbers) {
            ByteBuffer array = buffer(2 * Integer.BYTES + Long.BYTES + Integer.BYTES * numbers.length);
            array.putInt(9).putInt(4).putLong(numbers.length);
            Arrays.stream(numbers).forEach(array::putInt);
            return array;
        }
        boolean[] truths = (boolean[]) value;
        ByteBuffer array = buffer(2 * Integer.BYTES + Long.BYTES + truths.length);
        array.putInt(9).putInt(7).putLong(truths.length);
        for (boolean truth : truths) {
            array.put((byte) (truth ? 1 : 0));
        }
        return array;
    }
}
