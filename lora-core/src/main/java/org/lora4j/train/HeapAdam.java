package org.lora4j.train;

import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.HeapProduct;
import org.lora4j.internal.memory.ArrayMemory;
import org.lora4j.internal.threads.SpareProcessors;
import org.lora4j.nn.batch.internal.WeightGradient;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;

/**
 * Adam (<a href="https://arxiv.org/abs/1412.6980">arXiv:1412.6980</a>, algorithm 1, as in PyTorch):
 * {@code m ← β₁m + (1−β₁)g}, {@code v ← β₂v + (1−β₂)g²}, {@code p ← p − lr·m̂/(√v̂ + ε)} with {@code m̂ = m/(1−β₁ᵗ)} and
 * {@code v̂ = v/(1−β₂ᵗ)}. {@link AdamW} also subtracts {@code lr·λ·p}. The JVM vectorizes the loops. ND4J's operation is not vectorized in the builds that run on every
 * processor. It takes several times as long, and it needs a second loop over the parameters for the subtraction.
 *
 * <p>Most of the time is needed to read and write memory. For a small batch, the gradient of a weight is therefore computed
 * block by block, where it is used, and never stored.
 */
final class HeapAdam implements ParameterUpdater {
    /** The greatest number of elements whose state fits into a byte buffer. */
    static final long MAX_LENGTH = Integer.MAX_VALUE / (2 * Float.BYTES);

    /** The number of elements of a block. All arrays of a block stay in the first-level cache during a step. */
    private static final int BLOCK = 2048;

    /** Rows of a weight that are shorter than this would be too small as blocks. */
    private static final int MIN_COLUMNS = 256;

    /** For more rows, a product of BLAS is faster than the loops of {@link HeapProduct}, although its result is stored. */
    private static final int MAX_PRODUCT_ROWS = 32;

    /** For fewer elements, a second thread saves no time: the first one finishes before the second one starts. */
    private static final int MIN_ELEMENTS_PER_PART = 65_536;

    // Where gradients are zero, m and v shrink with each step. Numbers below the smallest normal float make a step many
    // times slower on some processors. Adding and subtracting these rounds m and v to zero before. The errors, at most
    // 1e-27 in m and 1e-31 in v, vanish beside the usual ε of 1e-8.
    private static final float ROUND_M = 1e-20f;
    private static final float ROUND_V = 1e-24f;

    /** The square of a smaller gradient, times 1 − β₂, would be no normal float. It is rounded to zero in v. */
    private static final float SMALLEST_SQUARED = 1e-17f;

    private final Adam settings;
    private final double weightDecay;
    private final ArrayMemory value;
    private final ArrayMemory gradient;
    private final @Nullable WeightGradient weightGradient;
    private final HeapProduct product;
    private final int columns;
    private final List<Block> blocks;
    private final Queue<Copies> idleCopies = new ConcurrentLinkedQueue<>();

    HeapAdam(Adam settings, INDArray value, INDArray gradient) {
        this(settings, 0, value, gradient, null);
    }

    /**
     * Creates the updater of a parameter.
     *
     * @param weightDecay λ, or 0
     * @param weightGradient the gradient as a product, or null if it is none
     */
    HeapAdam(
            Adam settings,
            double weightDecay,
            INDArray value,
            INDArray gradient,
            @Nullable WeightGradient weightGradient) {
        this.settings = settings;
        this.weightDecay = weightDecay;
        this.value = new ArrayMemory(value);
        this.gradient = new ArrayMemory(gradient);
        int length = Math.toIntExact(value.length());
        this.weightGradient = weightGradient != null && readsProductsOf(value) ? weightGradient : null;
        if (this.weightGradient == null) {
            columns = length;
            product = new HeapProduct(0, BLOCK);
        } else {
            columns = Math.toIntExact(value.size(1));
            product = new HeapProduct(columns, BLOCK);
            this.weightGradient.deferUpTo(MAX_PRODUCT_ROWS);
        }
        // No block of a product is in two rows.
        blocks = IntStream.iterate(0, row -> row < length, row -> row + columns)
                .boxed()
                .flatMap(row -> IntStream.iterate(0, from -> from < columns, from -> from + BLOCK)
                        .mapToObj(from -> new Block(row + from, Math.min(BLOCK, columns - from))))
                .toList();
    }

    private static boolean readsProductsOf(INDArray value) {
        return value.rank() == 2 && value.ordering() == 'c' && value.size(1) >= MIN_COLUMNS;
    }

    @Override
    public void step(int iteration, int epoch, @Nullable INDArray before) {
        Coefficients coefficients = Coefficients.of(settings, weightDecay, iteration, epoch);
        ArrayMemory copy = before == null ? null : new ArrayMemory(before);
        boolean fromProduct = false;
        if (weightGradient != null && weightGradient.isDeferred()) {
            product.of(weightGradient.outputGradient(), weightGradient.input());
            fromProduct = true;
        }
        boolean multiplies = fromProduct;
        int least = 1 + MIN_ELEMENTS_PER_PART / blocks.get(0).length();
        SpareProcessors.run(
                blocks.size(), least, (from, to) -> step(blocks.subList(from, to), coefficients, copy, multiplies));
    }

    private void step(List<Block> some, Coefficients coefficients, @Nullable ArrayMemory before, boolean fromProduct) {
        Copies idle = idleCopies.poll();
        Copies copies = idle == null ? new Copies(blocks.get(0).length(), product.reader()) : idle;
        for (Block block : some) {
            int length = block.length();
            value.get(block.from, copies.p, 0, length);
            if (before != null) {
                before.put(block.from, copies.p, 0, length);
            }
            if (fromProduct) {
                copies.products.read(block.from / columns, block.from % columns / BLOCK, copies.g);
            } else {
                gradient.get(block.from, copies.g, 0, length);
            }
            block.update(coefficients, copies.p, copies.g);
            value.put(block.from, copies.p, 0, length);
        }
        idleCopies.add(copies);
    }

    /**
     * Returns the number to add to √v that has the effect of adding ε to √v̂. ND4J adds ε itself to √v; in the first steps
     * this has the effect of an ε up to 30 times as large as in PyTorch.
     */
    static double epsilonBesideUncorrected(double epsilon, double beta2, int iteration) {
        return epsilon * Math.sqrt(1 - Math.pow(beta2, iteration + 1.0));
    }

    /** {@inheritDoc} It is m, followed by v. */
    @Override
    public INDArray state() {
        int length = length();
        INDArray state = Nd4j.createUninitializedDetached(DataType.FLOAT, 2L * length);
        ArrayMemory values = new ArrayMemory(state);
        for (Block block : blocks) {
            values.put(block.from, block.m, 0, block.length());
            values.put(length + block.from, block.v, 0, block.length());
        }
        return state;
    }

    @Override
    public void restore(INDArray state) {
        ArrayMemory values = new ArrayMemory(state.dup('c'));
        int length = length();
        for (Block block : blocks) {
            values.get(block.from, block.m, 0, block.length());
            values.get(length + block.from, block.v, 0, block.length());
        }
    }

    private int length() {
        return blocks.stream().mapToInt(Block::length).sum();
    }

    /** The numbers that all elements share in one step. */
    private record Coefficients(
            float beta1, float beta2, float rest1, float rest2, float rate, float epsilon, float decay) {
        static Coefficients of(Adam settings, double weightDecay, int iteration, int epoch) {
            double beta1 = settings.getBeta1();
            double beta2 = settings.getBeta2();
            double t = iteration + 1.0;
            double learningRate = settings.getLearningRate(iteration, epoch);
            double rate = learningRate * Math.sqrt(1 - Math.pow(beta2, t)) / (1 - Math.pow(beta1, t));
            double epsilon = epsilonBesideUncorrected(settings.getEpsilon(), beta2, iteration);
            // The subtraction is in double: in float, 1 − 0.999 has a relative error of 5e-5.
            return new Coefficients(
                    (float) beta1,
                    (float) beta2,
                    (float) (1 - beta1),
                    (float) (1 - beta2),
                    (float) rate,
                    (float) epsilon,
                    (float) (learningRate * weightDecay));
        }
    }

    /** Copies of the values and gradients of a block on the heap, and what computes gradients there. */
    private static final class Copies {
        private final float[] p;
        private final float[] g;
        private final HeapProduct.Reader products;

        Copies(int length, HeapProduct.Reader products) {
            this.products = products;
            p = new float[length];
            g = new float[length];
        }
    }

    /** The state of consecutive elements. Each block has its own arrays, because the JVM vectorizes loops that start at 0. */
    private static final class Block {
        private final int from;
        private final float[] m;
        private final float[] v;

        Block(int from, int length) {
            this.from = from;
            m = new float[length];
            v = new float[length];
        }

        int length() {
            return m.length;
        }

        void update(Coefficients coefficients, float[] p, float[] g) {
            float beta1 = coefficients.beta1;
            float beta2 = coefficients.beta2;
            float rest1 = coefficients.rest1;
            float rest2 = coefficients.rest2;
            float rate = coefficients.rate;
            float epsilon = coefficients.epsilon;
            float decay = coefficients.decay;
            for (int i = 0; i < m.length; i++) {
                float mi = beta1 * m[i] + rest1 * g[i] + ROUND_M - ROUND_M;
                float gi = Math.max(Math.abs(g[i]), SMALLEST_SQUARED);
                float vi = beta2 * v[i] + rest2 * gi * gi + ROUND_V - ROUND_V;
                m[i] = mi;
                v[i] = vi;
                p[i] -= decay * p[i] + rate * mi / ((float) Math.sqrt(vi) + epsilon);
            }
        }
    }
}
