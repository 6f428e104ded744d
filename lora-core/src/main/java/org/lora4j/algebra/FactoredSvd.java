package org.lora4j.algebra;

import org.lora4j.linalg.LowRankFactors;
import org.lora4j.linalg.Svd;
import org.lora4j.linalg.ThinQr;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The singular value decomposition of a product {@code B·A} that is never formed: with {@code B = Q·R} and
 * {@code Aᵀ = P·T}, it is that of the small {@code R·Tᵀ} between Q and P.
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

    /** The decomposition between Q and P, with the singular values of the product. */
    Svd core() {
        return core;
    }

    /** The best approximation of rank r, the singular values split evenly. */
    LowRankFactors balancedFactors(int r) {
        LowRankFactors inner = core.balancedFactors(r);
        return new LowRankFactors(
                new LowRankFactors(q, inner.b()).product(), new LowRankFactors(inner.a(), p.transpose()).product());
    }
}
