package org.lora4j.io;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.Names;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Named tensors and a few texts about them, as a safetensors file holds them: a little-endian u64 with the length of the
 * header, the header as JSON, then the bytes of the tensors, little-endian and row-major.
 *
 * <p>Every dtype of the format can be read and written again. The arrays are held, not copied, in both directions:
 * {@link #tensor(String)} answers the array that was read, and {@link #write(Path)} writes what the given arrays hold at
 * that time. An instance may be used by several threads as long as nobody changes the arrays.
 *
 * <p>A tensor may have at most 2<sup>31</sup> − 1 bytes; a file has no such limit.
 *
 * @see <a href="https://github.com/huggingface/safetensors#format">The safetensors format</a>
 */
public final class SafeTensors {
    private static final String IN_MEMORY = "tensors in memory";

    private final String source;
    private final Map<String, StoredTensor> tensors;
    private final Map<String, String> metadata;

    SafeTensors(String source, Map<String, StoredTensor> tensors, Map<String, String> metadata) {
        this.source = source;
        this.tensors = Collections.unmodifiableMap(tensors);
        this.metadata = Collections.unmodifiableMap(metadata);
    }

    /**
     * Holds the given tensors.
     *
     * @param tensors the arrays by name, each of a type that {@link Builder#tensor} accepts
     * @param metadata texts by key; {@code {"format": "pt"}} is what Python's PEFT expects
     * @return the tensors, in the map's order
     * @throws IllegalArgumentException if {@link Builder#tensor} or {@link Builder#metadata} refuses an entry
     */
    public static SafeTensors of(Map<String, INDArray> tensors, Map<String, String> metadata) {
        Builder builder = builder();
        tensors.forEach(builder::tensor);
        metadata.forEach(builder::metadata);
        return builder.build();
    }

    /**
     * Begins with no tensors and no metadata.
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Reads a file as a whole; it is closed afterwards. The file is checked before memory of any size it claims is taken.
     *
     * @param file the file
     * @return its tensors in the order of their data, and its metadata in the order of the file
     * @throws SafeTensorsException if the file breaks a rule of the format, or holds a tensor beyond this class's or
     *     ND4J's limits
     * @throws IOException if the file cannot be read
     */
    public static SafeTensors read(Path file) throws IOException {
        return SafeTensorsFile.read(file);
    }

    /**
     * Writes a file in the format's canonical layout, the same bytes for the same content: tensors by descending
     * {@link Dtype}, then by name. The file appears as a whole or not at all: it is written under another name in the
     * same folder, forced to the disk and renamed; whatever fails, a file that was there before stays as it was.
     *
     * @param file the file, replaced if it exists; its folder must exist
     * @throws IOException if the file cannot be written
     * @throws IllegalStateException if the header exceeds the format's 100,000,000 bytes
     */
    public void write(Path file) throws IOException {
        SafeTensorsFile.write(file, tensors, metadata);
    }

    /**
     * Answers the names of all tensors.
     *
     * @return the names in order, unmodifiable
     */
    public Set<String> names() {
        return tensors.keySet();
    }

    /**
     * Answers whether there is a tensor of a name.
     *
     * @param name the name
     * @return true if there is one
     */
    public boolean contains(String name) {
        return tensors.containsKey(name);
    }

    /**
     * Answers the texts about the tensors.
     *
     * @return the texts by key, unmodifiable; empty if there are none
     */
    public Map<String, String> metadata() {
        return metadata;
    }

    /**
     * Answers the shape of a tensor.
     *
     * @param name the tensor
     * @return its dimensions; of length 0 for a scalar
     * @throws IllegalArgumentException if there is no such tensor
     */
    public long[] shape(String name) {
        return get(name).array().shape().clone();
    }

    /**
     * Answers the element type of a tensor.
     *
     * @param name the tensor
     * @return its type in the file
     * @throws IllegalArgumentException if there is no such tensor
     */
    public Dtype dtype(String name) {
        return get(name).dtype();
    }

    /**
     * Answers a tensor in the ND4J type that holds its values exactly: F16 and BF16 as a new FLOAT array, every other
     * dtype as the array that is held here (not a copy), of the corresponding type: F32 FLOAT, F64 DOUBLE, I64 LONG, I32
     * INT, I16 SHORT, I8 BYTE, U8 UBYTE, U16 UINT16, U32 UINT32, U64 UINT64, BOOL BOOL.
     *
     * @param name the tensor
     * @return the array; a scalar for rank 0, an empty array where a dimension is 0
     * @throws IllegalArgumentException if there is no such tensor
     * @throws SafeTensorsException if ND4J has no such type (the 8-bit floats), or a BOOL is neither 0 nor 1
     */
    public INDArray tensor(String name) throws SafeTensorsException {
        return get(name).exact(refusal(name));
    }

    /**
     * Answers a floating-point tensor as FLOAT or DOUBLE. This is exact, but from F64 to FLOAT values are rounded to the
     * nearest.
     *
     * @param name the tensor
     * @param type {@link DataType#FLOAT} or {@link DataType#DOUBLE}
     * @return the array that is held here if it is of this type already, else a new one
     * @throws IllegalArgumentException if there is no such tensor, or the type is another
     * @throws SafeTensorsException if the tensor is not F16, BF16, F32 or F64, or a finite value would become infinite
     */
    public INDArray tensor(String name, DataType type) throws SafeTensorsException {
        if (type != DataType.FLOAT && type != DataType.DOUBLE) {
            throw new IllegalArgumentException(
                    "tensor " + Names.quote(name) + ": the type must be FLOAT or DOUBLE, found " + type);
        }
        return get(name).floating(type, refusal(name));
    }

    /**
     * Answers the bytes of a tensor of any dtype.
     *
     * @param name the tensor
     * @return a copy, little-endian and row-major
     * @throws IllegalArgumentException if there is no such tensor
     */
    public byte[] bytes(String name) {
        return get(name).bytes();
    }

    /**
     * Answers all tensors as {@link #tensor(String)} does.
     *
     * @return the arrays by name, in order, unmodifiable
     * @throws SafeTensorsException if ND4J lacks the type of one, or a BOOL is neither 0 nor 1
     */
    public Map<String, INDArray> tensors() throws SafeTensorsException {
        Map<String, INDArray> all = new LinkedHashMap<>();
        for (String name : tensors.keySet()) {
            all.put(name, tensor(name));
        }
        return Collections.unmodifiableMap(all);
    }

    private StoredTensor get(String name) {
        StoredTensor tensor = tensors.get(name);
        if (tensor == null) {
            throw new IllegalArgumentException(
                    source + ": no tensor " + Names.quote(name) + ", found " + Names.list(tensors.keySet()));
        }
        return tensor;
    }

    private StoredTensor.Refusal refusal(String name) {
        return (rule, found) -> new SafeTensorsException(source, "tensor " + Names.quote(name), rule, found);
    }

    @Override
    public String toString() {
        return "SafeTensors[" + source + ": " + Names.list(tensors.keySet()) + "]";
    }

    /** Collects tensors and metadata. */
    public static final class Builder {
        private final Map<String, StoredTensor> tensors = new LinkedHashMap<>();
        // Sorted: a map without an order of its own must not make two files of the same content differ.
        private final Map<String, String> metadata = new TreeMap<>();

        private Builder() {}

        /**
         * Adds an array, of any order and strides. It is held, not copied.
         *
         * @param name its name
         * @param array an array of a numeric type or BOOL
         * @return this builder
         * @throws IllegalArgumentException if the name is taken, {@code __metadata__} or no valid Unicode; if the array's
         *     type has no dtype; or if it has more than 2<sup>31</sup> − 1 bytes
         */
        public Builder tensor(String name, INDArray array) {
            checkNotNull(array, "tensor " + Names.quote(name));
            Dtype dtype = Dtype.of(array.dataType())
                    .orElseThrow(() -> refuse(name, "the ND4J type must have a dtype", array.dataType()));
            return add(name, dtype, array.shape(), new StoredTensor(dtype, array));
        }

        /**
         * Adds a tensor by its bytes, for the dtypes that ND4J lacks.
         *
         * @param name its name
         * @param dtype the type of its elements
         * @param shape its dimensions
         * @param bytes its elements, little-endian and row-major; copied
         * @return this builder
         * @throws IllegalArgumentException if the name is refused as by {@link #tensor}, the shape has more than
         *     32 dimensions or a negative one, or the bytes do not fit it
         */
        public Builder bytes(String name, Dtype dtype, long[] shape, byte[] bytes) {
            if (shape.length > Elements.MAX_RANK || Arrays.stream(shape).anyMatch(dimension -> dimension < 0)) {
                String rule = "the shape must have at most " + Elements.MAX_RANK + " dimensions, none negative";
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
            return add(name, dtype, shape, StoredTensor.ofBytes(dtype, shape, bytes));
        }

        private Builder add(String name, Dtype dtype, long[] shape, StoredTensor tensor) {
            if (name.equals(Header.METADATA) || !Names.isUnicode(name)) {
                throw refuse(name, "the name must be valid Unicode other than " + Header.METADATA, Names.quote(name));
            }
            if (dtype.byteLength(shape) > Elements.MAX_BYTES) {
                throw refuse(
                        name, "a tensor must have at most " + Elements.MAX_BYTES + " bytes", Arrays.toString(shape));
            }
            if (tensors.putIfAbsent(name, tensor) != null) {
                throw refuse(name, "names must be unique", "a second one");
            }
            return this;
        }

        /**
         * Adds a text; a text of the same key is replaced.
         *
         * @param key its key
         * @param value the text
         * @return this builder
         * @throws IllegalArgumentException if either is no valid Unicode
         */
        public Builder metadata(String key, String value) {
            checkNotNull(value, "metadata " + Names.quote(key));
            if (!Names.isUnicode(key) || !Names.isUnicode(value)) {
                throw new IllegalArgumentException("metadata " + Names.quote(key)
                        + ": key and text must be valid Unicode, found " + Names.quote(value));
            }
            metadata.put(key, value);
            return this;
        }

        /**
         * Finishes; the builder may be used on.
         *
         * @return what was added so far, tensors in this order, metadata sorted by key
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
            return new IllegalArgumentException("tensor " + Names.quote(name) + ": " + rule + ", found " + found);
        }
    }
}
