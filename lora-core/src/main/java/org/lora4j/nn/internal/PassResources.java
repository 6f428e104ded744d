package org.lora4j.nn.internal;

import org.nd4j.linalg.api.buffer.DataType;

/**
 * What the layers of one {@link Pass} share.
 *
 * @param dataType the type of all arrays
 * @param order the memory order of activations: 'f' for few rows of examples, 'c' for many rows of tokens
 * @param gradients the gradients of the parameters
 * @param step the number of the step
 * @param tokens the sequences of the batch, if the input is tokens
 * @param scratch arrays for gradients between layers
 * @param perToken whether a row is a token, not an example
 */
record PassResources(
        DataType dataType,
        char order,
        Gradients gradients,
        PassStep step,
        TokenBatch tokens,
        Scratch scratch,
        boolean perToken) {
    /**
     * Those of a network whose rows are examples.
     *
     * @param isDense whether all layers are linear layers and activation functions, for which 'f' is faster; loops over rows
     *     need each row in one piece
     */
    static PassResources ofRows(DataType dataType, boolean isDense, boolean training) {
        return of(dataType, isDense ? 'f' : 'c', training, false);
    }

    /** Those of a network whose rows are tokens. Loops over many rows need each row in one piece. */
    static PassResources ofTokens(DataType dataType, boolean training) {
        return of(dataType, 'c', training, true);
    }

    private static PassResources of(DataType dataType, char order, boolean training, boolean perToken) {
        return new PassResources(
                dataType,
                order,
                new Gradients(training),
                new PassStep(),
                new TokenBatch(),
                new Scratch(dataType, order),
                perToken);
    }

    /** The same for the layers after a pooling, whose rows are sequences. */
    PassResources pooled() {
        return new PassResources(dataType, order, gradients, step, tokens, scratch, false);
    }

    /** The first row of an example; the number of examples stands for the end. */
    int firstRow(int example) {
        return perToken ? tokens.get().start(example) : example;
    }

    /** The rows before those of this batch if it is a part of a larger batch. */
    long rowsBefore() {
        return perToken ? step.tokensBefore() : step.examplesBefore();
    }

    boolean isTraining() {
        return gradients.isTraining();
    }
}
