package org.lora4j.dl4j;

import java.util.List;
import org.deeplearning4j.nn.api.layers.IOutputLayer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;

/** An output layer of an adapted network. */
@SuppressWarnings("serial") // DL4J declares its layers serializable; nothing serializes them.
final class AdaptedOutputLayer extends AdaptedLayer implements IOutputLayer {
    private final IOutputLayer output;

    /** Whether the next score is the loss of a training step: DL4J computes it after all gradients. */
    private boolean isStep;

    AdaptedOutputLayer(Inside inside, NeuralNetConfiguration conf, Trained trained) {
        super(inside, conf, trained);
        output = (IOutputLayer) inside.layer();
    }

    /** DL4J computes the gradient without a forward pass of the output layer before it. */
    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr workspaces) {
        refresh();
        Pair<Gradient, INDArray> gradients = super.backpropGradient(epsilon, workspaces);
        isStep = true;
        return gradients;
    }

    @Override
    public void setInput(INDArray input, LayerWorkspaceMgr workspaces) {
        isStep = false;
        super.setInput(input, workspaces);
    }

    @Override
    public boolean needsLabels() {
        return output.needsLabels();
    }

    @Override
    public void setLabels(INDArray labels) {
        output.setLabels(labels);
    }

    @Override
    public INDArray getLabels() {
        return output.getLabels();
    }

    @Override
    public double computeScore(double regularization, boolean training, LayerWorkspaceMgr workspaces) {
        refresh();
        double score = output.computeScore(regularization, training, workspaces);
        if (isStep) {
            isStep = false;
            Divergence.requireFinite(score, iteration());
        }
        return score;
    }

    @Override
    public INDArray computeScoreForExamples(double regularization, LayerWorkspaceMgr workspaces) {
        refresh();
        return output.computeScoreForExamples(regularization, workspaces);
    }

    @Override
    public double f1Score(DataSet data) {
        return output.f1Score(data);
    }

    @Override
    public double f1Score(INDArray examples, INDArray labels) {
        return output.f1Score(examples, labels);
    }

    @Override
    @Deprecated
    public int numLabels() {
        return output.numLabels();
    }

    @Override
    public void fit(DataSetIterator iterator) {
        throw unsupported();
    }

    @Override
    public void fit(INDArray examples, INDArray labels) {
        throw unsupported();
    }

    @Override
    public void fit(DataSet data) {
        throw unsupported();
    }

    @Override
    public void fit(INDArray examples, int[] labels) {
        throw unsupported();
    }

    private static UnsupportedOperationException unsupported() {
        return new UnsupportedOperationException(
                "a layer of an adapted network does not train alone; call fit of the network");
    }

    @Override
    public int[] predict(INDArray examples) {
        return output.predict(examples);
    }

    @Override
    public List<String> predict(DataSet data) {
        return output.predict(data);
    }
}
