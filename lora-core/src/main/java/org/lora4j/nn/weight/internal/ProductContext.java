package org.lora4j.nn.weight.internal;

import org.lora4j.internal.RowBlocks;

/**
 * What one place in a pass keeps for its products with weights: native contexts, which belong to one thread at a time. It fits
 * any weight, so a place that switches between weights creates no contexts.
 */
public final class ProductContext {
    private final DividedProduct product = new DividedProduct();
    private final Gemm transposedProduct = new Gemm(false, false, 1, 0);
    private final Gemm addTransposedProduct = new Gemm(false, false, 1, 1);
    private final RowBlocks inputRows = new RowBlocks();
    private final RowBlocks resultRows = new RowBlocks();

    /** Creates a context. */
    public ProductContext() {}

    /** Drops what it keeps of a weight that is not used any more. */
    public void forget() {
        product.forget();
    }

    DividedProduct product() {
        return product;
    }

    Gemm transposedProduct(boolean adds) {
        return adds ? addTransposedProduct : transposedProduct;
    }

    /** Views of inputs, for products that are divided by rows. */
    RowBlocks inputRows() {
        return inputRows;
    }

    RowBlocks resultRows() {
        return resultRows;
    }
}
