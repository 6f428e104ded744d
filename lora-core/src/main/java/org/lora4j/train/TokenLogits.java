package org.lora4j.train;

import org.lora4j.nn.compute.internal.Pass;
import org.lora4j.nn.compute.internal.RowsLoss;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The logits of the tokens of a segment, for a loss of some of them. */
interface TokenLogits {
    /** The type of the logits. */
    DataType dataType();

    /**
     * Shows the logits of some rows, in blocks. What is written to them is lost.
     *
     * @param rows the rows, in ascending order
     * @return the sum of what the visitor returned
     */
    double visit(int[] rows, RowsLoss visitor);

    /**
     * Computes a loss of some rows, in blocks, and in a training the gradients. The other rows have no part in them.
     *
     * @param rows the rows, in ascending order
     * @return the sum of what the loss returned
     */
    double differentiate(int[] rows, RowsLoss loss);

    /** Whether there are gradients to compute. */
    boolean isTraining();

    /** Returns logits that the head of a pass computes, block by block. */
    static TokenLogits ofHead(Pass pass, int segment, DataType type) {
        return new TokenLogits() {
            @Override
            public DataType dataType() {
                return type;
            }

            @Override
            public double visit(int[] rows, RowsLoss visitor) {
                return pass.headOutput(segment, rows, visitor);
            }

            @Override
            public double differentiate(int[] rows, RowsLoss loss) {
                return pass.headLoss(segment, rows, loss);
            }

            @Override
            public boolean isTraining() {
                return pass.isTraining();
            }
        };
    }

    /**
     * Returns logits that are there for all rows.
     *
     * @param output the logits {@code [rows, vocabulary]}
     * @param gradient gets the gradient of all rows
     */
    static TokenLogits of(INDArray output, INDArray gradient) {
        return new TokenLogits() {
            @Override
            public DataType dataType() {
                return output.dataType();
            }

            private INDArray chosen(int[] rows) {
                INDArray chosen = Nd4j.createUninitialized(output.dataType(), rows.length, output.size(1));
                for (int i = 0; i < rows.length; i++) {
                    chosen.putRow(i, output.getRow(rows[i]));
                }
                return chosen;
            }

            @Override
            public double visit(int[] rows, RowsLoss visitor) {
                return visitor.compute(chosen(rows), 0);
            }

            @Override
            public double differentiate(int[] rows, RowsLoss loss) {
                INDArray chosen = chosen(rows);
                double value = loss.compute(chosen, 0);
                gradient.assign(0);
                for (int i = 0; i < rows.length; i++) {
                    gradient.putRow(rows[i], chosen.getRow(i));
                }
                return value;
            }

            @Override
            public boolean isTraining() {
                return true;
            }
        };
    }
}
