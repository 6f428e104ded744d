package org.lora4j.nn.weight.internal;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.Int4Scale;
import org.lora4j.internal.memory.ArrayBits;
import org.lora4j.internal.memory.ArrayMemory;
import org.lora4j.internal.memory.CodeMemory;
import org.lora4j.internal.threads.SpareProcessors;
import org.lora4j.linalg.Precision;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A matrix of codes c from 0 to 15, with a scale for each group of 32 columns of a row, {@code w = s·(c − 8)}, see
 * {@link Precision#INT4}. One from a file can have offsets too, {@code w = s·c + o}. A group with an element that is not finite
 * becomes NaN.
 *
 * <p>An int has the codes of 8 columns of a row, the first one in its lowest bits. The ints of up to {@link #MOST_ROWS}
 * rows follow each other, so a loop over them computes many rows at once: those for the first 8 columns, then those for the
 * next 8. The scales and offsets are in the same order. A row ends with codes of zero if its groups are not full.
 */
public final class Int4Matrix extends CompactMatrix {
    /** The columns that share a scale. */
    static final int GROUP = 32;

    /** The codes in an int. */
    static final int CODES = 8;

    /** The ints of a group. */
    private static final int CHUNKS = GROUP / CODES;

    /** The bits of a code. */
    static final int BITS = 4;

    /** The most rows whose ints follow each other. */
    static final int MOST_ROWS = 768;

    /** Tiles have a multiple of so many rows, of which the last one can have fewer. */
    private static final int STEP_OF_ROWS = 16;

    private static final int CODE = (1 << BITS) - 1;

    /** The most rows of x for which {@link Int4Product} takes less time than to expand the matrix. */
    private static final int FEW_ROWS = 4;

    /** The fewest multiplications of a small product for which another thread saves time. */
    private static final long LEAST_MULTIPLICATIONS = 100_000;

    /** The fewest elements for whose expansion another thread saves time. */
    private static final int LEAST_ELEMENTS = 1 << 16;

    /** The fewest rows of W that a thread computes at once. */
    private static final int LEAST_HEIGHT = 64;

    private final int groups;
    private final int tile;
    private final INDArray codes;
    private final INDArray scales;
    private final @Nullable INDArray offsets;
    private final CodeMemory codeMemory;
    private final ArrayMemory scaleMemory;
    private final @Nullable ArrayMemory offsetMemory;

    private Int4Matrix(int height, int width, boolean hasOffsets, @Nullable String original) {
        this(height, width, tile(height, width), hasOffsets, original);
    }

    private Int4Matrix(int height, int width, int tile, boolean hasOffsets, @Nullable String original) {
        super(height, width, rowsOfBlock(tile, width), original);
        this.tile = tile;
        groups = groups(width);
        codes = allocate(DataType.INT32, (long) height * groups * CHUNKS);
        scales = allocate(DataType.FLOAT, (long) height * groups);
        offsets = hasOffsets ? allocate(DataType.FLOAT, (long) height * groups) : null;
        codeMemory = new CodeMemory(codes);
        scaleMemory = new ArrayMemory(scales);
        offsetMemory = offsets == null ? null : new ArrayMemory(offsets);
    }

    private static INDArray allocate(DataType type, long length) {
        return Nd4j.createUninitializedDetached(type, 'c', length);
    }

    /**
     * Divides the rows into tiles of about the same size, which are a multiple of the processors that multiply: each reads memory
     * in one piece then, and has as much to do as the others.
     */
    private static int tile(int height, int width) {
        long parts = Math.min(height / LEAST_HEIGHT, (long) height * width / LEAST_MULTIPLICATIONS);
        int processors = (int) Math.max(1, Math.min(Runtime.getRuntime().availableProcessors(), parts));
        int tiles = quotient(height, MOST_ROWS * processors) * processors;
        return quotient(quotient(height, tiles), STEP_OF_ROWS) * STEP_OF_ROWS;
    }

    /** Rounded up. */
    private static int quotient(int count, int size) {
        return (count + size - 1) / size;
    }

    /** Rows are expanded in equal parts of a tile. */
    private static int rowsOfBlock(int tile, int width) {
        int rows = Math.min(tile, mostRows(width));
        while (tile % rows != 0) {
            rows--;
        }
        return rows;
    }

    private static int groups(int width) {
        return quotient(width, GROUP);
    }

    /** Gives the rows of a matrix in groups. */
    @FunctionalInterface
    public interface GroupRows {
        /**
         * Copies a row.
         *
         * @param row the number of the row
         * @param codes gets the codes from 0 to 15
         * @param scales gets the scale of each group
         * @param offsets gets the offset of each group, if the matrix has offsets
         */
        void read(int row, byte[] codes, float[] scales, float[] offsets);
    }

    static Int4Matrix of(Rows rows, int height, int width, @Nullable String original) {
        float[] elements = new float[width];
        Int4Matrix matrix =
                new Int4Matrix(height, width, false, original == null ? fingerprint(rows, height, width) : original);
        matrix.write((row, codes, scales, offsets) -> {
            rows.read(row, elements);
            round(elements, codes, scales);
        });
        return matrix;
    }

    /** Divides each group by its scale, and rounds. */
    private static void round(float[] elements, byte[] codes, float[] scales) {
        for (int i = 0; i < scales.length; i++) {
            int first = i * GROUP;
            int count = Math.min(GROUP, elements.length - first);
            float scale = Int4Scale.of(elements, first, count);
            // Groups of numbers near the smallest ones, whose inverse is infinite, count as 0.
            boolean isZero = Math.abs(scale) < Float.MIN_NORMAL;
            float inverse = isZero ? 0 : 1 / scale;
            for (int j = first; j < first + count; j++) {
                codes[j] = (byte) Int4Scale.code(elements[j] * inverse);
            }
            scales[i] = isZero ? 0 : scale;
        }
    }

    /**
     * Holds a matrix that is stored in groups already.
     *
     * @param rows gives each row once
     * @param height {@code out}
     * @param width {@code in}
     * @param hasOffsets whether {@code w = s·c + o}; otherwise {@code w = s·(c − 8)}
     * @return the matrix, whose elements are the original ones
     */
    public static Int4Matrix of(GroupRows rows, int height, int width, boolean hasOffsets) {
        Int4Matrix matrix = new Int4Matrix(height, width, hasOffsets, null);
        matrix.write(rows);
        return matrix;
    }

    private void write(GroupRows rows) {
        byte[] row = new byte[groups * GROUP];
        Arrays.fill(row, (byte) Int4Scale.ZERO);
        float[] scalesOfRow = new float[groups];
        float[] offsetsOfRow = new float[offsets == null ? 0 : groups];
        for (int first = 0; first < height(); first += tile) {
            int count = tileHeight(first);
            int[] ints = new int[groups * CHUNKS * count];
            float[] scalesOfTile = new float[groups * count];
            float[] offsetsOfTile = new float[offsetsOfRow.length * count];
            for (int i = 0; i < count; i++) {
                rows.read(first + i, row, scalesOfRow, offsetsOfRow);
                for (int c = 0; c < groups * CHUNKS; c++) {
                    ints[c * count + i] = pack(row, c * CODES);
                }
                for (int g = 0; g < groups; g++) {
                    scalesOfTile[g * count + i] = scalesOfRow[g];
                }
                for (int g = 0; g < offsetsOfRow.length; g++) {
                    offsetsOfTile[g * count + i] = offsetsOfRow[g];
                }
            }
            codeMemory.put(groups * CHUNKS * first, ints, ints.length);
            scaleMemory.put(groups * first, scalesOfTile, 0, scalesOfTile.length);
            if (offsetMemory != null) {
                offsetMemory.put(groups * first, offsetsOfTile, 0, offsetsOfTile.length);
            }
        }
    }

    private static int pack(byte[] row, int first) {
        int packed = 0;
        for (int i = 0; i < CODES; i++) {
            packed |= row[first + i] << (BITS * i);
        }
        return packed;
    }

    @Override
    public Precision precision() {
        return Precision.INT4;
    }

    @Override
    public long bytes() {
        long floats = scales.length() + (offsets == null ? 0 : offsets.length());
        return codes.length() * Integer.BYTES + floats * Float.BYTES;
    }

    @Override
    void close() {
        codes.close();
        scales.close();
        if (offsets != null) {
            offsets.close();
        }
    }

    @Override
    float @Nullable [] scales() {
        return null;
    }

    int groups() {
        return groups;
    }

    /** How many rows the tile of a row has. */
    private int tileHeight(int row) {
        return Math.min(tile, height() - tileStart(row));
    }

    private int tileStart(int row) {
        return row - row % tile;
    }

    /** The row after the last one of the tile of a row. */
    int tileEnd(int row) {
        return tileStart(row) + tileHeight(row);
    }

    /**
     * Copies the ints of rows of one tile.
     *
     * @param chunk the number of the 8 columns
     */
    void readCodes(int firstRow, int chunk, int[] target, int count) {
        codeMemory.get(place(firstRow, chunk, groups * CHUNKS), target, count);
    }

    /** Copies the scales of rows of one tile. */
    void readScales(int firstRow, int group, float[] target, int count) {
        scaleMemory.get(place(firstRow, group, groups), target, 0, count);
    }

    /** Copies the offsets of rows of one tile. Returns false if there are none. */
    boolean readOffsets(int firstRow, int group, float[] target, int count) {
        if (offsetMemory == null) {
            return false;
        }
        offsetMemory.get(place(firstRow, group, groups), target, 0, count);
        return true;
    }

    boolean hasOffsets() {
        return offsets != null;
    }

    /** The place of a part of a row, of which each row has so many. */
    private int place(int row, int part, int parts) {
        int start = tileStart(row);
        return parts * start + part * tileHeight(row) + row - start;
    }

    @Override
    Rows rows() {
        float[] scale = new float[1];
        float[] offset = new float[1];
        return (row, target) -> {
            boolean hasOffset = false;
            for (int first = 0; first < width(); first += CODES) {
                if (first % GROUP == 0) {
                    readScales(row, first / GROUP, scale, 1);
                    hasOffset = readOffsets(row, first / GROUP, offset, 1);
                }
                int packed = codeMemory.get(place(row, first / CODES, groups * CHUNKS));
                int end = Math.min(width(), first + CODES);
                for (int j = first; j < end; j++) {
                    int code = packed & CODE;
                    target[j] = hasOffset ? scale[0] * code + offset[0] : scale[0] * (code - Int4Scale.ZERO);
                    packed >>>= BITS;
                }
            }
        };
    }

    /** The codes are finite, so the elements of a group are if its scale and its offset are. */
    @Override
    public boolean isFinite() {
        return ArrayBits.isFinite(scales) && (offsets == null || ArrayBits.isFinite(offsets));
    }

    /** Expands columns one after the other, because the codes of several rows follow each other. */
    @Override
    INDArray expand(int block, ExpandedBlock buffer) {
        int first = firstRow(block);
        int count = blockHeight(block);
        INDArray expanded = buffer.weights(count, width(), 'f');
        SpareProcessors.run(
                groups,
                Math.max(1, LEAST_ELEMENTS / (count * GROUP)),
                (from, to) -> Int4Product.use(arrays -> arrays.expand(this, first, count, from, to, expanded)));
        return expanded;
    }

    @Override
    public void multiply(ProductContext context, INDArray x, INDArray y) {
        if (x.size(0) > FEW_ROWS) {
            super.multiply(context, x, y);
            return;
        }
        Int4Inputs inputs = Int4Inputs.of(x, groups);
        long multiplications = (long) height() * width() * x.size(0);
        int parts = SpareProcessors.parts(multiplications, LEAST_MULTIPLICATIONS);
        int tiles = quotient(height(), tile);
        boolean inTiles = parts > 1 && tiles >= parts;
        int pieces = inTiles ? tiles : Math.max(1, Math.min(parts, height() / LEAST_HEIGHT));
        SpareProcessors.runParts(pieces, i -> {
            int from = inTiles ? i * tile : SpareProcessors.start(height(), i, pieces);
            int to = inTiles ? Math.min(height(), from + tile) : SpareProcessors.start(height(), i + 1, pieces);
            Int4Product.use(product -> product.run(this, from, to, inputs, y));
        });
    }
}
