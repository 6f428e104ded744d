package org.lora4j.io.gguf.internal;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.lora4j.internal.MessageText;
import org.lora4j.io.gguf.model.GgufException;

/**
 * What stands before the elements of the tensors: the keys, and where each tensor is.
 *
 * @param keys the keys
 * @param places where they are in the file
 * @param alignment of what the places of tensors are multiples
 * @param tensors the tensors by their names, in the order of the file
 * @param dataBegin the position of the first tensor's bytes
 */
record GgufHeader(GgufKeys keys, List<KeyPlace> places, int alignment, Map<String, Info> tensors, long dataBegin) {
    static final String ALIGNMENT = "general.alignment";

    static final int MAGIC = 0x46554747; // The characters GGUF.
    private static final int BIG_ENDIAN_3 = 3 << 24;
    private static final int OLDEST = 2;
    static final int NEWEST = 3;
    private static final int ALIGNMENT_BY_DEFAULT = 32;
    private static final int LARGEST_ALIGNMENT = 1 << 20;

    private static final int MOST_KEYS = 1 << 16;
    private static final int MOST_TENSORS = 1 << 18;
    private static final int MOST_ELEMENTS = 1 << 24;
    private static final int LONGEST_TEXT = 1 << 26;
    private static final int LONGEST_NAME = 63;
    private static final int MOST_DIMENSIONS = 4;

    /** The vocabulary of a large model has 10 MB. */
    private static final long MOST_BYTES = 1 << 28;

    /** The fewest bytes of a key and of a tensor: a length, one character, a type, and a value or dimensions. */
    private static final int LEAST_KEY = Long.BYTES + 1 + Integer.BYTES + 1;

    private static final int LEAST_TENSOR = Long.BYTES + 1 + Integer.BYTES + Integer.BYTES + Long.BYTES;

    /** What the description of a tensor takes on the heap beside its name. */
    private static final int TENSOR_OBJECTS = 256;

    private static final int STRING = 8;
    private static final int ARRAY = 9;
    private static final int BOOL = 7;
    private static final int UINT32 = 4;

    /**
     * The bytes of a key with its type and its value.
     *
     * @param key the key
     * @param begin where they begin
     * @param end where they end
     */
    record KeyPlace(String key, long begin, long end) {}

    /**
     * A tensor.
     *
     * @param type the form of its elements
     * @param shape its dimensions; elements of the last one follow each other in the file
     * @param position where its bytes begin in the file
     */
    @SuppressWarnings("ArrayRecordComponent") // It is not compared.
    record Info(GgufType type, long[] shape, long position) {
        long elements() {
            long product = 1;
            for (long dimension : shape) {
                product *= dimension;
            }
            return product;
        }

        long bytes() {
            return type.bytes(elements());
        }
    }

    /** Where a tensor is, before it is known where the data begins. */
    @SuppressWarnings("ArrayRecordComponent") // It is not compared.
    private record Relative(String name, GgufType type, long[] shape, long offset, long bytes) {}

    /**
     * Reads a header.
     *
     * @throws GgufException if it breaks a rule of the format, or the file is shorter than it says
     */
    static GgufHeader read(GgufBytes in) throws IOException {
        requireVersion(in);
        int tensors = in.count("the number of tensors", LEAST_TENSOR, MOST_TENSORS);
        int keys = in.count("the number of keys", LEAST_KEY, MOST_KEYS);
        List<KeyPlace> places = new ArrayList<>();
        GgufKeys values = keys(in, keys, places);
        int alignment = alignment(values);
        List<Relative> all = new ArrayList<>();
        for (int i = 0; i < tensors; i++) {
            in.take(TENSOR_OBJECTS);
            all.add(tensor(in));
            requireSize(in);
        }
        long begin = padded(in.position(), alignment);
        return new GgufHeader(values, List.copyOf(places), alignment, placed(in, all, begin, alignment), begin);
    }

    private static void requireVersion(GgufBytes in) throws IOException {
        int magic = in.int32("the beginning");
        if (magic != MAGIC) {
            throw in.refuse("a GGUF file must begin with the characters GGUF", "0x" + Integer.toHexString(magic));
        }
        int version = in.int32("the version");
        if (version == BIG_ENDIAN_3) {
            throw in.refuse("the numbers must be little-endian", "a big-endian file");
        }
        if (version < OLDEST || version > NEWEST) {
            throw in.refuse("the version must be 2 or 3", Integer.toUnsignedString(version));
        }
    }

    private static void requireSize(GgufBytes in) throws GgufException {
        if (in.position() > MOST_BYTES) {
            throw in.refuse("keys and names must have at most " + MOST_BYTES + " bytes", "more");
        }
    }

    private static GgufKeys keys(GgufBytes in, int count, List<KeyPlace> places) throws IOException {
        Map<String, Object> values = new LinkedHashMap<>();
        for (int i = 0; i < count; i++) {
            long begin = in.position();
            String key = in.text("a key", LONGEST_TEXT);
            if (key.isEmpty()) {
                throw in.refuse("a key must have at least one character", "none");
            }
            int type = in.int32("a type");
            if (key.equals(ALIGNMENT) && type != UINT32) {
                throw in.refuse(ALIGNMENT + " must be of the type uint32, " + UINT32, Integer.toUnsignedString(type));
            }
            Object value = value(in, type, MessageText.quote(key));
            if (values.putIfAbsent(key, value) != null) {
                throw in.refuse("each key must stand once", MessageText.quote(key) + " twice");
            }
            places.add(new KeyPlace(key, begin, in.position()));
            requireSize(in);
        }
        return new GgufKeys(in.file(), values);
    }

    private static Object value(GgufBytes in, int type, String key) throws IOException {
        if (type != ARRAY) {
            return scalar(in, type, key);
        }
        int elementType = in.int32("a type");
        int count = in.count("the elements of the array " + key, size(in, elementType, key), MOST_ELEMENTS);
        if (elementType == STRING) {
            List<String> texts = new ArrayList<>(count);
            for (int i = 0; i < count; i++) {
                texts.add(in.text("an element of " + key, LONGEST_TEXT));
                requireSize(in);
            }
            return List.copyOf(texts);
        }
        if (elementType == BOOL) {
            in.take(count);
            boolean[] truths = new boolean[count];
            for (int i = 0; i < count; i++) {
                truths[i] = (Boolean) scalar(in, elementType, key);
            }
            return truths;
        }
        in.take((long) Long.BYTES * count);
        if (isFloat(elementType)) {
            double[] numbers = new double[count];
            for (int i = 0; i < count; i++) {
                numbers[i] = (Double) scalar(in, elementType, key);
            }
            return numbers;
        }
        long[] wholes = new long[count];
        for (int i = 0; i < count; i++) {
            wholes[i] = (Long) scalar(in, elementType, key);
        }
        return wholes;
    }

    private static boolean isFloat(int type) {
        return type == 6 || type == 12;
    }

    /** The fewest bytes of a value of a type. */
    private static int size(GgufBytes in, int type, String key) throws GgufException {
        return switch (type) {
            case 0, 1, BOOL -> Byte.BYTES;
            case 2, 3 -> Short.BYTES;
            case 4, 5, 6 -> Integer.BYTES;
            case STRING, 10, 11, 12 -> Long.BYTES;
            default ->
                throw in.refuse(
                        "the type of an element of " + key + " must be that of a number, a truth value or a string",
                        type == ARRAY ? "an array in an array" : Integer.toUnsignedString(type));
        };
    }

    private static Object scalar(GgufBytes in, int type, String key) throws IOException {
        return switch (type) {
            case 0 -> (long) Byte.toUnsignedInt(in.int8(key));
            case 1 -> (long) in.int8(key);
            case 2 -> (long) Short.toUnsignedInt(in.int16(key));
            case 3 -> (long) in.int16(key);
            case 4 -> Integer.toUnsignedLong(in.int32(key));
            case 5 -> (long) in.int32(key);
            case 6 -> (double) Float.intBitsToFloat(in.int32(key));
            case BOOL -> truth(in, key);
            case STRING -> in.text(key, LONGEST_TEXT);
            case 10 -> unsigned(in, key);
            case 11 -> in.int64(key);
            case 12 -> Double.longBitsToDouble(in.int64(key));
            default ->
                throw in.refuse(
                        "the type of " + key + " must be one of the numbers 0 to 12", Integer.toUnsignedString(type));
        };
    }

    private static boolean truth(GgufBytes in, String key) throws IOException {
        byte value = in.int8(key);
        if (value != 0 && value != 1) {
            throw in.refuse("the truth value " + key + " must be 0 or 1", value);
        }
        return value == 1;
    }

    private static long unsigned(GgufBytes in, String key) throws IOException {
        long value = in.int64(key);
        if (value < 0) {
            throw in.refuse("the number " + key + " must be below 2^63", Long.toUnsignedString(value));
        }
        return value;
    }

    private static int alignment(GgufKeys keys) throws GgufException {
        OptionalLong stated = keys.whole(ALIGNMENT);
        if (stated.isEmpty()) {
            return ALIGNMENT_BY_DEFAULT;
        }
        long alignment = stated.getAsLong();
        if (alignment < 1 || alignment > LARGEST_ALIGNMENT || Long.bitCount(alignment) != 1) {
            throw keys.refuse(ALIGNMENT, "must be a power of two up to " + LARGEST_ALIGNMENT, alignment);
        }
        return (int) alignment;
    }

    private static Relative tensor(GgufBytes in) throws IOException {
        String name = in.text("the name of a tensor", LONGEST_NAME);
        String quoted = MessageText.quote(name);
        int dimensions = in.int32("the dimensions of " + quoted);
        if (dimensions < 0 || dimensions > MOST_DIMENSIONS) {
            throw in.refuse(
                    quoted + " must have at most " + MOST_DIMENSIONS + " dimensions",
                    Integer.toUnsignedString(dimensions));
        }
        long[] shape = new long[dimensions];
        for (int i = dimensions - 1; i >= 0; i--) {
            shape[i] = in.int64("a dimension of " + quoted);
        }
        int number = in.int32("the type of " + quoted);
        GgufType type = GgufType.of(number).orElse(null);
        if (type == null) {
            throw in.refuse(
                    quoted + " must be of a type that this library reads: F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1,"
                            + " Q2_K to Q6_K, IQ4_NL or IQ4_XS",
                    GgufType.describe(number));
        }
        long row = dimensions == 0 ? 1 : shape[dimensions - 1];
        if (row % type.elements() != 0) {
            throw in.refuse(
                    "the rows of " + quoted + " must be multiples of " + type.elements() + " elements, as those of "
                            + type + " are",
                    row);
        }
        long bytes;
        try {
            long elements = 1;
            for (long dimension : shape) {
                if (dimension < 0) {
                    throw new ArithmeticException();
                }
                elements = Math.multiplyExact(elements, dimension);
            }
            bytes = type.bytes(elements);
        } catch (ArithmeticException e) {
            throw in.refuse(quoted + " must have fewer than 2^63 bytes", "the shape " + Arrays.toString(shape));
        }
        return new Relative(name, type, shape, in.int64("the place of " + quoted), bytes);
    }

    /** The next multiple of the alignment. */
    static long padded(long position, int alignment) {
        return (position + alignment - 1) / alignment * alignment;
    }

    /** Checks that the tensors lie one after the other in the file. */
    private static Map<String, Info> placed(GgufBytes in, List<Relative> all, long begin, int alignment)
            throws GgufException {
        Map<String, Info> tensors = new LinkedHashMap<>();
        long offset = 0;
        for (Relative tensor : all) {
            String quoted = MessageText.quote(tensor.name());
            if (tensor.offset() != offset) {
                throw in.refuse(
                        quoted + " must lie behind the tensors before it, " + offset + " bytes from the first",
                        Long.toUnsignedString(tensor.offset()));
            }
            if (tensor.bytes() > in.size() - begin - offset) {
                throw in.refuse(
                        "the " + tensor.bytes() + " bytes of " + quoted + " must lie in the file",
                        in.size() + " bytes in all");
            }
            Info info = new Info(tensor.type(), tensor.shape(), begin + offset);
            if (tensors.putIfAbsent(tensor.name(), info) != null) {
                throw in.refuse("each tensor must stand once", quoted + " twice");
            }
            offset = padded(offset + tensor.bytes(), alignment);
        }
        return tensors;
    }
}
