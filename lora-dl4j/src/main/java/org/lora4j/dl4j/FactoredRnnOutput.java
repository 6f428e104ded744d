package org.lora4j.dl4j;

import java.util.Arrays;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.recurrent.RnnOutputLayer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.deeplearning4j.util.TimeSeriesUtils;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A frozen output layer of sequences with factors. Each time step is a row. */
@SuppressWarnings("serial") // DL4J declares its layers serializable; nothing serializes them.
final class FactoredRnnOutput extends RnnOutputLayer {
    private final FactoredRows rows;

    FactoredRnnOutput(NeuralNetConfiguration conf, DataType type, FactoredRows rows) {
        super(conf, type);
        this.rows = rows;
    }

    private INDArray channelsFirst(INDArray sequences) {
        return layerConf().getRnnDataFormat() == RNNFormat.NWC ? sequences.permute(0, 2, 1) : sequences;
    }

    private INDArray steps(LayerWorkspaceMgr workspaces, ArrayType use) {
        return TimeSeriesUtils.reshape3dTo2d(channelsFirst(input), workspaces, use);
    }

    private INDArray sequences(INDArray steps, long count, LayerWorkspaceMgr workspaces, ArrayType use) {
        return channelsFirst(TimeSeriesUtils.reshape2dTo3d(steps, count, workspaces, use));
    }

    private INDArray z(INDArray x, boolean training, LayerWorkspaceMgr workspaces) {
        INDArray w = getParamWithNoise("W", training, workspaces);
        INDArray bias = hasBias() ? getParamWithNoise("b", training, workspaces) : null;
        return rows.forward(x.castTo(w.dataType()), w, bias, training, workspaces);
    }

    @Override
    protected Pair<INDArray, INDArray> preOutputWithPreNorm(
            boolean training, boolean forBackprop, LayerWorkspaceMgr workspaces) {
        if (!rows.isActive() || input == null || input.rank() != 2) {
            return super.preOutputWithPreNorm(training, forBackprop, workspaces);
        }
        applyDropOutIfNecessary(training, workspaces);
        INDArray z = z(input, training, workspaces);
        if (maskArray != null) {
            applyMask(z);
        }
        return new Pair<>(z, z);
    }

    @Override
    public INDArray activate(boolean training, LayerWorkspaceMgr workspaces) {
        if (!rows.isActive() || input == null || input.rank() != 3) {
            return super.activate(training, workspaces);
        }
        applyDropOutIfNecessary(training, workspaces);
        INDArray z = z(steps(workspaces, ArrayType.FF_WORKING_MEM), training, workspaces);
        INDArray y = layerConf().getActivationFn().getActivation(z, training);
        if (maskArray != null) {
            applyMask(y);
        }
        return sequences(y, input.size(0), workspaces, ArrayType.ACTIVATIONS);
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr workspaces) {
        assertInputSet(true);
        if (input.rank() != 3 || labels.rank() != 3) {
            throw new IllegalArgumentException(layerConf().getLayerName()
                    + ": the input and the labels must be sequences of rank 3, found "
                    + Arrays.toString(input.shape()) + " and " + Arrays.toString(labels.shape()));
        }
        INDArray all = input;
        input = steps(workspaces, ArrayType.BP_WORKING_MEM);
        try {
            INDArray z = preOutput(true, workspaces);
            INDArray labels2d = getLabels2d(workspaces, ArrayType.BP_WORKING_MEM);
            INDArray g = layerConf()
                    .getLossFn()
                    .computeGradient(labels2d, z, layerConf().getActivationFn(), maskArray);
            INDArray w = getParamWithNoise("W", true, workspaces);
            INDArray xGradient = rows.backward(input.castTo(w.dataType()), g, w, workspaces);
            weightNoiseParams.clear();
            INDArray result = xGradient == null
                    ? null
                    : sequences(
                            backpropDropOutIfPresent(xGradient), all.size(0), workspaces, ArrayType.ACTIVATION_GRAD);
            return new Pair<>(new DefaultGradient(), result);
        } finally {
            input = all;
        }
    }
}
