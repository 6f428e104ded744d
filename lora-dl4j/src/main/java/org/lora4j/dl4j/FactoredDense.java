package org.lora4j.dl4j;

import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.feedforward.dense.DenseLayer;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A frozen dense layer with factors. */
@SuppressWarnings("serial") // DL4J declares its layers serializable; nothing serializes them.
final class FactoredDense extends DenseLayer {
    private final FactoredRows rows;

    FactoredDense(NeuralNetConfiguration conf, DataType type, FactoredRows rows) {
        super(conf, type);
        this.rows = rows;
    }

    @Override
    protected Pair<INDArray, INDArray> preOutputWithPreNorm(
            boolean training, boolean forBackprop, LayerWorkspaceMgr workspaces) {
        INDArray kept = rows.kept();
        if (forBackprop && kept != null) {
            return new Pair<>(kept, kept);
        }
        INDArray z = compute(training, forBackprop, workspaces);
        if (training && !forBackprop) {
            rows.keep(z);
        }
        return new Pair<>(z, z);
    }

    private INDArray compute(boolean training, boolean forBackprop, LayerWorkspaceMgr workspaces) {
        INDArray w = getParamWithNoise("W", training, workspaces);
        if (!rows.computes(input, w)) {
            return super.preOutputWithPreNorm(training, forBackprop, workspaces).getFirst();
        }
        assertInputSet(forBackprop);
        applyDropOutIfNecessary(training, workspaces);
        INDArray bias = hasBias() ? getParamWithNoise("b", training, workspaces) : null;
        INDArray z = rows.forward(input.castTo(w.dataType()), w, bias, training, workspaces);
        if (maskArray != null) {
            applyMask(z);
        }
        return z;
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr workspaces) {
        assertInputSet(true);
        INDArray z = preOutputWithPreNorm(true, true, workspaces).getFirst();
        INDArray g = rows.throughActivation(layerConf().getActivationFn(), z, epsilon);
        if (maskArray != null) {
            applyMask(g);
        }
        INDArray w = getParamWithNoise("W", true, workspaces);
        INDArray xGradient = rows.backward(input.castTo(w.dataType()), g, w, workspaces);
        weightNoiseParams.clear();
        return new Pair<>(new DefaultGradient(), xGradient == null ? null : backpropDropOutIfPresent(xGradient));
    }
}
