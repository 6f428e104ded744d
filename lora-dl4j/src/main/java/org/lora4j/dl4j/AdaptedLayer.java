package org.lora4j.dl4j;

import java.util.Map;
import java.util.Objects;
import org.deeplearning4j.nn.api.TrainingConfig;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.wrapper.BaseWrapperLayer;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.jspecify.annotations.Nullable;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A layer of an adapted network, as DL4J sees it: its parameters are the arrays of the adapter. A frozen layer inside
 * computes; the arrays of the base are its parameters.
 */
@SuppressWarnings("serial") // DL4J declares its layers serializable; nothing serializes them.
class AdaptedLayer extends BaseWrapperLayer {
    private final org.deeplearning4j.nn.conf.layers.Layer layer;
    private final LayerAdapter adapter;
    private final TrainedArrayInitializer arrays;
    private final Trained trained;
    private final Inside inside;
    private NeuralNetConfiguration conf;
    private @Nullable INDArray values;
    private @Nullable INDArray gradients;

    /** How many steps the network has taken, as far as it has told. */
    private int steps;

    AdaptedLayer(Inside inside, NeuralNetConfiguration conf, Trained trained) {
        super(inside.layer());
        this.conf = conf;
        this.trained = trained;
        layer = conf.getLayer();
        adapter = trained.adapter();
        arrays = new TrainedArrayInitializer(adapter.arrays());
        this.inside = inside;
    }

    Trained trained() {
        return trained;
    }

    /**
     * Brings the parameters of the inner layer up to date.
     *
     * @throws IllegalStateException if the base was trained, so that it and what was computed from it do not belong together
     */
    final void refresh() {
        Attachment attachment = adapter.attachment();
        if (attachment != null) {
            attachment.requireBase().run();
        }
        inside.refresh();
    }

    /** What the inner layer returned from backpropagation, with the gradients of the adapter's arrays. */
    final Pair<Gradient, INDArray> projected(Pair<Gradient, INDArray> inner) {
        if (inside.effective() != null) {
            inside.effective().project(inner.getFirst());
        }
        Divergence.requireFinite(layer.getLayerName(), gradients, iteration());
        return new Pair<>(trained.gradients(), passesGradient() ? inner.getSecond() : null);
    }

    /** The number of the training step, from 1. */
    final long iteration() {
        return steps + 1L;
    }

    private boolean passesGradient() {
        Attachment attachment = adapter.attachment();
        return attachment == null || attachment.passesGradient();
    }

    /** Whether backpropagation ends above this layer: nothing here or below trains. */
    final boolean isBelowTraining() {
        return adapter.arrays().isEmpty() && !passesGradient();
    }

    /** DL4J's own layers write the gradients of their parameters somewhere: here outside of its workspaces. */
    final void provideGradients() {
        if (underlying.getGradientsViewArray() == null && underlying.numParams() > 0) {
            underlying.setBackpropGradientsViewArray(
                    Nd4j.createUninitializedDetached(underlying.params().dataType(), underlying.numParams())
                            .assign(0));
        }
    }

    @Override
    public void setInput(INDArray input, LayerWorkspaceMgr workspaces) {
        inside.forget();
        super.setInput(input, workspaces);
    }

    @Override
    public void clear() {
        inside.forget();
        super.clear();
    }

    @Override
    public INDArray activate(boolean training, LayerWorkspaceMgr workspaces) {
        refresh();
        return underlying.activate(training, workspaces);
    }

    @Override
    public INDArray activate(INDArray input, boolean training, LayerWorkspaceMgr workspaces) {
        inside.forget();
        refresh();
        return underlying.activate(input, training, workspaces);
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr workspaces) {
        if (isBelowTraining()) {
            return new Pair<>(new DefaultGradient(), null);
        }
        provideGradients();
        return projected(underlying.backpropGradient(epsilon, workspaces));
    }

    @Override
    public @Nullable INDArray params() {
        return values;
    }

    @Override
    public long numParams() {
        return arrays.length();
    }

    @Override
    public long numParams(boolean backwards) {
        return numParams();
    }

    @Override
    public void setParams(INDArray params) {
        if (values != null && params != values) {
            values.assign(params.reshape(values.shape()));
        }
    }

    @Override
    public void setParamsViewArray(@Nullable INDArray params) {
        values = params;
    }

    @Override
    public Map<String, INDArray> paramTable() {
        return trained.values();
    }

    @Override
    public Map<String, INDArray> paramTable(boolean backpropOnly) {
        return trained.values();
    }

    @Override
    public void setParamTable(Map<String, INDArray> table) {
        trained.setValues(table);
    }

    @Override
    public INDArray getParam(String key) {
        return Objects.requireNonNull(trained.values().get(key), key);
    }

    @Override
    public void setParam(String key, INDArray value) {
        getParam(key).assign(value);
    }

    @Override
    public @Nullable INDArray getGradientsViewArray() {
        return gradients;
    }

    @Override
    public void setBackpropGradientsViewArray(@Nullable INDArray view) {
        gradients = view;
        trained.setGradients(arrays.views(view));
    }

    @Override
    public NeuralNetConfiguration conf() {
        return conf;
    }

    @Override
    public void setConf(NeuralNetConfiguration changed) {
        conf = changed;
    }

    @Override
    public TrainingConfig getConfig() {
        return layer;
    }

    @Override
    public boolean updaterDivideByMinibatch(String key) {
        return true;
    }

    @Override
    public double calcRegularizationScore(boolean backpropOnly) {
        return 0;
    }

    /** The constraints of the base are about weights that do not change. DL4J calls this after each step. */
    @Override
    public void applyConstraints(int iteration, int epoch) {
        steps = iteration;
    }

    @Override
    public void update(Gradient gradient) {
        throw new UnsupportedOperationException("the network updates this layer");
    }

    @Override
    public boolean isPretrainLayer() {
        return false;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return this == other;
    }

    @Override
    protected boolean canEqual(Object other) {
        return other instanceof AdaptedLayer;
    }

    @Override
    public int hashCode() {
        return System.identityHashCode(this);
    }

    @Override
    public String toString() {
        return "AdaptedLayer[" + layer + "]";
    }
}
