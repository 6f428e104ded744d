package org.lora4j.io.safetensors;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.MessageText;
import org.lora4j.internal.memory.ArrayBits;
import org.lora4j.io.internal.ArrayBytes;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Collects tensors and metadata for {@link SafeTensors}; see {@link SafeTensors#builder}. */
public final class SafeTensorsBuilder {
    private static final String IN_MEMORY = "tensors in memory";

    private final Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    // Sorted, so that maps without an order, such as Map.of, give the same file for the same content.
    private final Map<String, String> metadata = new TreeMap<>();

    SafeTensorsBuilder() {}

    /**
     * Adds an array of any order and strides. The array is held, not copied.
     *
     * @param name its name
     * @param array an array of a numeric type or BOOL
     * @return this builder
     * @throws IllegalArgumentException if the name is already used, is {@code __metadata__} or is not valid Unicode; if no
     *     dtype stores the array's type; or if the array has more than 2<sup>31</sup> − 1 bytes
     */
    public SafeTensorsBuilder tensor(String name, INDArray array) {
        checkNotNull(array, "tensor " + MessageText.quote(name));
        Dtype dtype = Dtype.of(array.dataType())
                .orElseThrow(() -> refuse(name, "the ND4J type must have a dtype", array.dataType()));
        return add(name, dtype, array.shape(), new StoredTensor(IN_MEMORY, name, dtype, array));
    }

    /**
     * Adds an array as {@link #tensor} does, and refuses NaN and infinite elements, as {@link SafeTensors#finiteTensor} does.
     *
     * @param name its name
     * @param array an array of FLOAT or DOUBLE
     * @return this builder
     * @throws IllegalArgumentException if {@link #tensor} refuses the array, or an element is not finite; the message names
     *     the first one
     */
    public SafeTensorsBuilder finiteTensor(String name, INDArray array) {
        tensor(name, array);
        long position = ArrayBits.firstNonFinite(array);
        if (position >= 0) {
            throw refuse(name, StoredTensor.FINITE, StoredTensor.nonFinite(array, position));
        }
        return this;
    }

    /**
     * Adds a tensor from its bytes. This also works for the dtypes that ND4J does not have.
     *
     * @param name its name
     * @param dtype the type of its elements
     * @param shape its dimensions
     * @param bytes its elements, little-endian and row-major; copied
     * @return this builder
     * @throws IllegalArgumentException if {@link #tensor} would refuse the name, the shape has more than 32 dimensions
     *     or a negative one, or the number of bytes does not fit dtype and shape
     */
    public SafeTensorsBuilder bytes(String name, Dtype dtype, long[] shape, byte[] bytes) {
        if (shape.length > ArrayBytes.MAX_RANK || Arrays.stream(shape).anyMatch(dimension -> dimension < 0)) {
            String rule = "the shape must have at most " + ArrayBytes.MAX_RANK + " dimensions, none negative";
            throw refuse(name, rule, Arrays.toString(shape));
        }
        long expected;
        try {
            expected = dtype.byteLength(shape);
        } catch (ArithmeticException e) {
            throw refuse(name, "the number of elements and of bytes must be below 2^63", Arrays.toString(shape));
        }
        if (bytes.length != expected) {
            String rule = dtype + " " + Arrays.toString(shape) + " must have " + expected + " bytes";
            throw refuse(name, rule, bytes.length);
        }
        return add(name, dtype, shape, StoredTensor.ofBytes(IN_MEMORY, name, dtype, shape, bytes));
    }

    private SafeTensorsBuilder add(String name, Dtype dtype, long[] shape, StoredTensor tensor) {
        if (name.equals(SafeTensorsHeader.METADATA) || !MessageText.isUnicode(name)) {
            throw refuse(
                    name,
                    "the name must be valid Unicode other than " + SafeTensorsHeader.METADATA,
                    MessageText.quote(name));
        }
        if (dtype.byteLength(shape) > ArrayBytes.MAX_BYTES) {
            throw refuse(name, "a tensor must have at most " + ArrayBytes.MAX_BYTES + " bytes", Arrays.toString(shape));
        }
        if (tensors.putIfAbsent(name, tensor) != null) {
            throw refuse(name, "names must be unique", "a second one");
        }
        return this;
    }

    /**
     * Adds a text. It replaces an earlier text with the same key.
     *
     * @param key its key
     * @param value the text
     * @return this builder
     * @throws IllegalArgumentException if the key or the text is not valid Unicode
     */
    public SafeTensorsBuilder metadata(String key, String value) {
        checkNotNull(value, "metadata " + MessageText.quote(key));
        if (!MessageText.isUnicode(key) || !MessageText.isUnicode(value)) {
            throw new IllegalArgumentException("metadata " + MessageText.quote(key)
                    + ": key and text must be valid Unicode, found " + MessageText.quote(value));
        }
        metadata.put(key, value);
        return this;
    }

    /**
     * Creates an instance with what was added so far. The builder can be used again.
     *
     * @return the tensors in the order of their addition, and the metadata sorted by key
     */
    public SafeTensors build() {
        return new SafeTensors(IN_MEMORY, new LinkedHashMap<>(tensors), new LinkedHashMap<>(metadata));
    }

    private static void checkNotNull(@Nullable Object value, String where) {
        if (value == null) {
            throw new IllegalArgumentException(where + ": must not be null");
        }
    }

    private static IllegalArgumentException refuse(String name, String rule, Object found) {
        return new IllegalArgumentException("tensor " + MessageText.quote(name) + ": " + rule + ", found " + found);
    }
}
