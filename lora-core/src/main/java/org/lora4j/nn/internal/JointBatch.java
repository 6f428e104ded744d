package org.lora4j.nn.internal;

import java.util.List;
import org.lora4j.internal.RowBlocks;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The members of one step of a {@link JointPass}, and which rows are whose. */
final class JointBatch {
    private final List<Pass> members;
    private final int[] starts;

    JointBatch(List<Pass> members, List<INDArray> inputs) {
        this.members = List.copyOf(members);
        starts = new int[members.size() + 1];
        for (int i = 0; i < members.size(); i++) {
            starts[i + 1] =
                    Math.addExact(starts[i], Math.toIntExact(inputs.get(i).size(0)));
        }
    }

    List<Pass> members() {
        return members;
    }

    int count() {
        return members.size();
    }

    Pass member(int i) {
        return members.get(i);
    }

    int rows() {
        return starts[starts.length - 1];
    }

    int start(int i) {
        return starts[i];
    }

    int size(int i) {
        return starts[i + 1] - starts[i];
    }

    /** The rows of the i-th member in a matrix of all rows. */
    INDArray block(RowBlocks blocks, INDArray matrix, int i) {
        return blocks.of(matrix, start(i), size(i));
    }
}
