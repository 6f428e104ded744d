package org.lora4j.dl4j;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.deeplearning4j.nn.gradient.Gradient;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.dl4j.TrainedArray.Role;
import org.lora4j.internal.math.RowNorms;
import org.lora4j.linalg.LowRankFactors;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The parameters with which DL4J's own layer computes: {@code W + ΔW} in a copy. DL4J computes the gradient {@code G} of
 * such a weight, which is projected onto the arrays of the adapter: {@code ∂B = s·V·Aᵀ} and {@code ∂A = s·Bᵀ·V} with
 * {@code V = G}. With DoRA, {@code V = (m/‖W + s·B·A‖)∘G}, and the norm counts as a constant, as in PEFT.
 */
final class EffectiveParameters {
    private final LayerAdapter adapter;
    private final Trained trained;
    private final Map<String, INDArray> original;
    private final Map<String, INDArray> effective;
    private final Map<String, BaseWeight> weights = new LinkedHashMap<>();

    /** The weights without what PiSSA and OLoRA subtract. */
    private final Map<String, INDArray> residual = new LinkedHashMap<>();

    /**
     * Creates them.
     *
     * @param effective the arrays of the layer that computes, which are written to
     */
    EffectiveParameters(LayerAdapter adapter, Attachment attachment, Trained trained, Map<String, INDArray> effective) {
        this.adapter = adapter;
        this.trained = trained;
        this.effective = effective;
        original = attachment.base().paramTable();
        attachment.weights().forEach(weight -> weights.put(weight.parameter(), weight));
        for (Target target : adapter.targets()) {
            BaseWeight weight = weight(target);
            LowRankFactors initial = attachment.subtracted().get(target.parameter());
            residual.put(
                    target.parameter(),
                    initial == null
                            ? weight.weight()
                            : weight.weight()
                                    .sub(LoRAWeights.of(weight.kind(), weight.shape(), initial, null, null)
                                            .delta(weight.weight(), target.scale())));
        }
    }

    private BaseWeight weight(Target target) {
        return Objects.requireNonNull(weights.get(target.parameter()));
    }

    private static INDArray get(Map<String, INDArray> table, String key) {
        return Objects.requireNonNull(table.get(key));
    }

    /** Computes the parameters anew. While the adapter is disabled, they are the original ones, bit for bit. */
    void refresh() {
        for (TrainedArray array : adapter.arrays()) {
            if (array.role() == Role.COPY) {
                INDArray source = trained.isActive()
                        ? Objects.requireNonNull(trained.value(array.parameter(), Role.COPY))
                        : get(original, array.parameter());
                INDArray view = get(effective, array.parameter());
                view.assign(source.reshape('c', view.shape()));
            }
        }
        for (Target target : adapter.targets()) {
            refresh(target, weight(target));
        }
    }

    private void refresh(Target target, BaseWeight weight) {
        INDArray view = weight.view().apply(get(effective, target.parameter()));
        if (!trained.isActive()) {
            view.assign(weight.weight());
            restoreBias(weight);
            return;
        }
        INDArray from = get(residual, target.parameter());
        view.assign(from).addi(TrainedArrays.weights(weight, trained).delta(from, target.scale()));
        INDArray bBias = trained.value(target.parameter(), Role.LORA_B_BIAS);
        if (bBias != null && weight.biasParameter() != null) {
            if (trained.value(weight.biasParameter(), Role.COPY) == null) {
                restoreBias(weight);
            }
            INDArray bias = get(effective, weight.biasParameter());
            bias.addi(bBias.mul(target.scale()).reshape(bias.shape()));
        }
    }

    private void restoreBias(BaseWeight weight) {
        if (weight.biasParameter() != null) {
            get(effective, weight.biasParameter()).assign(get(original, weight.biasParameter()));
        }
    }

    /** Writes the gradients of the adapter's arrays, given those of DL4J's parameters. */
    void project(Gradient gradient) {
        if (!trained.isActive()) {
            return;
        }
        for (TrainedArray array : adapter.arrays()) {
            INDArray copy = trained.gradient(array.parameter(), Role.COPY);
            if (array.role() == Role.COPY && copy != null) {
                INDArray full = gradient.getGradientFor(array.parameter());
                copy.assign(full.reshape('c', copy.shape()));
            }
        }
        for (Target target : adapter.targets()) {
            project(target, weight(target), gradient);
        }
    }

    private void project(Target target, BaseWeight weight, Gradient gradient) {
        String key = target.parameter();
        INDArray aGradient = trained.gradient(key, Role.LORA_A);
        INDArray bGradient = trained.gradient(key, Role.LORA_B);
        if (aGradient == null || bGradient == null) {
            return;
        }
        INDArray g = weight.matrix(gradient.getGradientFor(key));
        INDArray a = Objects.requireNonNull(trained.value(key, Role.LORA_A));
        INDArray b = Objects.requireNonNull(trained.value(key, Role.LORA_B));
        INDArray magnitude = trained.value(key, Role.MAGNITUDE);
        if (magnitude != null) {
            g = throughNorm(target, weight, g, magnitude);
        }
        Nd4j.gemm(g.dup('f'), a, bGradient, false, true, target.scale(), 0);
        Nd4j.gemm(b, g.dup('f'), aGradient, true, false, target.scale(), 0);
        INDArray bBias = trained.gradient(key, Role.LORA_B_BIAS);
        if (bBias != null && weight.biasParameter() != null) {
            INDArray bias = gradient.getGradientFor(weight.biasParameter());
            bBias.assign(bias.reshape(bBias.shape())).muli(target.scale());
        }
    }

    /** Writes the gradient of the magnitude, and returns that of {@code W + s·B·A}. */
    private INDArray throughNorm(Target target, BaseWeight weight, INDArray g, INDArray magnitude) {
        LoRAWeights plain = TrainedArrays.plain(weight, trained);
        INDArray from = get(residual, target.parameter());
        INDArray v = weight.kind().asMatrix(from.add(plain.delta(from, target.scale())));
        INDArray norms = RowNorms.of(v);
        INDArray magnitudeGradient = trained.gradient(target.parameter(), Role.MAGNITUDE);
        if (magnitudeGradient != null) {
            // A row of zeros has the gradient zero.
            INDArray divisors = norms.add(norms.eq(0).castTo(norms.dataType()));
            INDArray product = g.mul(v).sum(1).divi(divisors);
            magnitudeGradient.assign(product.reshape(magnitudeGradient.shape()));
        }
        return g.mulColumnVector(RowNorms.factors(magnitude, norms));
    }
}
