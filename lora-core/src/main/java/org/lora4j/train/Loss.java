package org.lora4j.train;

import java.util.Objects;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A loss function: it computes a number for a batch, and the gradient of this number with respect to the outputs.
 *
 * <p>The losses of this library accept labels of every numeric type of ND4J and BOOL, whatever the type of the outputs: FLOAT,
 * DOUBLE, FLOAT16, BFLOAT16, and whole numbers. They are read as they are, and everything is computed in double precision.
 */
public interface Loss {
    /**
     * Computes the loss of a batch and its gradient.
     *
     * @param output the outputs of the model, {@code [n, out]}; not written to
     * @param labels the expected outputs, {@code [n, out]}; not written to
     * @param gradient receives {@code ∂L/∂output [n, out]}
     * @return the loss L
     */
    double compute(INDArray output, INDArray labels, INDArray gradient);

    /**
     * Returns whether the loss compares the outputs with labels. If not, batches need none, and {@link #compute} gets the
     * outputs in their place.
     *
     * @return true unless overridden
     */
    default boolean usesLabels() {
        return true;
    }

    /**
     * Returns the mean softmax cross-entropy, {@code L = −1/n · Σᵢ Σₖ yᵢₖ·(zᵢₖ − logΣⱼ exp zᵢⱼ)}. The outputs z are logits,
     * so the last layer of the model must have no activation. The labels y are one-hot vectors or probabilities; a
     * {@link Trainer} refuses a batch with negative ones, or with a row whose sum is not 1. The
     * log-sum-exp method computes the loss without overflow, and no logit is clipped.
     *
     * @return the loss function
     */
    static Loss softmaxCrossEntropy() {
        return SoftmaxCrossEntropy.INSTANCE;
    }

    /**
     * Returns the mean softmax cross-entropy with a weight for each class, for data in which some classes are rare:
     * {@code L = −1/n · Σᵢ Σₖ wₖ·yᵢₖ·(zᵢₖ − logΣⱼ exp zᵢⱼ)}. Otherwise it is {@link #softmaxCrossEntropy()}. The sum is divided by
     * the number of rows and not by their weights, as Keras does it and other than PyTorch. So it is a mean over rows, as
     * {@link Trainer.Builder#accumulate} needs it. Weights whose mean over all examples is 1 keep the size of the loss.
     *
     * @param classWeights w, finite and at least 0, one for each class
     * @return the loss function. It throws an {@link IllegalArgumentException} if the labels have another number of classes
     * @throws IllegalArgumentException if there is no weight, or one is negative or not finite
     */
    static Loss softmaxCrossEntropy(double... classWeights) {
        Objects.requireNonNull(classWeights, "classWeights must not be null");
        return new SoftmaxCrossEntropy.Weighted(new ClassWeights(classWeights));
    }

    /**
     * Returns the mean softmax cross-entropy of classes that are given as numbers, so that no one-hot matrix is needed:
     * {@code L = −1/m · Σᵢ (zᵢ[yᵢ] − logΣⱼ exp zᵢⱼ)} over the m rows whose label counts. It is {@link #softmaxCrossEntropy()} of
     * the rows that count, bit for bit.
     *
     * <p>The labels y are whole numbers of any type: the number of the class, from 0, or −100 for what takes no part, as in PyTorch.
     * There is one for each example, {@code [n]} or {@code [n, 1]}. Of a classifier of tokens, such as {@link
     * org.lora4j.nn.transformer.PretrainedModel#tokenClassifier(int, long)}, there is one for each token as it was given, {@code [n, t]},
     * padding included; those of padding and of masked tokens are −100. The mean is that of all labels of the batch that count, not of the
     * means of its texts, as in {@code transformers}. With {@link Trainer.Builder#accumulate}, and in validations, each batch has the weight
     * of its labels that count.
     *
     * @return the loss function. A {@link Trainer} refuses a batch without a label that counts, labels that are no classes, and a label of
     *     a token that is masked
     */
    static Loss sparseSoftmaxCrossEntropy() {
        return new SoftmaxCrossEntropy.Sparse(null);
    }

    /**
     * Returns the mean softmax cross-entropy of classes that are given as numbers, with a weight for each class:
     * {@code L = −1/m · Σᵢ w[yᵢ]·(zᵢ[yᵢ] − logΣⱼ exp zᵢⱼ)}. Otherwise it is {@link #sparseSoftmaxCrossEntropy()}. As in
     * {@link #softmaxCrossEntropy(double...)}, the sum is divided by the number m of rows and not by their weights.
     *
     * @param classWeights w, finite and at least 0, one for each class
     * @return the loss function. It throws an {@link IllegalArgumentException} if the model has another number of classes
     * @throws IllegalArgumentException if there is no weight, or one is negative or not finite
     */
    static Loss sparseSoftmaxCrossEntropy(double... classWeights) {
        Objects.requireNonNull(classWeights, "classWeights must not be null");
        return new SoftmaxCrossEntropy.Sparse(new ClassWeights(classWeights));
    }

    /**
     * Returns the mean squared error over all elements, {@code L = 1/(n·out) · Σ (z − y)²}.
     *
     * @return the loss function
     */
    static Loss meanSquaredError() {
        return ElementLoss.SQUARED_ERROR;
    }

    /**
     * Returns the mean binary cross-entropy for examples that can have several labels or none, over all elements:
     * {@code L = −1/(n·out) · Σᵢₖ [yᵢₖ·log σ(zᵢₖ) + (1 − yᵢₖ)·log(1 − σ(zᵢₖ))]} with {@code σ(z) = 1/(1 + exp(−z))}. This is
     * PyTorch's {@code BCEWithLogitsLoss}. The outputs z are logits, so the last layer of the model must have no activation.
     * The labels y are between 0 and 1; a {@link Trainer} refuses a batch with others. The loss is computed without
     * overflow, and no logit is clipped.
     *
     * @return the loss function
     */
    static Loss multiLabel() {
        return ElementLoss.SigmoidCrossEntropy.EQUAL;
    }

    /**
     * Returns the mean binary cross-entropy with a weight for each label where an example has it, for labels that are rare:
     * {@code L = −1/(n·out) · Σᵢₖ [wₖ·yᵢₖ·log σ(zᵢₖ) + (1 − yᵢₖ)·log(1 − σ(zᵢₖ))]}. Otherwise it is {@link #multiLabel()}. This is
     * {@code pos_weight} of PyTorch's {@code BCEWithLogitsLoss}: the sum is not divided by the weights. A usual weight is the number of
     * examples without the label for each one with it.
     *
     * @param positiveWeights w, finite and at least 0, one for each label
     * @return the loss function. It throws an {@link IllegalArgumentException} if the model has another number of outputs
     * @throws IllegalArgumentException if there is no weight, or one is negative or not finite
     */
    static Loss multiLabel(double... positiveWeights) {
        Objects.requireNonNull(positiveWeights, "positiveWeights must not be null");
        return new ElementLoss.WeightedSigmoidCrossEntropy(new ClassWeights(positiveWeights));
    }

    /**
     * Returns the loss for pairs of texts that belong together, such as a question and its answer. It needs no labels: the
     * positives of the other pairs of the batch are the negatives. This is sentence-transformers'
     * {@code MultipleNegativesRankingLoss} with the cosine (<a
     * href="https://arxiv.org/abs/1705.00652">arXiv:1705.00652</a>, section 4.4).
     *
     * <p>The outputs are {@code [2n, dim]}: n anchors a, then the positive p of each. With
     * {@code sᵢⱼ = scale · aᵢ·pⱼ/(‖aᵢ‖·‖pⱼ‖)} the loss is {@code L = −1/n · Σᵢ (sᵢᵢ − logΣⱼ exp sᵢⱼ)}. A norm below 1e-12
     * counts as 1e-12. {@link Batch#ofPairs} creates such batches. A larger batch has more negatives, so it is another
     * loss than several small batches with {@link Trainer.Builder#accumulate}. If several texts of a batch belong to one
     * anchor, say so with {@link Batch#withPositives}: the sum over j then leaves out the others of them.
     *
     * @param scale the factor of the cosine, positive; sentence-transformers' default is 20
     * @return the loss function. It throws an {@link IllegalArgumentException} if the number of rows is odd
     * @throws IllegalArgumentException if the scale is not positive or not finite
     */
    static Loss inBatchNegatives(double scale) {
        return new InBatchNegatives(scale, 0);
    }

    /**
     * Returns {@link #inBatchNegatives(double)} for anchors that also have texts that do not belong to them, such as passages
     * that only look like an answer. They are further candidates for all anchors of the batch, as in sentence-transformers'
     * {@code MultipleNegativesRankingLoss} with columns of negatives.
     *
     * <p>The outputs are {@code [(2 + k)·n, dim]}: n anchors a, then the positive of each, then their k·n negatives. With these
     * {@code (1 + k)·n} candidates p, and the positive of the anchor i as the candidate i, the formula is the same, with j over
     * all candidates. {@link Batch#ofTriples} creates such batches for k = 1.
     *
     * @param scale as in {@link #inBatchNegatives(double)}
     * @param hardNegatives k, the number of negatives of each anchor, at least 0
     * @return the loss function. It throws an {@link IllegalArgumentException} if the number of rows is not a multiple of
     *     {@code 2 + k}
     * @throws IllegalArgumentException if the scale is not positive or not finite, or k is negative
     */
    static Loss inBatchNegatives(double scale, int hardNegatives) {
        return new InBatchNegatives(scale, hardNegatives);
    }

    /**
     * Returns the mean cross-entropy of the next token, the loss of language models. With the logits {@code zᵢ} of the token i
     * and its successor's label {@code yᵢ₊₁}, it is {@code L = −1/m · Σᵢ (zᵢ[yᵢ₊₁] − logΣⱼ exp zᵢⱼ)} over the m labels that
     * count. A model for it takes sequences and gives logits for each token, such as
     * {@link org.lora4j.nn.transformer.PretrainedModel#causal}.
     *
     * <p>A batch without labels has the tokens themselves as labels. Labels {@code [n, t]} give one for each token as it was
     * given, padding included: a token, or −100 for one that takes no part, such as those of a prompt and of padding. The loss
     * shifts them, so {@code labels[i][j]} is that of {@code ids[i][j]}, as in Hugging Face's {@code transformers}. The first
     * label of a sequence never counts. With {@link Trainer.Builder#accumulate}, and in validations, each batch has the
     * weight of its labels that count.
     *
     * <p>If the last layer of the model is a linear layer, a training and a validation compute it only for the tokens with a label
     * that counts, in blocks of 64. So their memory does not depend on the size of the vocabulary times the number of tokens.
     *
     * <p>{@link #compute} takes for each row the token that it is to predict, {@code [n]}, or −100.
     *
     * @return the loss function. A {@link Trainer} refuses a batch without a label that counts, and labels that are no tokens
     */
    static Loss nextToken() {
        return NextToken.INSTANCE;
    }
}
