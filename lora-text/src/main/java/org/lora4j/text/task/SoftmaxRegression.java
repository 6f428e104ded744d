package org.lora4j.text.task;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.lora4j.AdapterView;
import org.lora4j.nn.Network;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.text.task.internal.Lbfgs;
import org.lora4j.text.task.internal.SoftmaxLoss;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * What a frozen model can do as it is: softmax regression on features that it computes once. Only the classifier trains, so this is what
 * an adapter must be better than, and where the classifier of an adapter can begin (Kumar and others, 2022, arXiv:2202.10054).
 *
 * <p>With the features divided by their mean norm, it minimizes {@code 1/n·Σᵢ −w[yᵢ]·ln softmax(xᵢ·W + b)[yᵢ] + λ/2·Σ W²} with the weight
 * w of each class, in DOUBLE, by L-BFGS. The loss is convex, so the result depends on no seed.
 */
public final class SoftmaxRegression {
    private static final double[] PENALTIES = {1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5};
    private static final int FOLDS = 5;
    /** So many rows are left out and predicted in all: of many rows, one fold says enough. */
    private static final int ENOUGH_HELD = 1_000;

    private final INDArray weight;
    private final @Nullable INDArray bias;
    private final double penalty;

    private SoftmaxRegression(INDArray weight, @Nullable INDArray bias, double penalty) {
        this.weight = weight;
        this.bias = bias;
        this.penalty = penalty;
    }

    /**
     * Fits a classifier whose penalty is chosen by cross-validation: each of up to five folds of the rows is predicted by classifiers of the
     * other rows. Taken is the middle, of the logarithms, between the λ of the least loss and that of the fewest errors: few rows say
     * little about either, and the two err to other sides.
     *
     * @param rows the rows
     * @return the classifier
     */
    public static SoftmaxRegression fit(Rows rows) {
        return rows.fit(choose(rows));
    }

    /**
     * Fits a classifier.
     *
     * @param rows the rows
     * @param penalty λ, not negative; it belongs to features whose mean norm is 1
     * @return the classifier
     */
    public static SoftmaxRegression fit(Rows rows, double penalty) {
        return rows.fit(penalty);
    }

    /**
     * Returns the penalty.
     *
     * @return λ
     */
    public double penalty() {
        return penalty;
    }

    /**
     * Returns the weight.
     *
     * @return W as {@code [count, dim]}, DOUBLE
     */
    public INDArray weight() {
        return weight;
    }

    /**
     * Returns the bias.
     *
     * @return b as {@code [count]}, DOUBLE; nothing if it was left out
     */
    public Optional<INDArray> bias() {
        return Optional.ofNullable(bias);
    }

    /**
     * Returns the classifier as a network.
     *
     * @return a network of one dense layer, {@code classifier}, which takes rows {@code [n, dim]}
     */
    public Network network() {
        Network network = Network.builder(weight.size(1))
                .linear("classifier", weight.size(0), bias != null)
                .build(0);
        Linear layer = network.linear("classifier");
        layer.weightParameter().assign(weight);
        if (bias != null) {
            Objects.requireNonNull(layer.biasParameter()).assign(bias);
        }
        return network;
    }

    /**
     * Makes this the classifier of an adapter. What the adapter does in the layers before it stays.
     *
     * @param adapter an adapter that has a classifier of its own
     * @param network the network of the adapter, which ends with a classifier
     * @throws IllegalArgumentException if the adapter has none that reads such rows
     * @throws IllegalStateException if it does not train
     */
    public void writeTo(AdapterView adapter, Network network) {
        String head = network.replaceableHead().orElseThrow();
        boolean isWritten = false;
        for (Parameter parameter : adapter.parameters()) {
            if (parameter.name().equals(head + ".weight")) {
                parameter.assign(weight);
                isWritten = true;
            } else if (parameter.name().equals(head + ".bias")) {
                parameter.assign(bias().orElseThrow());
            }
        }
        if (!isWritten) {
            throw new IllegalArgumentException("the adapter must have a classifier of its own, " + head
                    + ", among its modules that are stored in full, found none");
        }
    }

    /** Rows of features with their classes. */
    public static final class Rows {
        /** Divided by their mean norm. */
        private final INDArray features;

        private final double norm;
        private final int[] classes;
        private final double[] classWeights;
        private final boolean hasBias;

        private Rows(INDArray features, double norm, int[] classes, double[] classWeights, boolean hasBias) {
            this.features = features;
            this.norm = norm;
            this.classes = classes;
            this.classWeights = classWeights;
            this.hasBias = hasBias;
        }

        /**
         * Creates rows whose classes count the same.
         *
         * @param features a row for each example {@code [n, dim]}
         * @param classes its class, from 0
         * @param count the number of classes
         * @return the rows, for a classifier with a bias
         * @throws IllegalArgumentException if there is no row, or another number of classes than rows
         */
        public static Rows of(INDArray features, List<Integer> classes, int count) {
            if (classes.isEmpty() || features.size(0) != classes.size()) {
                throw new IllegalArgumentException("softmax regression needs a class for each row, and a row: found "
                        + features.size(0) + " rows and " + classes.size() + " classes");
            }
            INDArray rows = features.castTo(DataType.DOUBLE).dup('c');
            double norm = rows.norm2(1).meanNumber().doubleValue();
            double[] weights = new double[count];
            Arrays.fill(weights, 1);
            return new Rows(
                    norm == 0 ? rows : rows.divi(norm),
                    norm == 0 ? 1 : norm,
                    classes.stream().mapToInt(Integer::intValue).toArray(),
                    weights,
                    true);
        }

        /**
         * Returns the same rows for a loss in which classes count differently.
         *
         * @param weights the weight of each class
         * @return other rows on the same features
         * @throws IllegalArgumentException if there is not one for each class
         */
        public Rows withClassWeights(double... weights) {
            if (weights.length != classWeights.length) {
                throw new IllegalArgumentException("there must be a weight for each of the " + classWeights.length
                        + " classes, found " + weights.length);
            }
            return new Rows(features, norm, classes, weights.clone(), hasBias);
        }

        /**
         * Returns the same rows for a classifier without a bias.
         *
         * @return other rows on the same features
         */
        public Rows withoutBias() {
            return new Rows(features, norm, classes, classWeights, false);
        }

        /**
         * Returns how many there are.
         *
         * @return at least 1
         */
        public int size() {
            return classes.length;
        }

        /**
         * Returns some of the rows.
         *
         * @param rows their numbers, from 0, at least one
         * @return rows of copied features
         */
        public Rows select(int... rows) {
            INDArray selected =
                    Nd4j.createUninitialized(DataType.DOUBLE, new long[] {rows.length, features.size(1)}, 'c');
            for (int i = 0; i < rows.length; i++) {
                selected.putRow(i, features.getRow(rows[i]));
            }
            return new Rows(
                    selected, norm, Arrays.stream(rows).map(i -> classes[i]).toArray(), classWeights, hasBias);
        }

        SoftmaxLoss loss(double penalty) {
            return new SoftmaxLoss(features, classes, classWeights, hasBias, penalty);
        }

        SoftmaxRegression fit(double penalty) {
            SoftmaxLoss loss = loss(penalty);
            double[] found = Lbfgs.minimum(loss, new double[loss.size()]);
            int count = classWeights.length;
            int weights = Math.toIntExact(features.size(1) * count);
            INDArray weight = Nd4j.createFromArray(Arrays.copyOf(found, weights))
                    .reshape('c', features.size(1), count)
                    .transpose()
                    .dup('c');
            INDArray bias = hasBias ? Nd4j.createFromArray(Arrays.copyOfRange(found, weights, found.length)) : null;
            return new SoftmaxRegression(weight.divi(norm), bias, penalty);
        }
    }

    private static double choose(Rows rows) {
        int folds = Math.min(FOLDS, rows.size());
        if (folds < 2) {
            return PENALTIES[0];
        }
        int[] byClass = IntStream.range(0, rows.size())
                .boxed()
                .sorted(Comparator.comparingInt(i -> rows.classes[i]))
                .mapToInt(Integer::intValue)
                .toArray();
        double[] losses = new double[PENALTIES.length];
        double[] errors = new double[PENALTIES.length];
        int held = 0;
        for (int fold = 0; fold < folds && held < ENOUGH_HELD; fold++) {
            int left = fold;
            Rows rest = rows.select(IntStream.range(0, byClass.length)
                    .filter(i -> i % folds != left)
                    .map(i -> byClass[i])
                    .toArray());
            Rows some = rows.select(IntStream.range(0, byClass.length)
                    .filter(i -> i % folds == left)
                    .map(i -> byClass[i])
                    .toArray());
            held += some.size();
            double[] found = null;
            for (int i = 0; i < PENALTIES.length; i++) {
                SoftmaxLoss loss = rest.loss(PENALTIES[i]);
                // The solution for a stronger penalty is near.
                found = Lbfgs.minimum(loss, found == null ? new double[loss.size()] : found);
                SoftmaxLoss.Result result = some.loss(0).measure(found);
                losses[i] += result.loss() * some.size();
                errors[i] += result.errors();
            }
        }
        return Math.sqrt(PENALTIES[smallest(losses)] * PENALTIES[smallest(errors)]);
    }

    /** Returns the first of the smallest, which has the strongest penalty. */
    private static int smallest(double[] values) {
        int smallest = 0;
        for (int i = 1; i < values.length; i++) {
            if (values[i] < values[smallest]) {
                smallest = i;
            }
        }
        return smallest;
    }
}
