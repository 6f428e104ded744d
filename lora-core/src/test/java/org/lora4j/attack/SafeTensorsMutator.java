package org.lora4j.attack;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.lora4j.io.safetensors.Dtype;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.io.safetensors.SafeTensorsBuilder;
import org.lora4j.io.safetensors.SafeTensorsException;

/**
 * Changes a safetensors file in one place: a sound file to another sound one with other tensors or texts, the JSON of the
 * header, or bytes anywhere.
 */
final class SafeTensorsMutator {
    private static final int[] SPECIAL_FLOATS = {
        Float.floatToRawIntBits(Float.NaN),
        Float.floatToRawIntBits(Float.POSITIVE_INFINITY),
        Float.floatToRawIntBits(Float.NEGATIVE_INFINITY),
        Float.floatToRawIntBits(Float.MAX_VALUE),
        Float.floatToRawIntBits(1e20f),
        Float.floatToRawIntBits(-0f),
        1
    };
    private static final long[] HEADER_LENGTHS = {
        0, 1, 2, 7, 8, -1, Long.MIN_VALUE, Long.MAX_VALUE, 100_000_000, 100_000_001, 1L << 32, 1L << 31
    };

    /** A tensor with fewer bytes than its shape says is refused. */
    private static final int MOST_BYTES = 100_000;

    private final SplittableRandom random;
    private final JsonMutator json;

    SafeTensorsMutator(SplittableRandom random, JsonMutator json) {
        this.random = random;
        this.json = json;
    }

    /** A tensor as bytes. */
    private record Raw(Dtype dtype, List<Long> shape, ByteBuffer bytes) {
        static Raw of(SafeTensors file, String name) {
            return new Raw(
                    file.dtype(name),
                    Arrays.stream(file.shape(name)).boxed().toList(),
                    ByteBuffer.wrap(file.bytes(name)).order(ByteOrder.LITTLE_ENDIAN));
        }

        void addTo(SafeTensorsBuilder file, String name) {
            byte[] content = new byte[bytes.capacity()];
            bytes.get(0, content);
            file.bytes(name, dtype, shape.stream().mapToLong(Long::longValue).toArray(), content);
        }
    }

    byte[] mutate(byte[] file) {
        return switch (random.nextInt(8)) {
            case 0, 1, 2, 3 -> content(file);
            case 4, 5, 6 -> header(file);
            default -> bytes(file);
        };
    }

    /** Another sound file, unless this one is damaged. */
    private byte[] content(byte[] file) {
        try {
            SafeTensors read = SafeTensors.read(file);
            Map<String, Raw> tensors = new LinkedHashMap<>();
            for (String name : read.names()) {
                tensors.put(name, Raw.of(read, name));
            }
            Map<String, String> metadata = new LinkedHashMap<>(read.metadata());
            if (!metadata.isEmpty() && random.nextInt(3) == 0) {
                changeMetadata(metadata);
            } else {
                changeTensors(tensors);
            }
            SafeTensorsBuilder changed = SafeTensors.builder();
            tensors.forEach((name, raw) -> raw.addTo(changed, name));
            metadata.forEach(changed::metadata);
            return changed.build().toBytes();
        } catch (SafeTensorsException | IllegalArgumentException | ArithmeticException e) {
            return bytes(file);
        }
    }

    private void changeMetadata(Map<String, String> metadata) {
        String key = any(List.copyOf(metadata.keySet()));
        String text = metadata.get(key);
        switch (random.nextInt(6)) {
            case 0 -> metadata.remove(key);
            case 1 -> metadata.put(key, json.name());
            case 2 -> metadata.put(json.name(), text);
            case 3 -> metadata.put(key, any(List.of("-1", "0", "2", "c", "f", "999999999999", "1e3", "2147483647")));
            case 4 -> metadata.put(key, any(List.copyOf(metadata.values())));
            default -> metadata.put(key, json.mutate(text));
        }
    }

    private void changeTensors(Map<String, Raw> tensors) {
        if (tensors.isEmpty()) {
            tensors.put(json.name(), resized(Dtype.F32, List.of(1L)));
            return;
        }
        String name = any(List.copyOf(tensors.keySet()));
        Raw raw = tensors.get(name);
        switch (random.nextInt(8)) {
            case 0 -> tensors.remove(name);
            case 1 -> tensors.put(json.name(), raw);
            case 2 -> tensors.put(any(List.copyOf(tensors.keySet())), raw);
            case 3 -> tensors.put(name.replace('1', '2'), tensors.remove(name));
            case 4 -> tensors.put(name, reshaped(raw));
            case 5 -> tensors.put(name, resized(any(Arrays.asList(Dtype.values())), raw.shape()));
            default -> setSpecialValue(raw.bytes());
        }
    }

    private Raw reshaped(Raw raw) {
        List<Long> shape = new ArrayList<>(raw.shape());
        int at = shape.isEmpty() ? 0 : random.nextInt(shape.size());
        switch (random.nextInt(4)) {
            case 0 -> shape.add(at, (long) random.nextInt(3));
            case 1 -> shape.addAll(Collections.nCopies(random.nextInt(33), 1L));
            case 2 -> Collections.reverse(shape);
            default -> {
                if (!shape.isEmpty()) {
                    shape.set(at, (long) random.nextInt(12));
                }
            }
        }
        return resized(raw.dtype(), shape);
    }

    /** Random bits, among them those of NaN and booleans that are neither 0 nor 1. */
    private Raw resized(Dtype dtype, List<Long> shape) {
        int length = Math.toIntExact(shape.stream().reduce((long) dtype.size(), Math::multiplyExact));
        byte[] bytes = new byte[Math.min(length, MOST_BYTES)];
        random.nextBytes(bytes);
        return new Raw(dtype, shape, ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN));
    }

    private void setSpecialValue(ByteBuffer bytes) {
        if (bytes.capacity() >= 4) {
            bytes.putInt(
                    4 * random.nextInt(bytes.capacity() / 4), SPECIAL_FLOATS[random.nextInt(SPECIAL_FLOATS.length)]);
        }
    }

    /** Another header before the same data. */
    private byte[] header(byte[] file) {
        int length = headerLength(file);
        if (length < 0) {
            return bytes(file);
        }
        String header = new String(file, 8, length, StandardCharsets.UTF_8);
        byte[] data = Arrays.copyOfRange(file, 8 + length, file.length);
        return join(json.mutate(header).getBytes(StandardCharsets.UTF_8), data);
    }

    /** The length of the header, or −1 if the file does not have so many bytes. */
    private static int headerLength(byte[] file) {
        if (file.length < 8) {
            return -1;
        }
        long length = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong();
        return length < 0 || length > file.length - 8 ? -1 : (int) length;
    }

    static byte[] join(byte[] header, byte[] data) {
        return ByteBuffer.allocate(8 + header.length + data.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(header.length)
                .put(header)
                .put(data)
                .array();
    }

    private byte[] bytes(byte[] file) {
        if (file.length >= 8 && random.nextInt(4) == 0) {
            byte[] changed = file.clone();
            ByteBuffer.wrap(changed)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(HEADER_LENGTHS[random.nextInt(HEADER_LENGTHS.length)]);
            return changed;
        }
        return anyBytes(random, file);
    }

    /** Changes bytes of any file: some bits, a part that is left out or comes twice, a byte before. */
    static byte[] anyBytes(SplittableRandom random, byte[] file) {
        if (file.length == 0) {
            return new byte[] {(byte) random.nextInt()};
        }
        byte[] changed = file.clone();
        int at = random.nextInt(file.length);
        int to = at + random.nextInt(file.length - at + 1);
        switch (random.nextInt(5)) {
            case 0 -> changed[at] ^= (byte) (1 << random.nextInt(8));
            case 1 -> changed[at] = (byte) "{}[]\":,0-9eE\\ \u0000".charAt(random.nextInt(15));
            case 2 -> changed = Arrays.copyOf(file, at);
            case 3 -> changed = concat(Arrays.copyOf(file, at), Arrays.copyOfRange(file, to, file.length));
            default -> changed = concat(Arrays.copyOf(file, to), Arrays.copyOfRange(file, at, file.length));
        }
        return changed;
    }

    private static byte[] concat(byte[] one, byte[] other) {
        byte[] both = Arrays.copyOf(one, one.length + other.length);
        System.arraycopy(other, 0, both, one.length, other.length);
        return both;
    }

    private <T> T any(List<T> list) {
        return list.get(random.nextInt(list.size()));
    }
}
