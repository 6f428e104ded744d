package org.lora4j.algebra;

import org.lora4j.linalg.LowRankFactors;
import org.lora4j.linalg.Svd;
import org.lora4j.linalg.ThinQr;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The singular value decomposition of a product {@code B·A [out, in]}. It does not form the product: if {@code B = Q·R}
 * and {@code Aᵀ = P·T}, then {@code B·A = Q·(R·Tᵀ)·Pᵀ}, and only the small {@code R·Tᵀ} is decomposed.
 */
final class FactoredSvd {
    private final INDArray q;
    private final INDArray p;
    private final Svd core;

    FactoredSvd(LowRankFactors factors) {
        ThinQr left = ThinQr.of(factors.b());
        ThinQr right = ThinQr.of(factors.a().transpose());
        q = left.q();
        p = right.q();
        core = Svd.thin(left.r().mmul(right.r().transpose()));
    }

    /** Returns the decomposition of {@code R·Tᵀ}. It has the singular values of the product. */
    Svd core() {
        return core;
    }

    /** Returns the best approximation of rank r, with the square roots of the singular values in each factor. */
    LowRankFactors balancedFactors(int r) {
        LowRankFactors inner = core.balancedFactors(r);
        return new LowRankFactors(
                new LowRankFactors(q, inner.b()).product(), new LowRankFactors(inner.a(), p.transpose()).product());
    }
}
