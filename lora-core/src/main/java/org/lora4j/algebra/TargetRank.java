package org.lora4j.algebra;

import org.lora4j.linalg.Svd;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Where a singular value decomposition of a layer's ΔW is cut. */
public sealed interface TargetRank {
    /**
     * Decomposes a matrix as far as {@link #choose} needs.
     *
     * @param matrix {@code [out, in]}, FLOAT or DOUBLE; not written to
     * @return the decomposition
     * @throws IllegalArgumentException if an entry is not finite
     */
    Svd decompose(INDArray matrix);

    /**
     * The rank to cut at.
     *
     * @param svd a decomposition
     * @return a rank from 1 to the number of its triplets
     */
    int choose(Svd svd);

    /**
     * One rank for all layers.
     *
     * @param rank r, at least 1
     */
    record Fixed(int rank) implements TargetRank {
        /**
         * Checks the rank.
         *
         * @param rank r
         * @throws IllegalArgumentException if it is less than 1
         */
        public Fixed {
            if (rank < 1) {
                throw new IllegalArgumentException("target rank must be at least 1, found " + rank);
            }
        }

        @Override
        public Svd decompose(INDArray matrix) {
            return Svd.truncated(matrix, (int) Math.min(rank, Math.min(matrix.size(0), matrix.size(1))));
        }

        @Override
        public int choose(Svd svd) {
            return (int) Math.min(rank, svd.singularValues().length());
        }
    }

    /**
     * In each layer the smallest rank that keeps a share of the energy, {@code Σ_{i≤r} σᵢ² ≥ share·‖ΔW‖²}; 1 where ΔW is
     * zero.
     *
     * @param share in (0, 1]
     */
    record EnergyShare(double share) implements TargetRank {
        /**
         * Checks the share.
         *
         * @param share in (0, 1]
         * @throws IllegalArgumentException if it is not in (0, 1]
         */
        public EnergyShare {
            if (!(share > 0 && share <= 1)) {
                throw new IllegalArgumentException("share of energy must be in (0, 1], found " + share);
            }
        }

        @Override
        public Svd decompose(INDArray matrix) {
            return Svd.thin(matrix);
        }

        @Override
        public int choose(Svd svd) {
            return Math.max(1, svd.rankForEnergy(share));
        }
    }

    /**
     * One rank for all layers.
     *
     * @param rank r, at least 1
     * @return the rank
     * @throws IllegalArgumentException if it is less than 1
     */
    static TargetRank of(int rank) {
        return new Fixed(rank);
    }

    /**
     * The smallest rank that keeps a share of the energy, layer by layer.
     *
     * @param share in (0, 1], such as 0.99
     * @return the rank
     * @throws IllegalArgumentException if it is not in (0, 1]
     */
    static TargetRank ofEnergy(double share) {
        return new EnergyShare(share);
    }
}
