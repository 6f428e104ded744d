package org.lora4j.dl4j;

import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Matrices of rows in DL4J's workspaces. */
final class Rows {
    private Rows() {}

    /** A matrix in 'f' order whose elements are not set. */
    static INDArray create(LayerWorkspaceMgr workspaces, ArrayType use, DataType type, long rows, long columns) {
        return workspaces.createUninitialized(use, type, new long[] {rows, columns}, 'f');
    }

    /** Where the gradient of the input is written to, or null if no layer below needs it. */
    static @Nullable INDArray gradient(FactoredRows rows, LayerWorkspaceMgr workspaces, INDArray g, INDArray w) {
        return rows.passesGradient()
                ? create(workspaces, ArrayType.ACTIVATION_GRAD, g.dataType(), g.size(0), w.size(0))
                : null;
    }
}
