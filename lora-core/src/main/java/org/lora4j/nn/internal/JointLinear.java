package org.lora4j.nn.internal;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.FlatRow;
import org.lora4j.internal.Gemm;
import org.lora4j.internal.RowBlocks;
import org.lora4j.nn.Linear;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A linear layer for the rows of several members: one product with its weight for all rows forward, and one backward. Each
 * member adds its updates to its own rows. A member that trains the layer in full overwrites its rows with the product of
 * its own copy.
 */
final class JointLinear {
    private final Linear layer;
    private final int index;
    private final WeightProduct product;
    private final RowBlocks inputs = new RowBlocks();
    private final RowBlocks outputGradients = new RowBlocks();
    private final JointRows outputs;
    private final JointRows bases;
    private final JointRows baseGradients;
    private final JointRows inputGradients;
    private final OnesColumn ones;
    private final @Nullable INDArray biasRow;
    private final Gemm addBias = new Gemm(false, false, 1, 1);
    private boolean readsBase;
    private boolean sharesBias;

    JointLinear(Linear layer, int index, DataType dataType) {
        this.layer = layer;
        this.index = index;
        product = new WeightProduct(layer.weightParameter().weight());
        outputs = new JointRows(dataType, layer.outputSize());
        bases = new JointRows(dataType, layer.outputSize());
        baseGradients = new JointRows(dataType, layer.outputSize());
        inputGradients = new JointRows(dataType, layer.inputSize());
        ones = new OnesColumn(dataType);
        INDArray bias = layer.bias();
        biasRow = bias == null ? null : FlatRow.of(bias);
    }

    /** Determines what the members have in common. Called when one of them computes with something else than before. */
    void use(JointBatch batch) {
        List<WeightProduct.Further> requested = new ArrayList<>();
        readsBase = false;
        sharesBias = true;
        for (int i = 0; i < batch.count(); i++) {
            LinearPass member = member(batch, i);
            readsBase |= member.readsBase();
            sharesBias &= member.effective().bias() == layer.biasParameter();
            if (sharesWeight(member)) {
                requested.addAll(member.requested());
            }
        }
        product.use(layer.weightParameter().weight(), requested);
    }

    private LinearPass member(JointBatch batch, int i) {
        return batch.member(i).linear(index);
    }

    private boolean sharesWeight(LinearPass member) {
        return member.effective().weight() == layer.weightParameter();
    }

    /** Computes the output of all rows; it stays valid until the next call. */
    INDArray forward(JointBatch batch, INDArray x) {
        INDArray y = outputs.all(batch);
        JointRows products = readsBase ? bases : outputs;
        INDArray xw = products.all(batch);
        product.run(x, xw);
        for (int i = 0; i < batch.count(); i++) {
            if (!sharesWeight(member(batch, i))) {
                member(batch, i).multiply(batch.block(inputs, x, i), products.block(batch, i));
            }
        }
        if (readsBase) {
            y.assign(xw);
        }
        for (int i = 0; i < batch.count(); i++) {
            INDArray block = outputs.block(batch, i);
            member(batch, i).addUpdates(batch.block(inputs, x, i), products.block(batch, i), block);
            if (!sharesBias) {
                member(batch, i).addBias(block);
            }
        }
        if (sharesBias && biasRow != null) {
            addBias.run(ones.rows(batch.rows()), biasRow, y);
        }
        return y;
    }

    /** Computes the gradients of the members' parameters from that of the output. */
    void backward(JointBatch batch, INDArray yGradient) {
        if (readsBase) {
            baseGradients.all(batch).assign(yGradient);
        }
        for (int i = 0; i < batch.count(); i++) {
            member(batch, i)
                    .computeGradients(batch.block(outputGradients, yGradient, i), baseGradient(batch, yGradient, i));
        }
    }

    private INDArray baseGradient(JointBatch batch, INDArray yGradient, int i) {
        return readsBase ? baseGradients.block(batch, i) : batch.block(outputGradients, yGradient, i);
    }

    /** Computes the gradient of the input of all rows, after {@link #backward}. */
    INDArray inputGradient(JointBatch batch, INDArray yGradient) {
        INDArray xGradient = inputGradients.all(batch);
        INDArray xwGradient = readsBase ? baseGradients.all(batch) : yGradient;
        product.runTransposed(xwGradient, xGradient, false);
        for (int i = 0; i < batch.count(); i++) {
            INDArray block = inputGradients.block(batch, i);
            if (!sharesWeight(member(batch, i))) {
                member(batch, i).multiplyGradient(baseGradient(batch, yGradient, i), block);
            }
            member(batch, i).addInputGradients(block);
        }
        return xGradient;
    }
}
