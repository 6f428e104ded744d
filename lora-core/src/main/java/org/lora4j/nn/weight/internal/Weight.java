package org.lora4j.nn.weight.internal;

import java.util.Objects;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.lora4j.linalg.PackedWeight;
import org.lora4j.linalg.Precision;
import org.lora4j.linalg.ProductEngine;
import org.lora4j.linalg.WeightStorage;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What a layer multiplies with: the matrix {@code W [out, in]} of a parameter, or the table {@code [vocab, dim]} of an
 * embedding, with {@code out} and {@code in} in their place. There is one for each parameter, which all passes, threads and
 * adapters share. Its elements are in a {@link WeightMatrix}; nothing above knows how it stores them. A parameter of another
 * rank has a weight too, for its elements alone.
 *
 * <p>While a FLOAT matrix is frozen, a product engine multiplies with it if there is one. While it trains, or the engine is not
 * faster, this library does.
 *
 * <p>Thread-safe. What a product needs beside the matrix is in the {@link ProductContext} of the caller.
 */
public final class Weight {
    private final String name;
    private final boolean fitsEngine;
    private final Supplier<@Nullable ProductEngine> engines;
    private final PackedCopy forward = new PackedCopy(ProductEngine.Direction.FORWARD);
    private final PackedCopy transposed = new PackedCopy(ProductEngine.Direction.TRANSPOSED);
    private final Remembered<INDArray> rowNorms = new Remembered<>(WeightMatrix::rowNorms);
    private final Remembered<INDArray> columnNorms = new Remembered<>(WeightMatrix::columnNorms);
    private final Remembered<String> fingerprint = new Remembered<>(WeightMatrix::fingerprint);
    private volatile WeightMatrix matrix;
    private volatile Precision precision;
    private volatile boolean trainable;
    private volatile int thaws;
    private volatile int writes;

    /**
     * Creates a weight.
     *
     * @param name the name of the parameter, for messages
     * @param matrix an array, or a matrix in fewer bits, which cannot train; others can share it
     * @param trainable whether it trains
     */
    public Weight(String name, WeightMatrix matrix, boolean trainable) {
        this(name, matrix, trainable, Engines::engine);
    }

    /**
     * Creates a weight.
     *
     * @param engines gives the engine, fast in single precision, or null; asked only where an engine could multiply
     */
    Weight(String name, WeightMatrix matrix, boolean trainable, Supplier<@Nullable ProductEngine> engines) {
        this.name = name;
        this.matrix = matrix;
        this.trainable = trainable;
        this.engines = engines;
        precision = matrix.precision();
        fitsEngine = matrix.dataType() == DataType.FLOAT && matrix.shape().length == 2;
    }

    /** A value that is computed from the matrix, again only after it may have changed. */
    private final class Remembered<T> {
        private final Function<WeightMatrix, T> compute;
        private volatile @Nullable Known<T> known;

        Remembered(Function<WeightMatrix, T> compute) {
            this.compute = compute;
        }

        T get() {
            // Read first: a thaw in the meantime must not go unnoticed.
            int thawsBefore = thaws;
            if (trainable) {
                return compute.apply(matrix);
            }
            Known<T> now = known;
            if (now == null || now.thaws() != thawsBefore) {
                now = new Known<>(compute.apply(matrix), thawsBefore);
                known = now;
            }
            return now.value();
        }
    }

    /** A value, and how often the matrix may have changed before it was computed. */
    private record Known<T>(T value, int thaws) {}

    /**
     * Returns the name.
     *
     * @return that of the parameter
     */
    public String name() {
        return name;
    }

    /**
     * Returns the type of the products.
     *
     * @return FLOAT or DOUBLE
     */
    public DataType dataType() {
        return matrix.dataType();
    }

    /**
     * Returns the number of rows of W.
     *
     * @return {@code out}
     */
    public long outputSize() {
        return matrix.shape()[0];
    }

    /**
     * Returns the number of columns of W.
     *
     * @return {@code in}
     */
    public long inputSize() {
        return matrix.shape()[1];
    }

    /**
     * Returns the elements as they are stored now.
     *
     * @return an array, or a matrix in another form
     */
    public WeightMatrix matrix() {
        return matrix;
    }

    /**
     * Returns whether both have the same elements in the same memory.
     *
     * @param other another weight
     * @return true for weights of one tensor of a file
     */
    public boolean sharesElements(Weight other) {
        WeightMatrix mine = matrix;
        WeightMatrix its = other.matrix;
        return mine == its
                || (mine instanceof ArrayMatrix && its instanceof ArrayMatrix && mine.array() == its.array());
    }

    /**
     * Computes {@code y = x·Wᵀ}.
     *
     * @param context the caller's contexts
     * @param x the input {@code [n, in]}
     * @param y the result {@code [n, out]}
     */
    public void multiply(ProductContext context, INDArray x, INDArray y) {
        ProductEngine engine = engine();
        PackedWeight packed = engine == null ? null : packed(forward, engine);
        if (engine == null || packed == null) {
            matrix.multiply(context, x, y);
        } else {
            context.multiply(engine, packed, x, null, y);
        }
    }

    /**
     * Computes {@code y = x·Wᵀ + b} if an engine multiplies with the weight and adds the bias on its way. The bits are those of
     * {@link #multiply(ProductContext, INDArray, INDArray)} and an addition after it.
     *
     * @param context the caller's contexts
     * @param x the input {@code [n, in]}
     * @param bias b {@code [1, out]}, in one piece
     * @param y the result {@code [n, out]}
     * @return false if nothing was computed
     */
    public boolean multiply(ProductContext context, INDArray x, INDArray bias, INDArray y) {
        ProductEngine engine = engine();
        PackedWeight packed = engine == null ? null : packed(forward, engine);
        if (engine == null || packed == null || !packed.addsBias()) {
            return false;
        }
        context.multiply(engine, packed, x, bias, y);
        return true;
    }

    /**
     * Computes {@code dx = g·W}, or adds it.
     *
     * @param context the caller's contexts
     * @param g the gradient {@code [n, out]}
     * @param dx the result {@code [n, in]}
     * @param adds whether the product is added to what {@code dx} holds
     */
    public void multiplyTransposed(ProductContext context, INDArray g, INDArray dx, boolean adds) {
        ProductEngine engine = engine();
        PackedWeight packed = engine == null ? null : packed(transposed, engine);
        if (packed == null) {
            matrix.multiplyTransposed(context, g, dx, adds);
        } else {
            packed.multiply(g, dx, adds);
        }
    }

    private @Nullable ProductEngine engine() {
        return fitsEngine ? engines.get() : null;
    }

    /** The packed copy for a direction, or null if this library must multiply. */
    private @Nullable PackedWeight packed(PackedCopy copy, ProductEngine engine) {
        // Read first: a thaw in the meantime must not go unnoticed.
        int thawsBefore = thaws;
        Precision wanted = trainable ? null : packedPrecision(engine);
        return wanted == null ? null : copy.of(engine, name, matrix, wanted, thawsBefore);
    }

    /** What is packed: the precision that was asked for if the engine is fast in it. Null: a matrix in fewer bits is not packed. */
    private @Nullable Precision packedPrecision(ProductEngine engine) {
        Precision wanted = precision;
        if (engine.isFast(wanted)) {
            return wanted;
        }
        return matrix.isCompact() ? null : Precision.FLOAT;
    }

    /**
     * Returns the norms of the columns of W. While it is frozen, they are computed once.
     *
     * @return {@code [in]}; do not write to it
     */
    public INDArray columnNorms() {
        return columnNorms.get();
    }

    /**
     * Returns the norms of the rows of W. While it is frozen, they are computed once.
     *
     * @return {@code ‖wⱼ‖ [out]}; do not write to it
     */
    public INDArray rowNorms() {
        return rowNorms.get();
    }

    /**
     * Returns the fingerprint of W, before it was rounded to fewer bits. While it is frozen, it is computed once.
     *
     * @return see {@link org.lora4j.internal.memory.ArrayFingerprint}
     */
    public String fingerprint() {
        return fingerprint.get();
    }

    /**
     * Describes how W is stored for products.
     *
     * @param layer the path of the layer
     * @return a line of a report
     */
    public WeightStorage storage(String layer) {
        WeightMatrix now = matrix;
        ProductEngine engine = trainable ? null : engine();
        Precision packed = engine == null ? null : packedPrecision(engine);
        if (engine == null || packed == null || forward.isRefused()) {
            String stored =
                    now.isCompact() ? now.precision().name() : now.dataType().name();
            return new WeightStorage(layer, "ND4J", stored, now.bytes());
        }
        boolean isHeldOnce = now instanceof OwnedMatrix owned
                && owned.packed(packed).isPresent()
                && owned.packed(packed).equals(forward.now());
        return new WeightStorage(layer, engine.name(), packed.name(), (isHeldOnce ? 0 : now.bytes()) + packedBytes());
    }

    /** The native memory of the packed copies. */
    long packedBytes() {
        return forward.bytes() + transposed.bytes();
    }

    /**
     * Returns W as an array: that of the parameter, which stays so while it trains, or a new one if it has none.
     *
     * @return in the shape of the parameter; do not write to it while it is frozen
     */
    public INDArray array() {
        WeightMatrix now = matrix;
        return trainable ? kept(now) : now.array();
    }

    /** The array of a matrix, which stays that of the parameter. */
    private static INDArray kept(WeightMatrix matrix) {
        return matrix instanceof OwnedMatrix owned ? owned.keep() : matrix.array();
    }

    /** Notes that nobody else has the array, so that it can be dropped when a product engine has packed it. */
    public synchronized void own() {
        WeightMatrix now = matrix;
        if (now instanceof ArrayMatrix && fitsEngine && now.array().ordering() == 'c') {
            matrix = new OwnedMatrix(now);
        }
    }

    /**
     * Returns what {@link #store} was called with.
     *
     * @return {@code FLOAT} if it was not called
     */
    public Precision precision() {
        return precision;
    }

    /**
     * Sets how the frozen matrix is stored and multiplied with. One that is trainable is stored so when it is frozen. A vector, a
     * matrix of DOUBLE and a small one stay as they are.
     *
     * @param newPrecision the precision
     */
    public synchronized void store(Precision newPrecision) {
        precision = Objects.requireNonNull(newPrecision, "newPrecision must not be null");
        if (!trainable) {
            convert();
        }
    }

    private void convert() {
        WeightMatrix now = matrix;
        if (now.precision() != precision && fitsFewerBits()) {
            matrix = new OwnedMatrix(MatrixConversion.convert(now, precision));
            // After the matrix, so that nothing computed from the old one is taken for new.
            changed();
        }
    }

    /**
     * Returns whether it is a matrix that can be stored in fewer bits.
     *
     * @return false for a vector, a matrix of DOUBLE and a small one
     */
    public boolean fitsFewerBits() {
        return CompactMatrix.fits(matrix.dataType(), matrix.shape());
    }

    /**
     * Returns whether training changes it.
     *
     * @return false if it is frozen
     */
    public boolean isTrainable() {
        return trainable;
    }

    /**
     * Freezes or unfreezes the weight.
     *
     * @param trains whether it trains
     * @throws IllegalStateException if a matrix is to train that is stored in fewer bits
     */
    public synchronized void setTrainable(boolean trains) {
        if (!trains) {
            trainable = false;
            convert();
            return;
        }
        if (trainable) {
            return;
        }
        requireArray();
        // The fingerprint of what it was rounded from is that of other weights from now on.
        matrix = new ArrayMatrix(kept(matrix));
        trainable = true;
        changed();
    }

    /**
     * Checks that it can train.
     *
     * @throws IllegalStateException if it is stored in fewer bits
     */
    public void requireArray() {
        if (matrix.isCompact()) {
            throw new IllegalStateException(
                    name + ": must be stored in FLOAT to be unfrozen, found "
                            + matrix.precision()
                            + "; unfreeze a copy of the network, or call setBaseStorage with FLOAT, which keeps the rounded weights");
        }
    }

    private synchronized void changed() {
        thaws++;
        forward.drop();
        transposed.drop();
    }

    /**
     * Returns how often it was unfrozen or stored in another form. While it is frozen and the number stays the same, its elements
     * do too.
     *
     * @return a number that grows
     */
    public int thaws() {
        return thaws;
    }

    /** Notes that a training or a file wrote to the array. */
    public synchronized void noteWrite() {
        writes++;
    }

    /**
     * Returns how often it was unfrozen, stored in another form or written to by the library. While the number stays the same,
     * what was computed with it is still right.
     *
     * @return a number that grows
     */
    public long version() {
        return (long) thaws + writes;
    }

    @Override
    public String toString() {
        return name;
    }
}
