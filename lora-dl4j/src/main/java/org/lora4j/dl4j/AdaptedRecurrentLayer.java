package org.lora4j.dl4j;

import java.util.Map;
import org.deeplearning4j.nn.api.layers.RecurrentLayer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A recurrent layer of an adapted network, whose state from step to step is that of the layer inside. */
@SuppressWarnings("serial") // DL4J declares its layers serializable; nothing serializes them.
final class AdaptedRecurrentLayer extends AdaptedLayer implements RecurrentLayer {
    private final RecurrentLayer recurrent;

    AdaptedRecurrentLayer(Inside inside, NeuralNetConfiguration conf, Trained trained) {
        super(inside, conf, trained);
        recurrent = (RecurrentLayer) inside.layer();
    }

    @Override
    public INDArray rnnTimeStep(INDArray input, LayerWorkspaceMgr workspaces) {
        refresh();
        return recurrent.rnnTimeStep(input, workspaces);
    }

    @Override
    public Map<String, INDArray> rnnGetPreviousState() {
        return recurrent.rnnGetPreviousState();
    }

    @Override
    public void rnnSetPreviousState(Map<String, INDArray> state) {
        recurrent.rnnSetPreviousState(state);
    }

    @Override
    public void rnnClearPreviousState() {
        recurrent.rnnClearPreviousState();
    }

    @Override
    public INDArray rnnActivateUsingStoredState(
            INDArray input, boolean training, boolean storeLast, LayerWorkspaceMgr workspaces) {
        refresh();
        return recurrent.rnnActivateUsingStoredState(input, training, storeLast, workspaces);
    }

    @Override
    public Map<String, INDArray> rnnGetTBPTTState() {
        return recurrent.rnnGetTBPTTState();
    }

    @Override
    public void rnnSetTBPTTState(Map<String, INDArray> state) {
        recurrent.rnnSetTBPTTState(state);
    }

    @Override
    public Pair<Gradient, INDArray> tbpttBackpropGradient(INDArray epsilon, int length, LayerWorkspaceMgr workspaces) {
        if (isBelowTraining()) {
            return new Pair<>(new DefaultGradient(), null);
        }
        provideGradients();
        return projected(recurrent.tbpttBackpropGradient(epsilon, length, workspaces));
    }
}
