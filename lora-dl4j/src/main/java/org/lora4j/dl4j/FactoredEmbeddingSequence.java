package org.lora4j.dl4j;

import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.feedforward.embedding.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Broadcast;

/** A frozen embedding of sequences of ids, with factors. Each position is a row. */
@SuppressWarnings("serial") // DL4J declares its layers serializable; nothing serializes them.
final class FactoredEmbeddingSequence extends EmbeddingSequenceLayer {
    private final FactoredColumns columns;

    FactoredEmbeddingSequence(NeuralNetConfiguration conf, DataType type, FactoredColumns columns) {
        super(conf, type);
        this.columns = columns;
    }

    private boolean isChannelsFirst() {
        return layerConf().getOutputFormat() == RNNFormat.NCW;
    }

    /** The ids of all positions of the first sequence, then of the second, and so on. */
    private int[] ids() {
        return input.dup('c').reshape(input.length()).toIntVector();
    }

    @Override
    protected INDArray preOutput(boolean training, LayerWorkspaceMgr workspaces) {
        INDArray z = super.preOutput(training, workspaces);
        INDArray update = columns.update(ids(), hasBias() ? getParam("b") : null);
        if (update == null) {
            return z;
        }
        INDArray sequences = update.reshape('c', z.size(0), -1, update.size(1));
        return z.addi(isChannelsFirst() ? sequences.permute(0, 2, 1) : sequences);
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr workspaces) {
        assertInputSet(true);
        INDArray z = preOutput(true, workspaces);
        INDArray g = layerConf().getActivationFn().backprop(z, epsilon).getFirst();
        if (maskArray != null) {
            INDArray mask = maskArray.castTo(g.dataType());
            g = Broadcast.mul(g, mask, g.dup(), 0, isChannelsFirst() ? 2 : 1);
        }
        INDArray sequences = isChannelsFirst() ? g.permute(0, 2, 1) : g;
        INDArray rows = sequences.dup('c').reshape('c', -1, sequences.size(2));
        columns.backward(ids(), rows);
        return new Pair<>(new DefaultGradient(), null);
    }
}
