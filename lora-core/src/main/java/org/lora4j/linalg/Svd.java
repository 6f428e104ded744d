package org.lora4j.linalg;

import java.util.Objects;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The singular value decomposition {@code A = U·diag(σ)·Vᵀ} of a matrix {@code A [m, n]}. The columns of {@code U [m, k]}
 * and {@code V [n, k]} are orthonormal, and σ₁ ≥ … ≥ σ_k ≥ 0. A {@link #thin} decomposition holds all k = min(m, n)
 * triplets of a singular value and its two vectors. A {@link #truncated} decomposition holds the k triplets with the
 * largest singular values.
 *
 * <p>The signs are fixed: in each column of U, the entry of largest magnitude is positive.
 *
 * <p>The sum of the first r triplets is the matrix of rank r that is nearest to A (Eckart–Young theorem). Its distance to
 * A in the Frobenius norm is {@code √Σ_{i>r} σᵢ²}. {@link #factors} returns this matrix as a product, and {@link #error}
 * returns the distance.
 *
 * <pre>{@code
 * Svd svd = Svd.thin(w);                               // w [m, n]
 * LowRankFactors factors = svd.factors(svd.rank());    // b [m, r], a [r, n]
 * INDArray same = factors.product();                   // equals w up to rounding
 * }</pre>
 */
public final class Svd {
    /** Up to this min(m, n), a thin decomposition takes much less than a second. */
    private static final int EXACT_SIZE = 512;

    /** If the sketch is larger than min(m, n) divided by this number, a randomized decomposition saves little time. */
    private static final int EXACT_SHARE = 4;

    private static final int OVERSAMPLING = 16;

    private final INDArray u;
    private final INDArray singularValues;
    private final INDArray vt;
    private final double[] sigma;
    private final double missing;

    /**
     * Keeps the first {@code count} triplets.
     *
     * @param missed the Frobenius norm of the part of A that {@code all} does not contain
     */
    private Svd(Triplets all, int count, double missed) {
        Triplets kept = all.leading(count).fixSigns();
        this.u = kept.u();
        this.singularValues = kept.s();
        this.vt = kept.vt();
        this.sigma = singularValues.toDoubleVector();
        double[] every = all.s().toDoubleVector();
        this.missing = Math.hypot(missed, norm(every, count, every.length));
    }

    /**
     * Computes all min(m, n) triplets with LAPACK's gesvd. A QR decomposition first reduces a matrix that is not square
     * to a square one.
     *
     * @param a {@code A [m, n]}, FLOAT or DOUBLE, in any memory order and with any strides; not written to
     * @return the decomposition, with k = min(m, n)
     * @throws IllegalArgumentException if {@code a} is not a non-empty matrix of type FLOAT or DOUBLE with finite entries
     * @throws ArithmeticException if the entries are so large that the decomposition overflows, or if LAPACK fails
     */
    public static Svd thin(INDArray a) {
        Objects.requireNonNull(a, "a must not be null");
        Triplets all = Triplets.of(Checks.finiteCopy("SVD", a));
        return new Svd(all, (int) all.s().length(), 0);
    }

    /**
     * Computes the {@code rank} triplets with the largest singular values.
     *
     * <p>If min(m, n) ≤ 512 or rank + 16 &gt; min(m, n)/4, they are the first triplets of {@link #thin}. Otherwise a
     * randomized range finder with 16 additional directions and 6 power iterations computes them (Halko, Martinsson and
     * Tropp 2011, <a href="https://arxiv.org/abs/0909.4061">arXiv:0909.4061</a>). It costs about 15 products of A with
     * rank + 16 vectors. Its random numbers come from a separate generator with a fixed seed, so the same input gives the
     * same result.
     *
     * <p>The randomized result is almost exact if the singular values after {@code rank} are much smaller than the ones
     * before. In the worst case the singular values hardly decrease; then the distance to A is a few tenths of a percent
     * larger than the smallest possible distance. {@link #error} returns the distance of the triplets that were found.
     *
     * @param a {@code A [m, n]}, FLOAT or DOUBLE, in any memory order and with any strides; not written to
     * @param rank the number of triplets, from 1 to min(m, n)
     * @return the decomposition, with k = rank
     * @throws IllegalArgumentException if {@code a} is not a non-empty matrix of type FLOAT or DOUBLE with finite entries,
     *     or if {@code rank} is not in [1, min(m, n)]
     * @throws ArithmeticException if the entries are so large that the decomposition overflows, or if LAPACK fails
     */
    public static Svd truncated(INDArray a, int rank) {
        Objects.requireNonNull(a, "a must not be null");
        Checks.requireMatrix("SVD", a);
        int size = (int) Math.min(a.size(0), a.size(1));
        Checks.requireInRange("SVD: rank", rank, 1, size);
        INDArray copy = Checks.finiteCopy("SVD", a);
        int sketch = rank + OVERSAMPLING;
        return size <= EXACT_SIZE || sketch > size / EXACT_SHARE
                ? new Svd(Triplets.of(copy), rank, 0)
                : randomized(copy, rank, sketch, RangeFinder.POWER_ITERATIONS);
    }

    /**
     * Computes the {@code rank} triplets with the largest singular values by a randomized range finder with {@code rank} + 16
     * directions, or min(m, n) if this is less, whatever the size of the matrix; see {@link #truncated}.
     *
     * @param a {@code A [m, n]}, FLOAT or DOUBLE, in any memory order and with any strides; not written to
     * @param rank the number of triplets, from 1 to min(m, n)
     * @param iterations the number of power iterations, at least 0
     * @return the decomposition, with k = rank
     * @throws IllegalArgumentException if {@code a} is not a non-empty matrix of type FLOAT or DOUBLE with finite entries,
     *     if {@code rank} is not in [1, min(m, n)], or if {@code iterations} is negative
     * @throws ArithmeticException if the entries are so large that the decomposition overflows, or if LAPACK fails
     */
    public static Svd randomized(INDArray a, int rank, int iterations) {
        Objects.requireNonNull(a, "a must not be null");
        Checks.requireMatrix("SVD", a);
        int size = (int) Math.min(a.size(0), a.size(1));
        Checks.requireInRange("SVD: rank", rank, 1, size);
        Checks.requireInRange("SVD: iterations", iterations, 0, Integer.MAX_VALUE);
        return randomized(Checks.finiteCopy("SVD", a), rank, Math.min(size, rank + OVERSAMPLING), iterations);
    }

    /** Computes triplets of {@code Q·Qᵀ·A}, where Q is a basis of {@code sketch} vectors. Overwrites {@code a}. */
    static Svd randomized(INDArray a, int rank, int sketch, int iterations) {
        INDArray q = RangeFinder.basis(a, sketch, iterations);
        INDArray b = Lapack.product(q, true, a, false);
        INDArray rest = Nd4j.gemm(q, b, a, false, false, -1.0, 1.0);
        // The norm of each column first: a sum of millions of floats would lose digits.
        double[] columns = rest.norm2(0).toDoubleVector();
        return new Svd(Triplets.of(b).mappedBy(q), rank, norm(columns, 0, columns.length));
    }

    /**
     * Returns the left singular vectors as columns.
     *
     * @return {@code U [m, k]}. Do not write to it: it is not a copy
     */
    public INDArray u() {
        return u;
    }

    /**
     * Returns the singular values in descending order.
     *
     * @return {@code σ [k]}. Do not write to it: it is not a copy
     */
    public INDArray singularValues() {
        return singularValues;
    }

    /**
     * Returns the right singular vectors as rows.
     *
     * @return {@code Vᵀ [k, n]}. Do not write to it: it is not a copy
     */
    public INDArray vt() {
        return vt;
    }

    /**
     * Returns the effective rank: the number of singular values that are larger than {@code σ₁·max(m, n)·ε}. Smaller ones
     * can come from rounding alone. ε is the distance from 1 to the next number of the type (2⁻²³ for FLOAT, 2⁻⁵² for
     * DOUBLE). NumPy's {@code matrix_rank} uses the same rule.
     *
     * @return the effective rank, from 0 (only for a zero matrix) to k
     */
    public int rank() {
        double epsilon = u.dataType() == DataType.FLOAT ? Math.ulp(1f) : Math.ulp(1.0);
        return rank(sigma[0] * Math.max(u.size(0), vt.size(1)) * epsilon);
    }

    /**
     * Returns the number of singular values that are larger than a tolerance.
     *
     * @param tolerance an absolute tolerance, finite and not negative
     * @return the number of σᵢ &gt; tolerance, from 0 to k
     * @throws IllegalArgumentException if the tolerance is negative, infinite or not a number
     */
    public int rank(double tolerance) {
        if (!(tolerance >= 0 && tolerance < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(
                    "SVD: the tolerance must be finite and not negative, found " + tolerance);
        }
        int rank = 0;
        while (rank < sigma.length && sigma[rank] > tolerance) {
            rank++;
        }
        return rank;
    }

    /**
     * Returns the smallest rank that keeps a share of the energy: the smallest r with
     * {@code Σ_{i≤r} σᵢ² ≥ share·‖A‖²}, where {@code ‖A‖} is the Frobenius norm.
     *
     * @param share the share, in (0, 1]
     * @return the rank, from 0 (only for a zero matrix) to k
     * @throws IllegalArgumentException if {@code share} is not in (0, 1], or if the decomposition is truncated and all its
     *     triplets together keep less than {@code share}
     */
    public int rankForEnergy(double share) {
        if (!(share > 0 && share <= 1)) {
            throw new IllegalArgumentException("SVD: the share of the energy must be in (0, 1], found " + share);
        }
        if (sigma[0] == 0) {
            return 0;
        }
        double total = square(missing / sigma[0]);
        for (double value : sigma) {
            total += square(value / sigma[0]);
        }
        double kept = 0;
        for (int i = 0; i < sigma.length; i++) {
            kept += square(sigma[i] / sigma[0]);
            if (kept >= share * total) {
                return i + 1;
            }
        }
        throw new IllegalArgumentException(
                "SVD: the share of the energy must be at most " + kept / total + ", which the " + sigma.length
                        + " triplets of this truncated decomposition keep, found " + share
                        + "; decompose at a larger rank, or use Svd.thin");
    }

    /**
     * Returns the best approximation of rank r as two factors, with the singular values in the left one:
     * {@code B = U_r·diag(σ)} and {@code A = V_rᵀ}. The rows of A are orthonormal.
     *
     * @param r the rank, from 1 to k
     * @return {@code B [m, r]} and {@code A [r, n]}, new arrays in 'c' order
     * @throws IllegalArgumentException if {@code r} is not in [1, k]
     */
    public LowRankFactors factors(int r) {
        Triplets leading = leading(r);
        return new LowRankFactors(leading.u().muliRowVector(leading.s()), leading.vt());
    }

    /**
     * Returns the best approximation of rank r as two factors, with the square roots of the singular values in each:
     * {@code B = U_r·diag(√σ)} and {@code A = diag(√σ)·V_rᵀ}. Both factors have the same Frobenius norm, so they are a good
     * start for further training.
     *
     * @param r the rank, from 1 to k
     * @return {@code B [m, r]} and {@code A [r, n]}, new arrays in 'c' order
     * @throws IllegalArgumentException if {@code r} is not in [1, k]
     */
    public LowRankFactors balancedFactors(int r) {
        Triplets leading = leading(r);
        INDArray root = Nd4j.math().sqrt(leading.s());
        return new LowRankFactors(leading.u().muliRowVector(root), leading.vt().muliColumnVector(root));
    }

    /**
     * Returns the distance between A and its approximation of rank r in the Frobenius norm:
     * {@code ‖A − U_r·diag(σ)·V_rᵀ‖ = √Σ_{i>r} σᵢ²}. The distance of a truncated decomposition includes the part of A that
     * it does not hold.
     *
     * @param r the rank, from 0 (which gives the norm of A) to k
     * @return the distance, in the unit of the entries
     * @throws IllegalArgumentException if {@code r} is not in [0, k]
     */
    public double error(int r) {
        Checks.requireInRange("SVD: rank", r, 0, sigma.length);
        return Math.hypot(missing, norm(sigma, r, sigma.length));
    }

    /**
     * Returns {@link #error} divided by the Frobenius norm of A.
     *
     * @param r the rank, from 0 to k
     * @return {@code error(r)/‖A‖}, from 0 to 1; 0 for a zero matrix
     * @throws IllegalArgumentException if {@code r} is not in [0, k]
     */
    public double relativeError(int r) {
        double error = error(r);
        return error == 0 ? 0 : error / error(0);
    }

    private Triplets leading(int r) {
        Checks.requireInRange("SVD: rank", r, 1, sigma.length);
        return new Triplets(u, singularValues, vt).leading(r);
    }

    /** Returns the Euclidean norm of {@code values[from, to)}. It scales first, so no square overflows or underflows. */
    private static double norm(double[] values, int from, int to) {
        double largest = 0;
        for (int i = from; i < to; i++) {
            largest = Math.max(largest, values[i]);
        }
        if (largest == 0) {
            return 0;
        }
        double sum = 0;
        for (int i = from; i < to; i++) {
            sum += square(values[i] / largest);
        }
        return largest * Math.sqrt(sum);
    }

    private static double square(double x) {
        return x * x;
    }
}
