package org.lora4j.dl4j;

import java.io.Serial;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.wrapper.BaseWrapperLayer;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.regularization.Regularization;
import org.nd4j.shade.jackson.annotation.JsonAutoDetect;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * The configuration of a layer in a network that {@link LoRANetwork} made: a frozen layer of the base, and the arrays that
 * an adapter trains for it. The arrays of the base are not parameters of this layer. So they are neither updated nor copied
 * nor stored with the network.
 *
 * <p>This class is public because DL4J creates it when it reads a stored network. Use {@link LoRANetwork} in your code.
 *
 * @serial exclude
 */
@JsonAutoDetect(
        fieldVisibility = JsonAutoDetect.Visibility.ANY,
        getterVisibility = JsonAutoDetect.Visibility.NONE,
        isGetterVisibility = JsonAutoDetect.Visibility.NONE,
        setterVisibility = JsonAutoDetect.Visibility.NONE)
@SuppressWarnings("serial") // The lists are copies that can be serialized, as their elements can.
public final class LoRALayer extends BaseWrapperLayer {
    @Serial
    private static final long serialVersionUID = 1L;

    private final List<Target> targets;
    private final List<TrainedArray> arrays;
    private final @Nullable IUpdater updater;
    private final transient LayerAdapter adapter;

    @JsonCreator
    LoRALayer(
            @JsonProperty("underlying") Layer underlying,
            @JsonProperty("targets") List<Target> targets,
            @JsonProperty("arrays") List<TrainedArray> arrays,
            @JsonProperty("updater") @Nullable IUpdater updater) {
        this(underlying, new LayerAdapter(List.copyOf(targets), List.copyOf(arrays)), updater);
    }

    LoRALayer(Layer underlying, LayerAdapter adapter, @Nullable IUpdater updater) {
        super(underlying);
        this.adapter = adapter;
        this.updater = updater;
        targets = adapter.targets();
        arrays = adapter.arrays();
        setLayerName(underlying.getLayerName());
    }

    /** A configuration that Java read has its adapter anew, without a base. */
    @Serial
    private Object readResolve() {
        return new LoRALayer(underlying, targets, arrays, updater);
    }

    LayerAdapter adapter() {
        return adapter;
    }

    void setLearningRate(double rate) {
        if (updater != null) {
            updater.setLrAndSchedule(rate, null);
        }
    }

    /** The configuration of the layer of the base. */
    NeuralNetConfiguration inner(NeuralNetConfiguration conf) {
        NeuralNetConfiguration inner = conf.clone();
        inner.setLayer(underlying);
        inner.clearVariables();
        return inner;
    }

    /**
     * Copies the configuration. The copy is attached to the same base.
     *
     * @return the copy
     */
    @Override
    public LoRALayer clone() {
        return new LoRALayer(underlying.clone(), adapter.copy(), updater == null ? null : updater.clone());
    }

    @Override
    public org.deeplearning4j.nn.api.Layer instantiate(
            NeuralNetConfiguration conf,
            Collection<TrainingListener> listeners,
            int index,
            @Nullable INDArray view,
            boolean initialize,
            DataType type) {
        return AdaptedLayers.create(this, conf, listeners, index, view, type);
    }

    @Override
    public ParamInitializer initializer() {
        return new TrainedArrayInitializer(arrays);
    }

    @Override
    public @Nullable List<Regularization> getRegularizationByParam(String parameter) {
        return null;
    }

    @Override
    public boolean isPretrainParam(String parameter) {
        return false;
    }

    @Override
    public @Nullable IUpdater getUpdaterByParam(String parameter) {
        return updater;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof LoRALayer that
                && underlying.equals(that.underlying)
                && targets.equals(that.targets)
                && arrays.equals(that.arrays)
                && Objects.equals(updater, that.updater);
    }

    @Override
    protected boolean canEqual(Object other) {
        return other instanceof LoRALayer;
    }

    @Override
    public int hashCode() {
        return Objects.hash(underlying, targets, arrays, updater);
    }

    @Override
    public String toString() {
        return "LoRALayer[" + underlying.getClass().getSimpleName() + ", " + arrays + "]";
    }
}
