package org.lora4j.dl4j;

import java.io.Serial;
import org.deeplearning4j.nn.api.MaskState;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.jspecify.annotations.Nullable;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * A preprocessor of DL4J's below the lowest layer that trains: no gradient comes back to it.
 *
 * <p>This class is public because DL4J creates it when it reads a stored network.
 *
 * @param inner the preprocessor of the base
 * @serial exclude
 */
public record ForwardOnly(@JsonProperty("inner") InputPreProcessor inner) implements InputPreProcessor {
    @Serial
    private static final long serialVersionUID = 1L;

    @Override
    public INDArray preProcess(INDArray input, int batchSize, LayerWorkspaceMgr workspaces) {
        return inner.preProcess(input, batchSize, workspaces);
    }

    @Override
    public @Nullable INDArray backprop(@Nullable INDArray gradient, int batchSize, LayerWorkspaceMgr workspaces) {
        return null;
    }

    @Override
    public InputPreProcessor clone() {
        return new ForwardOnly(inner.clone());
    }

    @Override
    public InputType getOutputType(InputType inputType) {
        return inner.getOutputType(inputType);
    }

    @Override
    public Pair<INDArray, MaskState> feedForwardMaskArray(INDArray mask, MaskState state, int batchSize) {
        return inner.feedForwardMaskArray(mask, state, batchSize);
    }
}
