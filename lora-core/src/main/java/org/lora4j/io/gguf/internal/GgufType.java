package org.lora4j.io.gguf.internal;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.lora4j.io.gguf.model.GgufPrecision;

/**
 * The form of the elements of a tensor in a GGUF file. A row is a sequence of blocks, each with the same number of elements.
 *
 * @see <a href="https://github.com/ggml-org/ggml/blob/master/docs/gguf.md">The GGUF format</a>
 */
enum GgufType {
    F32(0, 1, 4, GgufBlocks::f32),
    F16(1, 1, 2, GgufBlocks::f16),
    Q4_0(2, 32, 18, GgufBlocks::q4of0, GgufBlocks::groupOfQ4of0),
    Q4_1(3, 32, 20, GgufBlocks::q4of1, GgufBlocks::groupOfQ4of1),
    Q5_0(6, 32, 22, GgufBlocks::q5of0),
    Q5_1(7, 32, 24, GgufBlocks::q5of1),
    Q8_0(8, 32, 34, GgufBlocks::q8of0),
    Q2_K(10, 256, 84, GgufBlocks::q2k),
    Q3_K(11, 256, 110, GgufBlocks::q3k),
    Q4_K(12, 256, 144, GgufBlocks::q4k, GgufBlocks::groupsOfQ4k),
    Q5_K(13, 256, 176, GgufBlocks::q5k),
    Q6_K(14, 256, 210, GgufBlocks::q6k),
    IQ4_NL(20, 32, 18, GgufBlocks::iq4nl),
    IQ4_XS(23, 256, 136, GgufBlocks::iq4xs),
    BF16(30, 1, 2, GgufBlocks::bf16);

    /** Forms that llama.cpp knows and this library does not read. */
    private static final Map<Integer, String> OTHERS = Map.ofEntries(
            Map.entry(9, "Q8_1"),
            Map.entry(15, "Q8_K"),
            Map.entry(16, "IQ2_XXS"),
            Map.entry(17, "IQ2_XS"),
            Map.entry(18, "IQ3_XXS"),
            Map.entry(19, "IQ1_S"),
            Map.entry(21, "IQ3_S"),
            Map.entry(22, "IQ2_S"),
            Map.entry(24, "I8"),
            Map.entry(25, "I16"),
            Map.entry(26, "I32"),
            Map.entry(27, "I64"),
            Map.entry(28, "F64"),
            Map.entry(29, "IQ1_M"),
            Map.entry(34, "TQ1_0"),
            Map.entry(35, "TQ2_0"),
            Map.entry(39, "MXFP4"),
            Map.entry(40, "NVFP4"),
            Map.entry(41, "Q1_0"),
            Map.entry(42, "Q2_0"));

    private final int number;
    private final int elements;
    private final int bytes;

    @SuppressWarnings("ImmutableEnumChecker") // It refers to a method without a state.
    private final Block block;

    @SuppressWarnings("ImmutableEnumChecker") // It refers to a method without a state.
    private final @Nullable Groups groups;

    /**
     * The type of a tensor that is written: that of vectors is F32, and rows that are no whole blocks have F16, as llama.cpp does it.
     */
    static GgufType of(GgufPrecision precision, long[] shape) {
        if (shape.length < 2) {
            return F32;
        }
        GgufType type = switch (precision) {
            case F32 -> F32;
            case F16 -> F16;
            case Q8_0 -> Q8_0;
            case Q4_0 -> Q4_0;
        };
        return shape[shape.length - 1] % type.elements() == 0 ? type : F16;
    }

    /** Reads the elements of a block. */
    @FunctionalInterface
    private interface Block {
        /**
         * Reads.
         *
         * @param from the bytes, little-endian
         * @param at the index of the block's first byte
         * @param to gets the elements
         * @param first the index of the first of them
         */
        void read(ByteBuffer from, int at, float[] to, int first);
    }

    /** Reads the codes of a block of 4 bits for each element. */
    @FunctionalInterface
    private interface Groups {
        /**
         * Reads.
         *
         * @param from the bytes, little-endian
         * @param at the index of the block's first byte
         * @param to gets the codes, scales and offsets
         * @param first the index of the first code
         */
        void read(ByteBuffer from, int at, GgufGroups.Row to, int first);
    }

    GgufType(int number, int elements, int bytes, Block block) {
        this(number, elements, bytes, block, null);
    }

    GgufType(int number, int elements, int bytes, Block block, @Nullable Groups groups) {
        this.number = number;
        this.elements = elements;
        this.bytes = bytes;
        this.block = block;
        this.groups = groups;
    }

    static Optional<GgufType> of(int number) {
        return Arrays.stream(values()).filter(type -> type.number == number).findFirst();
    }

    /** What a number that is none of these stands for, for messages. */
    static String describe(int number) {
        String name = OTHERS.get(number);
        return name == null ? "the unknown or removed type " + number : name;
    }

    /** The number in files. */
    int number() {
        return number;
    }

    /** How many elements a block has. */
    int elements() {
        return elements;
    }

    /** The number of bytes of so many elements, a multiple of those of a block. */
    long bytes(long count) {
        return Math.multiplyExact(count / elements, bytes);
    }

    /**
     * Reads a row.
     *
     * @param from the bytes, little-endian
     * @param at the index of the row's first byte
     * @param row gets the elements
     * @param count how many there are
     */
    void read(ByteBuffer from, int at, float[] row, int count) {
        for (int i = 0, position = at; i < count; i += elements, position += bytes) {
            block.read(from, position, row, i);
        }
    }

    /** Whether 32 elements have a scale and codes of 4 bits, {@code w = s·(c − 8)} or {@code w = s·c + o}. */
    boolean isInGroups() {
        return groups != null;
    }

    /** Whether the elements are {@code w = s·c + o}. */
    boolean hasOffsets() {
        return this == Q4_1 || this == Q4_K;
    }

    /**
     * Reads a row of groups.
     *
     * @param from the bytes of the row, little-endian
     * @param row gets the codes, scales and offsets
     */
    void read(ByteBuffer from, GgufGroups.Row row) {
        Groups reader = Objects.requireNonNull(groups);
        for (int i = 0, position = 0; i < row.codes().length; i += elements, position += bytes) {
            reader.read(from, position, row, i);
        }
    }
}
