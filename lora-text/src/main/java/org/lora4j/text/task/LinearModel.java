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
import org.lora4j.text.task.internal.LinearLoss;
import org.lora4j.text.task.internal.SoftmaxLoss;
import org.lora4j.text.task.internal.TargetLoss;
import org.lora4j.train.Loss;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * What a frozen model can do as it is: a linear model on features that it computes once. Only this model trains, so it is what an adapter
 * must be better than, and where the classifier of an adapter can begin (Kumar and others, 2022, arXiv:2202.10054).
 *
 * <p>With the features divided by their mean norm, it minimizes {@code L(X·W + b) + λ/2·Σ W²} in DOUBLE, by L-BFGS. The loss is convex, so
 * the result depends on no seed. The rows say L:
 *
 * <ul>
 *   <li>classes: softmax regression, {@code 1/n·Σᵢ −w[yᵢ]·ln softmax(zᵢ)[yᵢ]} with the weight w of each class;
 *   <li>labels: a logistic regression for each, {@code 1/n·ΣᵢΣₖ −wₖ·yᵢₖ·ln σ(zᵢₖ) − (1 − yᵢₖ)·ln(1 − σ(zᵢₖ))} with the weight w of each label;
 *   <li>numbers: ridge regression, {@code 1/n·Σᵢ (zᵢ − yᵢ)²} of numbers divided by their deviation.
 * </ul>
 */
public final class LinearModel {
    private static final double[] PENALTIES = {1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5};
    private static final int FOLDS = 5;
    /** So many rows are left out and predicted in all: of many rows, one fold says enough. */
    private static final int ENOUGH_HELD = 1_000;

    private final INDArray weight;
    private final @Nullable INDArray bias;
    private final double penalty;

    private LinearModel(INDArray weight, @Nullable INDArray bias, double penalty) {
        this.weight = weight;
        this.bias = bias;
        this.penalty = penalty;
    }

    /**
     * Fits a model whose penalty is chosen by cross-validation: each of up to five folds of the rows is predicted by models of the
     * other rows. Taken is the λ of the least loss; of classes the middle, of the logarithms, between it and that of the fewest errors: few
     * rows say little about either, and the two err to other sides.
     *
     * @param rows the rows
     * @return the classifier
     */
    public static LinearModel fit(Rows rows) {
        return rows.fit(choose(rows));
    }

    /**
     * Fits a classifier.
     *
     * @param rows the rows
     * @param penalty λ, not negative; it belongs to features whose mean norm is 1
     * @return the classifier
     */
    public static LinearModel fit(Rows rows, double penalty) {
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

    /** What the rows should give. */
    private interface Targets {
        int rows();

        /** Returns the rows in an order in which every so many of them are like all. */
        int[] order();

        Targets select(int... rows);

        LinearLoss loss(INDArray features, boolean hasBias, double penalty);
    }

    /** The class of each row. */
    private static final class Classes implements Targets {
        private final int[] classes;
        private final double[] weights;

        Classes(int[] classes, double[] weights) {
            this.classes = classes;
            this.weights = weights;
        }

        @Override
        public int rows() {
            return classes.length;
        }

        @Override
        public int[] order() {
            return IntStream.range(0, classes.length)
                    .boxed()
                    .sorted(Comparator.comparingInt(i -> classes[i]))
                    .mapToInt(Integer::intValue)
                    .toArray();
        }

        @Override
        public Targets select(int... rows) {
            return new Classes(Arrays.stream(rows).map(i -> classes[i]).toArray(), weights);
        }

        @Override
        public LinearLoss loss(INDArray features, boolean hasBias, double penalty) {
            return new SoftmaxLoss(features, classes, weights, hasBias, penalty);
        }
    }

    /** A target for each output of each row {@code [n, count]}, DOUBLE. */
    private record Values(INDArray values, Loss loss) implements Targets {
        @Override
        public int rows() {
            return Math.toIntExact(values.size(0));
        }

        @Override
        public int[] order() {
            return IntStream.range(0, rows()).toArray();
        }

        @Override
        public Targets select(int... rows) {
            return new Values(selected(values, rows), loss);
        }

        @Override
        public LinearLoss loss(INDArray features, boolean hasBias, double penalty) {
            return new TargetLoss(features, values, loss, hasBias, penalty);
        }
    }

    private static INDArray selected(INDArray matrix, int... rows) {
        INDArray selected = Nd4j.createUninitialized(DataType.DOUBLE, new long[] {rows.length, matrix.size(1)}, 'c');
        for (int i = 0; i < rows.length; i++) {
            selected.putRow(i, matrix.getRow(rows[i]));
        }
        return selected;
    }

    /** Rows of features with what a model should give for them. */
    public static final class Rows {
        /** Divided by their mean norm; with a bias there is a last column of ones. */
        private final INDArray features;

        private final double norm;
        private final Targets targets;
        private final boolean hasBias;

        /** The targets are multiplied with the scale, and then the center is added. */
        private final double scale;

        private final double center;

        private Rows(INDArray features, double norm, Targets targets, boolean hasBias, double scale, double center) {
            this.features = features;
            this.norm = norm;
            this.targets = targets;
            this.hasBias = hasBias;
            this.scale = scale;
            this.center = center;
        }

        private static Rows of(INDArray features, Targets targets) {
            if (targets.rows() == 0 || features.size(0) != targets.rows()) {
                throw new IllegalArgumentException(
                        "a linear model needs a class, labels or a number for each row, and a" + " row: found "
                                + features.size(0) + " rows and " + targets.rows() + " of these");
            }
            INDArray rows = features.castTo(DataType.DOUBLE);
            double mean = rows.norm2(1).meanNumber().doubleValue();
            double norm = mean == 0 ? 1 : mean;
            INDArray withOnes =
                    Nd4j.createUninitialized(DataType.DOUBLE, new long[] {rows.size(0), rows.size(1) + 1}, 'c');
            first(rows.size(1), withOnes).assign(rows).divi(norm);
            withOnes.putColumn(Math.toIntExact(rows.size(1)), Nd4j.ones(DataType.DOUBLE, rows.size(0)));
            return new Rows(withOnes, norm, targets, true, 1, 0);
        }

        private Rows with(Targets others) {
            return new Rows(features, norm, others, hasBias, scale, center);
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
            double[] weights = new double[count];
            Arrays.fill(weights, 1);
            return of(
                    features,
                    new Classes(classes.stream().mapToInt(Integer::intValue).toArray(), weights));
        }

        /**
         * Creates rows that have any number of labels.
         *
         * @param features a row for each example {@code [n, dim]}
         * @param labels 1 for each of its labels and 0 for the others {@code [n, count]}
         * @param positiveWeights how much each label counts where a row has it, against where it does not
         * @return the rows, for classifiers with a bias
         * @throws IllegalArgumentException if there is no row, or another number of labels than rows or weights
         */
        public static Rows ofLabels(INDArray features, INDArray labels, double... positiveWeights) {
            return of(features, new Values(labels.castTo(DataType.DOUBLE).dup('c'), Loss.multiLabel(positiveWeights)));
        }

        /**
         * Creates rows that have a number.
         *
         * @param features a row for each example {@code [n, dim]}
         * @param numbers its number
         * @param hasBias whether the model has a bias
         * @return the rows
         * @throws IllegalArgumentException if there is no row, or another number of numbers than rows
         */
        public static Rows ofNumbers(INDArray features, List<Double> numbers, boolean hasBias) {
            double[] values = numbers.stream().mapToDouble(Double::doubleValue).toArray();
            double center = hasBias ? Arrays.stream(values).average().orElse(0) : 0;
            double deviation = Math.sqrt(Arrays.stream(values)
                    .map(value -> (value - center) * (value - center))
                    .average()
                    .orElse(0));
            double scale = deviation == 0 ? 1 : deviation;
            INDArray targets = Nd4j.createFromArray(Arrays.stream(values)
                            .map(value -> (value - center) / scale)
                            .toArray())
                    .reshape(values.length, 1);
            Rows rows = of(features, new Values(targets, Loss.meanSquaredError()));
            return new Rows(
                    hasBias ? rows.features : rows.withoutOnes(), rows.norm, rows.targets, hasBias, scale, center);
        }

        /**
         * Returns the same rows for a loss in which classes count differently.
         *
         * @param weights the weight of each class
         * @return other rows on the same features
         * @throws IllegalArgumentException if there is not one for each class, or the rows have no classes
         */
        public Rows withClassWeights(double... weights) {
            int count = targets instanceof Classes of ? of.weights.length : 0;
            if (weights.length != count) {
                throw new IllegalArgumentException(
                        "there must be a weight for each of the " + count + " classes, found " + weights.length);
            }
            return with(new Classes(((Classes) targets).classes, weights.clone()));
        }

        /**
         * Returns the same rows for a classifier without a bias.
         *
         * @return other rows on the same features
         * @throws IllegalStateException if the rows have numbers, whose mean was taken off: {@link #ofNumbers} is asked for a bias or none
         */
        public Rows withoutBias() {
            if (center != 0) {
                throw new IllegalStateException("hasBias must be asked for with the numbers, found them with a bias");
            }
            return new Rows(withoutOnes(), norm, targets, false, scale, center);
        }

        private INDArray withoutOnes() {
            return hasBias ? first(features.size(1) - 1, features).dup('c') : features;
        }

        private static INDArray first(long columns, INDArray rows) {
            return rows.get(NDArrayIndex.all(), NDArrayIndex.interval(0, columns));
        }

        /**
         * Returns how many there are.
         *
         * @return at least 1
         */
        public int size() {
            return targets.rows();
        }

        /**
         * Returns some of the rows.
         *
         * @param rows their numbers, from 0, at least one
         * @return rows of copied features
         */
        public Rows select(int... rows) {
            return new Rows(selected(features, rows), norm, targets.select(rows), hasBias, scale, center);
        }

        LinearLoss loss(double penalty) {
            return targets.loss(features, hasBias, penalty);
        }

        LinearModel fit(double penalty) {
            LinearLoss loss = loss(penalty);
            double[] found = Lbfgs.minimum(loss, new double[loss.size()]);
            long dim = features.size(1) - (hasBias ? 1 : 0);
            int count = Math.toIntExact(loss.size() / features.size(1));
            int weights = Math.toIntExact(dim * count);
            INDArray weight = Nd4j.createFromArray(Arrays.copyOf(found, weights))
                    .reshape('c', dim, count)
                    .transpose()
                    .dup('c');
            INDArray bias = hasBias
                    ? Nd4j.createFromArray(Arrays.copyOfRange(found, weights, found.length))
                            .muli(scale)
                            .addi(center)
                    : null;
            return new LinearModel(weight.muli(scale).divi(norm), bias, penalty);
        }
    }

    private static double choose(Rows rows) {
        int folds = Math.min(FOLDS, rows.size());
        if (folds < 2) {
            return PENALTIES[0];
        }
        int[] order = rows.targets.order();
        double[] losses = new double[PENALTIES.length];
        double[] errors = new double[PENALTIES.length];
        int held = 0;
        for (int fold = 0; fold < folds && held < ENOUGH_HELD; fold++) {
            int left = fold;
            Rows rest = rows.select(IntStream.range(0, order.length)
                    .filter(i -> i % folds != left)
                    .map(i -> order[i])
                    .toArray());
            Rows some = rows.select(IntStream.range(0, order.length)
                    .filter(i -> i % folds == left)
                    .map(i -> order[i])
                    .toArray());
            held += some.size();
            double[] found = null;
            for (int i = 0; i < PENALTIES.length; i++) {
                LinearLoss loss = rest.loss(PENALTIES[i]);
                // The solution for a stronger penalty is near.
                found = Lbfgs.minimum(loss, found == null ? new double[loss.size()] : found);
                LinearLoss.Result result = some.loss(0).measure(found);
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
