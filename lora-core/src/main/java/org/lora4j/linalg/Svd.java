package org.lora4j.linalg;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Singular value decomposition {@code A = U·diag(σ)·Vᵀ} of a matrix {@code A [m,n]}: {@code U [m,k]} and {@code V [n,k]}
 * have orthonormal columns, and σ₁ ≥ … ≥ σ_k ≥ 0. It holds all k = min(m,n) triplets when it is {@link #thin thin}, the
 * k leading ones when it is {@link #truncated truncated}.
 *
 * <p>The signs are fixed: in each column of U the entry of largest magnitude is positive.
 *
 * <p>By the Eckart–Young theorem, the sum of the first r triplets is the nearest matrix of rank r, and its distance in
 * the Frobenius norm is {@code √Σ_{i>r} σᵢ²}. {@link #factors} gives that matrix as a product, {@link #error} the
 * distance.
 *
 * <pre>{@code
 * Svd svd = Svd.thin(w);                               // w [m,n]
 * LowRankFactors factors = svd.factors(svd.rank());    // b [m,r], a [r,n]
 * INDArray same = factors.product();                   // w up to rounding
 * }</pre>
 */
public final class Svd {
    /** Up to this min(m,n) a thin decomposition takes well under a second. */
    private static final int EXACT_SIZE = 512;

    /** Beyond this share of min(m,n), a randomised decomposition saves little. */
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
     * @param missed Frobenius norm of what is in none of {@code all}
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
     * All min(m,n) triplets, computed by LAPACK's gesvd; a matrix that is not square is reduced to a square one by QR
     * before.
     *
     * @param a {@code [m,n]}, FLOAT or DOUBLE, any order or strides; not written to
     * @return the decomposition, with k = min(m,n)
     * @throws IllegalArgumentException if {@code a} is not a non-empty matrix of type FLOAT or DOUBLE with finite entries
     * @throws ArithmeticException if the entries are so large that the decomposition overflows, or if LAPACK fails
     */
    public static Svd thin(INDArray a) {
        Triplets all = Triplets.of(Checks.finiteCopy("SVD", a));
        return new Svd(all, (int) all.s().length(), 0);
    }

    /**
     * The {@code rank} leading triplets.
     *
     * <p>They are those of {@link #thin} where min(m,n) ≤ 512 or rank + 16 &gt; min(m,n)/4. For larger matrices and
     * smaller ranks they come from a randomised range finder with 16 further directions and 6 power iterations (Halko,
     * Martinsson and Tropp 2011, <a href="https://arxiv.org/abs/0909.4061">arXiv:0909.4061</a>), with a generator of its
     * own and a fixed seed, at the cost of some 15 products of {@code a} with rank + 16 vectors. They are as good as
     * exact where the spectrum falls off after {@code rank}; in the worst case, a spectrum that hardly falls, the
     * distance to {@code a} is larger than the smallest possible by a few tenths of a percent. {@link #error} is that of
     * the triplets found, not the smallest possible.
     *
     * @param a {@code [m,n]}, FLOAT or DOUBLE, any order or strides; not written to
     * @param rank number of triplets, from 1 to min(m,n)
     * @return the decomposition, with k = rank
     * @throws IllegalArgumentException if {@code a} is not a non-empty matrix of type FLOAT or DOUBLE with finite entries,
     *     or {@code rank} is not in [1, min(m,n)]
     * @throws ArithmeticException if the entries are so large that the decomposition overflows, or if LAPACK fails
     */
    public static Svd truncated(INDArray a, int rank) {
        Checks.requireMatrix("SVD", a);
        int size = (int) Math.min(a.size(0), a.size(1));
        Checks.requireInRange("SVD: rank", rank, 1, size);
        INDArray copy = Checks.finiteCopy("SVD", a);
        int sketch = rank + OVERSAMPLING;
        return size <= EXACT_SIZE || sketch > size / EXACT_SHARE
                ? new Svd(Triplets.of(copy), rank, 0)
                : randomized(copy, rank, sketch);
    }

    /** The triplets of {@code Q·Qᵀ·A} for a basis Q of {@code sketch} vectors; overwrites {@code a}. */
    static Svd randomized(INDArray a, int rank, int sketch) {
        INDArray q = RangeFinder.basis(a, sketch);
        INDArray b = Lapack.product(q, true, a, false);
        INDArray rest = Nd4j.gemm(q, b, a, false, false, -1.0, 1.0);
        // Column by column: a sum over millions of floats would lose digits.
        double[] columns = rest.norm2(0).toDoubleVector();
        return new Svd(Triplets.of(b).mappedBy(q), rank, norm(columns, 0, columns.length));
    }

    /**
     * The left singular vectors.
     *
     * @return {@code U [m,k]}; the decomposition's own array, not to be written to
     */
    public INDArray u() {
        return u;
    }

    /**
     * The singular values in descending order.
     *
     * @return σ, {@code [k]}; the decomposition's own array, not to be written to
     */
    public INDArray singularValues() {
        return singularValues;
    }

    /**
     * The right singular vectors as rows.
     *
     * @return {@code Vᵀ [k,n]}; the decomposition's own array, not to be written to
     */
    public INDArray vt() {
        return vt;
    }

    /**
     * The effective rank: how many singular values are larger than rounding would leave in a matrix of lower rank,
     * {@code σ₁·max(m,n)·ε}, where ε is the spacing of the type at 1 (2⁻²³ for FLOAT, 2⁻⁵² for DOUBLE). This is the rule
     * of NumPy's {@code matrix_rank}.
     *
     * @return the effective rank, from 0 (only for a zero matrix) to k
     */
    public int rank() {
        double epsilon = u.dataType() == DataType.FLOAT ? Math.ulp(1f) : Math.ulp(1.0);
        return rank(sigma[0] * Math.max(u.size(0), vt.size(1)) * epsilon);
    }

    /**
     * How many singular values are larger than a tolerance.
     *
     * @param tolerance absolute, not negative
     * @return the number of σᵢ &gt; tolerance, from 0 to k
     * @throws IllegalArgumentException if the tolerance is negative, infinite or not a number
     */
    public int rank(double tolerance) {
        if (!(tolerance >= 0 && tolerance < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("SVD: tolerance must be finite and not negative, found " + tolerance);
        }
        int rank = 0;
        while (rank < sigma.length && sigma[rank] > tolerance) {
            rank++;
        }
        return rank;
    }

    /**
     * The smallest rank that keeps a share of the energy: the smallest r with {@code Σ_{i≤r} σᵢ² ≥ share·‖A‖²}, in the
     * Frobenius norm.
     *
     * @param share in (0, 1]
     * @return the rank, from 0 (only for a zero matrix) to k
     * @throws IllegalArgumentException if {@code share} is not in (0, 1], or if the decomposition is truncated and all its
     *     triplets together keep less
     */
    public int rankForEnergy(double share) {
        if (!(share > 0 && share <= 1)) {
            throw new IllegalArgumentException("SVD: share of energy must be in (0, 1], found " + share);
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
                "SVD: share of energy must be at most " + kept / total + ", which is what the " + sigma.length
                        + " triplets of this truncated decomposition keep, found " + share);
    }

    /**
     * The best approximation of rank r as factors, the singular values on the left: {@code B = U_r·diag(σ)},
     * {@code A = V_rᵀ}. The rows of A are orthonormal.
     *
     * @param r rank, from 1 to k
     * @return {@code B [m,r]} and {@code A [r,n]}, new arrays in 'c' order
     * @throws IllegalArgumentException if {@code r} is not in [1, k]
     */
    public LowRankFactors factors(int r) {
        Triplets leading = leading(r);
        return new LowRankFactors(leading.u().muliRowVector(leading.s()), leading.vt());
    }

    /**
     * The best approximation of rank r as factors, the singular values split evenly: {@code B = U_r·diag(√σ)},
     * {@code A = diag(√σ)·V_rᵀ}. Both have the same Frobenius norm, which suits further training.
     *
     * @param r rank, from 1 to k
     * @return {@code B [m,r]} and {@code A [r,n]}, new arrays in 'c' order
     * @throws IllegalArgumentException if {@code r} is not in [1, k]
     */
    public LowRankFactors balancedFactors(int r) {
        Triplets leading = leading(r);
        INDArray root = Nd4j.math().sqrt(leading.s());
        return new LowRankFactors(leading.u().muliRowVector(root), leading.vt().muliColumnVector(root));
    }

    /**
     * What the first r triplets leave: {@code ‖A − U_r·diag(σ)·V_rᵀ‖ = √Σ_{i>r} σᵢ²} in the Frobenius norm, the triplets
     * that a truncated decomposition does not hold included.
     *
     * @param r rank, from 0 (which gives the norm of A) to k
     * @return the distance
     * @throws IllegalArgumentException if {@code r} is not in [0, k]
     */
    public double error(int r) {
        Checks.requireInRange("SVD: rank", r, 0, sigma.length);
        return Math.hypot(missing, norm(sigma, r, sigma.length));
    }

    /**
     * {@link #error} as a share of the norm of A.
     *
     * @param r rank, from 0 to k
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

    /** Euclidean norm of {@code values[from, to)}, scaled so that no square overflows or vanishes. */
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
