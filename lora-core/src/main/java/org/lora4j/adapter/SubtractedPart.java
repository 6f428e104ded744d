package org.lora4j.adapter;

import org.lora4j.linalg.LowRankFactors;
import org.lora4j.linalg.Svd;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What a training elsewhere subtracted from a weight {@code W = U·S·Vᵀ = Q·R} at its start, computed again from the weight:
 * {@code s·B₀·A₀ = U_r·S_r·V_rᵀ} for PiSSA, and {@code B₀·A₀ = Q_r·R_r} for OLoRA. It comes from a whole decomposition in
 * double precision, because every difference from what was subtracted is an error of the weight.
 */
final class SubtractedPart {
    /**
     * The other training decomposed in single precision, which is that of a weight that is off by about {@code 2⁻²⁴·σ₁}. This
     * turns the subspace by that, divided by the distance of the singular values beside its border. With a distance of less
     * than this share of the r-th, the part can differ by more than a thousandth of the r-th singular value.
     */
    private static final double LEAST_DISTANCE = 1000 * 0x1p-24;

    private SubtractedPart() {}

    /**
     * Computes B₀ and A₀.
     *
     * @param layer the original layer; its weight is not written to
     * @param config an initialization that subtracts from the base, without random numbers
     * @return {@code B₀ [out, r]} and {@code A₀ [r, in]}, in double precision
     * @throws IllegalArgumentException if the rank is larger than the weight allows, or rounding decides what was subtracted
     */
    static LowRankFactors of(BaseLayer layer, LoRAConfig config) {
        String path = layer.path();
        int rank = config.rankOf(path);
        INDArray weight = layer.kind().asMatrix(layer.weight()).castTo(DataType.DOUBLE);
        config.init().requireWithin(path, weight, rank);
        return config.init().method() == LoRAInit.Method.PISSA
                ? LoRAInit.principalPart(decomposed(path, weight, rank), rank, config.scaleOf(path))
                : LoRAInit.leadingPart(weight, rank);
    }

    /** Decomposes a weight, and refuses one whose principal part depends on rounding. */
    private static Svd decomposed(String path, INDArray weight, int rank) {
        Svd svd = Svd.thin(weight);
        INDArray sigma = svd.singularValues();
        if (rank < sigma.length()) {
            double last = sigma.getDouble(rank - 1);
            double next = sigma.getDouble(rank);
            if (last - next < LEAST_DISTANCE * last) {
                throw new IllegalArgumentException(path + ": singular values " + rank + " and " + (rank + 1)
                        + " of the weight must differ by more than a share of " + (float) LEAST_DISTANCE
                        + ", so that what PiSSA subtracted does not depend on rounding, found " + last + " and " + next
                        + "; convert the adapter where it was made, with save_pretrained(...,"
                        + " path_initial_model_for_weight_conversion=...)");
            }
        }
        return svd;
    }
}
