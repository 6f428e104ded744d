package org.lora4j.dl4j;

import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.feedforward.embedding.EmbeddingLayer;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A frozen embedding of one id for each example, with factors. */
@SuppressWarnings("serial") // DL4J declares its layers serializable; nothing serializes them.
final class FactoredEmbedding extends EmbeddingLayer {
    private final FactoredColumns columns;

    FactoredEmbedding(NeuralNetConfiguration conf, DataType type, FactoredColumns columns) {
        super(conf, type);
        this.columns = columns;
    }

    private int[] ids() {
        return input.dup('c').reshape(input.length()).toIntVector();
    }

    @Override
    protected INDArray preOutput(boolean training, LayerWorkspaceMgr workspaces) {
        INDArray rows = super.preOutput(training, workspaces);
        INDArray update = columns.update(ids(), hasBias() ? getParam("b") : null);
        return update == null ? rows : rows.addi(update);
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr workspaces) {
        assertInputSet(true);
        INDArray z = preOutput(true, workspaces);
        INDArray g = layerConf().getActivationFn().backprop(z, epsilon).getFirst();
        if (maskArray != null) {
            applyMask(g);
        }
        columns.backward(ids(), g);
        return new Pair<>(new DefaultGradient(), null);
    }
}
