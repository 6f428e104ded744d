package org.lora4j.dl4j;

import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.OutputLayer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A frozen output layer with factors. */
@SuppressWarnings("serial") // DL4J declares its layers serializable; nothing serializes them.
final class FactoredOutput extends OutputLayer {

    private final FactoredRows rows;

    FactoredOutput(NeuralNetConfiguration conf, DataType type, FactoredRows rows) {
        super(conf, type);
        this.rows = rows;
    }

    @Override
    protected Pair<INDArray, INDArray> preOutputWithPreNorm(
            boolean training, boolean forBackprop, LayerWorkspaceMgr workspaces) {
        INDArray w = getParamWithNoise("W", training, workspaces);
        if (!rows.computes(input, w)) {
            return super.preOutputWithPreNorm(training, forBackprop, workspaces);
        }
        applyDropOutIfNecessary(training, workspaces);
        INDArray bias = hasBias() ? getParamWithNoise("b", training, workspaces) : null;
        INDArray z = rows.forward(input.castTo(w.dataType()), w, bias, training, workspaces);
        if (maskArray != null) {
            applyMask(z);
        }
        return new Pair<>(z, z);
    }

    /** DL4J asks for it twice in a step: for the gradient and for the score. Its losses can overwrite it. */
    @Override
    protected INDArray preOutput2d(boolean training, LayerWorkspaceMgr workspaces) {
        INDArray kept = training ? rows.kept() : null;
        if (kept != null) {
            return kept.dup();
        }
        INDArray z = super.preOutput2d(training, workspaces);
        if (training) {
            rows.keep(z);
        }
        return z;
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr workspaces) {
        assertInputSet(true);
        INDArray z = preOutput2d(true, workspaces);
        INDArray labels2d = getLabels2d(workspaces, ArrayType.BP_WORKING_MEM);
        INDArray g =
                layerConf().getLossFn().computeGradient(labels2d, z, layerConf().getActivationFn(), maskArray);
        INDArray w = getParamWithNoise("W", true, workspaces);
        INDArray xGradient = rows.backward(input.castTo(w.dataType()), g, w, workspaces);
        return new Pair<>(new DefaultGradient(), xGradient == null ? null : backpropDropOutIfPresent(xGradient));
    }
}
