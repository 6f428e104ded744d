package org.lora4j.dl4j;

import java.util.List;
import org.deeplearning4j.nn.api.layers.IOutputLayer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.wrapper.BaseWrapperLayer;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.AbstractLayer;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;

/**
 * Stands for a layer whose base is missing, because DL4J created it from a file or from the JSON text of a network. It can
 * stand for an output layer too.
 */
@SuppressWarnings("serial") // DL4J declares its layers serializable; nothing serializes them.
final class UnattachedLayer extends AbstractLayer<BaseWrapperLayer> implements IOutputLayer {

    UnattachedLayer(NeuralNetConfiguration conf, DataType type) {
        super(conf, type);
    }

    private IllegalStateException missing() {
        return new IllegalStateException("layer '" + conf().getLayer().getLayerName()
                + "' must be attached to the network that it adapts, found none: files and JSON texts of an adapted"
                + " network hold the adapter only; restore the base too, and call"
                + " LoRANetwork.of(base).add(name, config, network)");
    }

    @Override
    public INDArray activate(boolean training, LayerWorkspaceMgr workspaces) {
        throw missing();
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr workspaces) {
        throw missing();
    }

    @Override
    public double computeScore(double regularization, boolean training, LayerWorkspaceMgr workspaces) {
        throw missing();
    }

    @Override
    public INDArray computeScoreForExamples(double regularization, LayerWorkspaceMgr workspaces) {
        throw missing();
    }

    @Override
    public boolean needsLabels() {
        return true;
    }

    @Override
    public void setLabels(INDArray labels) {
        // The forward pass fails.
    }

    @Override
    public INDArray getLabels() {
        throw missing();
    }

    @Override
    public double f1Score(DataSet data) {
        throw missing();
    }

    @Override
    public double f1Score(INDArray examples, INDArray labels) {
        throw missing();
    }

    @Override
    @Deprecated
    public int numLabels() {
        throw missing();
    }

    @Override
    public void fit(DataSetIterator iterator) {
        throw missing();
    }

    @Override
    public int[] predict(INDArray examples) {
        throw missing();
    }

    @Override
    public List<String> predict(DataSet data) {
        throw missing();
    }

    @Override
    public void fit(INDArray examples, INDArray labels) {
        throw missing();
    }

    @Override
    public void fit(DataSet data) {
        throw missing();
    }

    @Override
    public void fit(INDArray examples, int[] labels) {
        throw missing();
    }

    @Override
    public boolean isPretrainLayer() {
        return false;
    }

    @Override
    public void clearNoiseWeightParams() {
        // Has none.
    }
}
