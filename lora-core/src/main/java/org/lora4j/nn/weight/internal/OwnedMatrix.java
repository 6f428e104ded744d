package org.lora4j.nn.weight.internal;

import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.lora4j.linalg.PackedWeight;
import org.lora4j.linalg.Precision;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A FLOAT matrix that this library read from a file or stored in fewer bits, so that its memory is the library's own. As soon as
 * a product engine has packed it, it is held in the packed copy only, if that has the same elements bit for bit. Whoever needs
 * an array then gets a new one. The array comes back, and stays, if it is to be trained or the engine refuses a product.
 *
 * <p>Several parameters can share it.
 */
public final class OwnedMatrix implements WeightMatrix {
    private final long[] shape;
    private final Precision precision;
    private Form form;
    private boolean isKept;

    /**
     * Takes a matrix over.
     *
     * @param matrix an array in 'c' order or a matrix in fewer bits, whose memory nobody else uses
     */
    public OwnedMatrix(WeightMatrix matrix) {
        shape = matrix.shape();
        precision = matrix.precision();
        form = new Form(matrix);
    }

    /** How the elements are held. Its memory is released when it was replaced, nobody reads it and no caller has the array. */
    private static final class Form {
        private final WeightMatrix elements;
        private int readers;
        private boolean isReplaced;
        private boolean isSeen;

        Form(WeightMatrix elements) {
            this.elements = elements;
        }

        void release() {
            if (isSeen) {
                return;
            }
            if (elements instanceof ArrayMatrix plain) {
                plain.array().close();
            } else if (elements instanceof CompactMatrix compact) {
                compact.close();
            }
        }
    }

    /**
     * Passes the elements as they are held now to a function.
     *
     * @param matrix any matrix
     * @param function reads the elements, and keeps no reference to them
     * @param <R> the type of the result
     * @return what the function returned
     */
    public static <R> R read(WeightMatrix matrix, Function<WeightMatrix, R> function) {
        return matrix instanceof OwnedMatrix owned ? owned.read(function) : function.apply(matrix);
    }

    private <R> R read(Function<WeightMatrix, R> function) {
        return use(enter(), function);
    }

    private <R> R use(Form entered, Function<WeightMatrix, R> function) {
        try {
            return function.apply(entered.elements);
        } finally {
            leave(entered);
        }
    }

    private synchronized Form enter() {
        form.readers++;
        return form;
    }

    /** As {@link #enter}, but with the plain form, which comes back and stays. */
    private synchronized Form enterPlain() {
        if (form.elements instanceof PackedMatrix packed) {
            form = new Form(packed.unpack());
            isKept = true;
        }
        return enter();
    }

    private synchronized void leave(Form entered) {
        entered.readers--;
        if (entered.isReplaced && entered.readers == 0) {
            entered.release();
        }
    }

    /**
     * Notes that an engine packed the elements for {@code x·Wᵀ}. If they can be read from there with the same bits, no other
     * copy is held from now on.
     */
    void moveTo(PackedWeight packed, Precision packedPrecision) {
        Form now = enter();
        try {
            if (packedPrecision == precision && isPlain(now)) {
                PackedMatrix moved = new PackedMatrix(
                        packed,
                        precision,
                        Math.toIntExact(shape[0]),
                        Math.toIntExact(shape[1]),
                        originalOf(now.elements));
                if (moved.holds(() -> rowsOf(now.elements))) {
                    replace(now, moved);
                }
            }
        } finally {
            leave(now);
        }
    }

    private synchronized boolean isPlain(Form now) {
        return !isKept && form == now && !(now.elements instanceof PackedMatrix);
    }

    private synchronized void replace(Form old, PackedMatrix moved) {
        if (isPlain(old)) {
            form = new Form(moved);
            old.isReplaced = true;
        }
    }

    private static RowMatrix.Rows rowsOf(WeightMatrix elements) {
        return elements instanceof ArrayMatrix plain
                ? ArrayMatrix.rowsOf(plain.array())
                : ((RowMatrix) elements).rows();
    }

    private static @Nullable String originalOf(WeightMatrix elements) {
        return elements instanceof ArrayMatrix plain ? plain.original() : ((RowMatrix) elements).original();
    }

    /** The packed copy for {@code x·Wᵀ} that has the elements; empty if they are held in another form or precision. */
    synchronized Optional<PackedWeight> packed(Precision wanted) {
        return wanted == precision && form.elements instanceof PackedMatrix moved
                ? Optional.of(moved.packed())
                : Optional.empty();
    }

    /**
     * Returns the elements as an array that stays: it is held from now on, and each call returns it.
     *
     * @return an array that can be written to
     * @throws IllegalStateException if the elements are stored in fewer bits
     */
    public synchronized INDArray keep() {
        Form plain = enterPlain();
        leave(plain);
        if (!(plain.elements instanceof ArrayMatrix array)) {
            throw new IllegalStateException("the matrix must be stored in FLOAT, found " + precision);
        }
        isKept = true;
        plain.isSeen = true;
        return array.array();
    }

    @Override
    public void multiply(ProductContext context, INDArray x, INDArray y) {
        Form plain = enterPlain();
        try {
            plain.elements.multiply(context, x, y);
        } finally {
            leave(plain);
        }
    }

    @Override
    public void multiplyTransposed(ProductContext context, INDArray g, INDArray dx, boolean adds) {
        Form plain = enterPlain();
        try {
            plain.elements.multiplyTransposed(context, g, dx, adds);
        } finally {
            leave(plain);
        }
    }

    @Override
    public DataType dataType() {
        return DataType.FLOAT;
    }

    @Override
    public long[] shape() {
        return shape;
    }

    @Override
    public Precision precision() {
        return precision;
    }

    @Override
    public long bytes() {
        return read(WeightMatrix::bytes);
    }

    @Override
    public void rows(int[] ids, INDArray result) {
        Form now = enter();
        try {
            now.elements.rows(ids, result);
        } finally {
            leave(now);
        }
    }

    @Override
    public INDArray row(long row) {
        return read(elements -> withoutArray(elements, elements.row(row)));
    }

    @Override
    public INDArray column(long column) {
        return read(elements -> withoutArray(elements, elements.column(column)));
    }

    /** A row of an array is a view, which would refer to released memory. */
    private static INDArray withoutArray(WeightMatrix elements, INDArray row) {
        return elements instanceof ArrayMatrix ? row.dup().detach() : row;
    }

    @Override
    public INDArray rowNorms() {
        return read(WeightMatrix::rowNorms);
    }

    @Override
    public INDArray columnNorms() {
        return read(WeightMatrix::columnNorms);
    }

    @Override
    public String fingerprint() {
        return read(WeightMatrix::fingerprint);
    }

    @Override
    public boolean isFinite() {
        return read(WeightMatrix::isFinite);
    }

    @Override
    public INDArray array() {
        Form now = enter();
        return use(now, elements -> {
            if (elements instanceof ArrayMatrix) {
                see(now);
            }
            return elements.array();
        });
    }

    private synchronized void see(Form shown) {
        shown.isSeen = true;
    }

    @Override
    public INDArray copy() {
        return read(WeightMatrix::copy);
    }

    @Override
    public <R> R lend(Function<INDArray, R> function) {
        return read(elements -> elements.lend(function));
    }

    @Override
    public <R> R lendRows(int from, int to, Function<INDArray, R> function) {
        return read(elements -> elements.lendRows(from, to, function));
    }
}
