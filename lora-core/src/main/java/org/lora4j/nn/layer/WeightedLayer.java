package org.lora4j.nn.layer;

import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.BaseLayer;
import org.lora4j.internal.memory.Fingerprinted;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.nn.parametrization.internal.EffectiveLinear;
import org.lora4j.nn.parametrization.internal.Updatable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A layer with a weight and perhaps a bias, which adapters know by its path. */
public sealed interface WeightedLayer extends Layer, BaseLayer, Updatable, Fingerprinted
        permits Linear, Embedding, NormLayer {
    /**
     * Returns the original weight as a parameter.
     *
     * @return the parameter W
     */
    Parameter weightParameter();

    /**
     * Returns the original bias as a parameter.
     *
     * @return the parameter b, or null if the layer has no bias
     */
    @Nullable
    Parameter biasParameter();

    /**
     * Returns the layer's own parameters, without those of parametrizations.
     *
     * @return the weight and, if there is one, the bias
     */
    default List<Parameter> parameters() {
        Parameter bias = biasParameter();
        return bias == null ? List.of(weightParameter()) : List.of(weightParameter(), bias);
    }

    @Override
    default INDArray weight() {
        return weightParameter().value();
    }

    @Override
    default long[] shape() {
        return weightParameter().shape();
    }

    @Override
    default DataType dataType() {
        return weightParameter().dataType();
    }

    @Override
    default @Nullable INDArray bias() {
        Parameter bias = biasParameter();
        return bias == null ? null : bias.value();
    }

    /**
     * Computes the effective weight, {@code W + Σ ΔWᵢ} over the enabled parametrizations. With none enabled it equals the
     * original weight bit for bit.
     *
     * @return a new array in the shape of W
     */
    default INDArray effectiveWeight() {
        return updates().effective().materialize();
    }

    /**
     * Returns what the layer computes with if nothing updates its weight; not part of the API.
     *
     * @hidden
     */
    @Override
    default EffectiveLinear original() {
        return new EffectiveLinear(weightParameter(), biasParameter(), List.of());
    }

    /**
     * Returns the fingerprint of the weight; not part of the API.
     *
     * @hidden
     */
    @Override
    default String fingerprint() {
        return weightParameter().weight().fingerprint();
    }

    /**
     * Creates a layer of the same kind around other arrays, without parametrizations; not part of the API.
     *
     * @param weight W
     * @param bias b, or null
     * @return the layer
     * @hidden
     */
    WeightedLayer with(INDArray weight, @Nullable INDArray bias);

    @Override
    default Layer with(UnaryOperator<WeightedLayer> weights) {
        return weights.apply(this);
    }
}
