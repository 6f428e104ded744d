package org.lora4j.algebra;

import java.util.Objects;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.linalg.Svd;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Chooses the rank at which the singular value decomposition of a layer's ΔW is truncated. */
public sealed interface TargetRank {
    /**
     * Decomposes a matrix into as many triplets as {@link #choose} needs.
     *
     * @param matrix {@code [out, in]}, FLOAT or DOUBLE; not written to
     * @return the decomposition
     * @throws IllegalArgumentException if an entry is not finite
     * @throws ArithmeticException if the entries are so large that the decomposition overflows
     */
    Svd decompose(INDArray matrix);

    /**
     * Returns the rank at which to truncate a decomposition.
     *
     * @param svd the decomposition
     * @return a rank from 1 to the number of triplets
     */
    int choose(Svd svd);

    /**
     * The same rank in all layers. A layer whose {@code min(out, in)} is smaller gets {@code min(out, in)}.
     *
     * @param rank r, at least 1
     */
    record Fixed(int rank) implements TargetRank {
        /**
         * Checks the rank.
         *
         * @param rank r
         * @throws IllegalArgumentException if it is less than 1 or more than {@link LoRAConfig#MAX_RANK}
         */
        public Fixed {
            if (rank < 1 || rank > LoRAConfig.MAX_RANK) {
                throw new IllegalArgumentException("the target rank must be "
                        + (rank < 1 ? "at least 1" : "at most " + LoRAConfig.MAX_RANK) + ", found " + rank);
            }
        }

        @Override
        public Svd decompose(INDArray matrix) {
            Objects.requireNonNull(matrix, "matrix must not be null");
            return Svd.truncated(matrix, (int) Math.min(rank, Math.min(matrix.size(0), matrix.size(1))));
        }

        @Override
        public int choose(Svd svd) {
            Objects.requireNonNull(svd, "svd must not be null");
            return (int) Math.min(rank, svd.singularValues().length());
        }
    }

    /**
     * In each layer, the smallest rank r that keeps a share of the energy: {@code Σ_{i≤r} σᵢ² ≥ share·‖ΔW‖²}. The rank is
     * 1 if ΔW is zero.
     *
     * @param share the share, in (0, 1]
     */
    record EnergyShare(double share) implements TargetRank {
        /**
         * Checks the share.
         *
         * @param share the share
         * @throws IllegalArgumentException if it is not in (0, 1]
         */
        public EnergyShare {
            if (!(share > 0 && share <= 1)) {
                throw new IllegalArgumentException("the share of the energy must be in (0, 1], found " + share);
            }
        }

        @Override
        public Svd decompose(INDArray matrix) {
            Objects.requireNonNull(matrix, "matrix must not be null");
            return Svd.thin(matrix);
        }

        @Override
        public int choose(Svd svd) {
            Objects.requireNonNull(svd, "svd must not be null");
            return Math.max(1, svd.rankForEnergy(share));
        }
    }

    /**
     * Returns the same rank for all layers. A layer whose {@code min(out, in)} is smaller gets {@code min(out, in)}.
     *
     * @param rank r, at least 1
     * @return the target rank
     * @throws IllegalArgumentException if it is less than 1
     */
    static TargetRank of(int rank) {
        return new Fixed(rank);
    }

    /**
     * Returns, for each layer, the smallest rank that keeps a share of the energy {@code ‖ΔW‖² = Σ σᵢ²}.
     *
     * @param share the share, in (0, 1], such as 0.99
     * @return the target rank
     * @throws IllegalArgumentException if it is not in (0, 1]
     */
    static TargetRank ofEnergy(double share) {
        return new EnergyShare(share);
    }
}
