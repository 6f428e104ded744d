package org.lora4j.nn.compute.internal;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.HeapColumns;
import org.lora4j.internal.memory.BatchBuffer;
import org.lora4j.nn.weight.internal.ProductContext;
import org.lora4j.nn.weight.internal.Weight;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Computes {@code x·Wᵀ}, and {@code R·Wᵀ} for further rows that updates request.
 *
 * <p>A product of few rows takes as long as reading W. If the batch is small compared with the weight, the further rows are
 * therefore stacked under it and W is read once: {@code [x; R]·Wᵀ}. If it is large and there are several further products,
 * these are stacked without it.
 */
final class WeightProduct {
    /** Stacking is faster if the weight has at least this many times the elements that are copied for it. */
    private static final int STACKING_PAYS = 8;

    private final BatchBuffer stackedInputs;
    private final BatchBuffer stackedOutputs;
    private final ProductContext product = new ProductContext();
    private final ProductContext stackedProduct = new ProductContext();
    private final List<ProductContext> furtherProducts = new ArrayList<>();
    private final HeapColumns inputColumns = new HeapColumns();
    private final HeapColumns outputColumns = new HeapColumns();
    private final HeapColumns stackedInputColumns = new HeapColumns();
    private final HeapColumns stackedOutputColumns = new HeapColumns();
    private Weight weight;
    private List<Further> further = List.of();
    private long furtherRows;

    /** Rows {@code R [k, in]} and the array for {@code R·Wᵀ [k, out]}. */
    record Further(INDArray rows, INDArray product, HeapColumns rowColumns, HeapColumns productColumns) {
        Further(INDArray rows, INDArray product) {
            this(rows, product, new HeapColumns(), new HeapColumns());
        }

        int height() {
            return Math.toIntExact(rows.size(0));
        }
    }

    WeightProduct(Weight weight) {
        this.weight = weight;
        stackedInputs = new BatchBuffer(weight.dataType(), weight.inputSize());
        stackedOutputs = new BatchBuffer(weight.dataType(), weight.outputSize());
    }

    /** Switches to another weight or to other further rows. */
    void bind(Weight newWeight, List<Further> newFurther) {
        if (newWeight != weight) {
            product.forget();
            stackedProduct.forget();
            furtherProducts.forEach(ProductContext::forget);
        }
        weight = newWeight;
        further = List.copyOf(newFurther);
        furtherRows = further.stream().mapToLong(Further::height).sum();
        while (furtherProducts.size() < further.size()) {
            furtherProducts.add(new ProductContext());
        }
    }

    /** Computes {@code dx = g·W}, or adds it. */
    void runTransposed(INDArray g, INDArray dx, boolean adds) {
        weight.multiplyTransposed(product, g, dx, adds);
    }

    /** Computes {@code y = x·Wᵀ} and the further products. */
    void run(INDArray x, INDArray y) {
        if (!further.isEmpty() && stackingPays(x.size(0) + furtherRows, 1)) {
            runStacked(x, y);
            return;
        }
        weight.multiply(product, x, y);
        runFurther();
    }

    /** Computes {@code y = x·Wᵀ} without the further products. */
    void runAlone(INDArray x, INDArray y) {
        weight.multiply(product, x, y);
    }

    /** Computes the further products only. */
    void runFurther() {
        if (further.size() > 1 && stackingPays(furtherRows, further.size() - 1)) {
            runStacked(null, null);
            return;
        }
        for (int i = 0; i < further.size(); i++) {
            weight.multiply(
                    furtherProducts.get(i),
                    further.get(i).rows(),
                    further.get(i).product());
        }
    }

    private boolean stackingPays(long height, int readsSaved) {
        long in = weight.inputSize();
        long out = weight.outputSize();
        return in * out * readsSaved >= STACKING_PAYS * height * (in + out);
    }

    /** Computes the further products, and that of a batch if one is given. */
    private void runStacked(@Nullable INDArray x, @Nullable INDArray y) {
        long height = (x == null ? 0 : x.size(0)) + furtherRows;
        INDArray stackedInput = stackedInputs.rows(height);
        INDArray stackedOutput = stackedOutputs.rows(height);
        stack(x, stackedInput);
        weight.multiply(stackedProduct, stackedInput, stackedOutput);
        unstack(stackedOutput, y);
    }

    private void stack(@Nullable INDArray x, INDArray stacked) {
        int height = Math.toIntExact(stacked.size(0));
        int n = x == null ? 0 : Math.toIntExact(x.size(0));
        int columns = Math.toIntExact(stacked.size(1));
        int perBlock = HeapColumns.perBlock(height);
        double[] all = stackedInputColumns.values(height);
        double[] part = inputColumns.values(height);
        if (x != null) {
            inputColumns.bind(x);
        }
        stackedInputColumns.bind(stacked);
        for (int from = 0; from < columns; from += perBlock) {
            int count = Math.min(perBlock, columns - from);
            if (x != null) {
                inputColumns.read(from, count, part);
                place(part, n, all, 0, height, count);
            }
            int top = n;
            for (Further rows : further) {
                rows.rowColumns().bind(rows.rows()).read(from, count, part);
                place(part, rows.height(), all, top, height, count);
                top += rows.height();
            }
            stackedInputColumns.write(from, count, all);
        }
    }

    private void unstack(INDArray stacked, @Nullable INDArray y) {
        int height = Math.toIntExact(stacked.size(0));
        int n = y == null ? 0 : Math.toIntExact(y.size(0));
        int columns = Math.toIntExact(stacked.size(1));
        int perBlock = HeapColumns.perBlock(height);
        double[] all = stackedOutputColumns.values(height);
        double[] part = outputColumns.values(height);
        if (y != null) {
            outputColumns.bind(y);
        }
        stackedOutputColumns.bind(stacked);
        for (int from = 0; from < columns; from += perBlock) {
            int count = Math.min(perBlock, columns - from);
            stackedOutputColumns.read(from, count, all);
            if (y != null) {
                take(all, 0, height, part, n, count);
                outputColumns.write(from, count, part);
            }
            int top = n;
            for (Further rows : further) {
                take(all, top, height, part, rows.height(), count);
                rows.productColumns().bind(rows.product()).write(from, count, part);
                top += rows.height();
            }
        }
    }

    /** Copies a part of each column to its place in the column of all rows. */
    private static void place(double[] part, int partHeight, double[] all, int top, int height, int count) {
        for (int j = 0; j < count; j++) {
            System.arraycopy(part, j * partHeight, all, j * height + top, partHeight);
        }
    }

    /** The reverse of {@link #place}. */
    private static void take(double[] all, int top, int height, double[] part, int partHeight, int count) {
        for (int j = 0; j < count; j++) {
            System.arraycopy(all, j * height + top, part, j * partHeight, partHeight);
        }
    }
}
