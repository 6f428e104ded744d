package org.lora4j.example.text.experiment;

import org.lora4j.train.Loss;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * The loss of pairs of texts: each first text has to find its second one among those of the batch,
 * {@code L = −1/n · Σᵢ log softmax(scale · aᵢ·pⱼ)ᵢ}. The outputs are {@code [2n, dim]} of norm 1: the first texts, then the
 * second ones. There are no labels.
 *
 * @param scale what the cosines are multiplied by
 */
record InBatchNegatives(double scale) implements Loss {
    @Override
    public double compute(INDArray output, INDArray labels, INDArray gradient) {
        long n = output.size(0) / 2;
        INDArray first = rows(output, 0, n);
        INDArray second = rows(output, n, 2 * n);
        INDArray shares = Transforms.softmax(first.mmul(second.transpose()).muli(scale), false);
        INDArray right = Nd4j.diag(shares);
        double loss = -Transforms.log(right).meanNumber().doubleValue();
        INDArray scores = shares.subi(Nd4j.eye(n).castTo(output.dataType())).muli(scale / n);
        rows(gradient, 0, n).assign(scores.mmul(second));
        rows(gradient, n, 2 * n).assign(scores.transpose().mmul(first));
        return loss;
    }

    private static INDArray rows(INDArray array, long from, long to) {
        return array.get(NDArrayIndex.interval(from, to), NDArrayIndex.all());
    }

    @Override
    public boolean usesLabels() {
        return false;
    }
}
