package org.lora4j.nn.compute.internal;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
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

    private final RowStack stackedInputs;
    private final RowStack stackedOutputs;
    private final ProductContext product = new ProductContext();
    private final ProductContext stackedProduct = new ProductContext();
    private final List<ProductContext> furtherProducts = new ArrayList<>();
    private final List<INDArray> inputs = new ArrayList<>();
    private final List<INDArray> outputs = new ArrayList<>();
    private Weight weight;
    private List<Further> further = List.of();
    private long furtherRows;

    /** Rows {@code R [k, in]} and the array for {@code R·Wᵀ [k, out]}. */
    record Further(INDArray rows, INDArray product) {
        int height() {
            return Math.toIntExact(rows.size(0));
        }
    }

    /**
     * Creates the product without further rows.
     *
     * @param order the memory order of the batch
     */
    WeightProduct(Weight weight, char order) {
        this.weight = weight;
        stackedInputs = new RowStack(weight.dataType(), weight.inputSize(), order);
        stackedOutputs = new RowStack(weight.dataType(), weight.outputSize(), order);
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

    /**
     * Computes {@code y = x·Wᵀ + b} if the weight can add a bias on its way; not for a product with further rows.
     *
     * @return false if nothing was computed
     */
    boolean run(INDArray x, INDArray bias, INDArray y) {
        return weight.multiply(product, x, bias, y);
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
        inputs.clear();
        outputs.clear();
        if (x != null && y != null) {
            inputs.add(x);
            outputs.add(y);
        }
        for (Further each : further) {
            inputs.add(each.rows());
            outputs.add(each.product());
        }
        long height = (x == null ? 0 : x.size(0)) + furtherRows;
        INDArray stackedInput = stackedInputs.rows(height);
        INDArray stackedOutput = stackedOutputs.rows(height);
        stackedInputs.put(inputs, stackedInput);
        weight.multiply(stackedProduct, stackedInput, stackedOutput);
        stackedOutputs.take(stackedOutput, outputs);
    }
}
