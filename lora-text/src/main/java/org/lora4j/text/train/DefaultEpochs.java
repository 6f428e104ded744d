package org.lora4j.text.train;

import org.lora4j.internal.DefaultSteps;

/**
 * How often all examples are used if no option says it: few of them more often, until the training has some steps.
 *
 * @param least the epochs of many examples
 * @param steps the steps of a training at least; 0 for no such bound
 * @param most the most epochs
 */
public record DefaultEpochs(int least, int steps, int most) {
    /** The same for any number of examples. */
    public static final DefaultEpochs THREE = new DefaultEpochs(3, 0, 3);

    /** Few texts of a language model are learned more often; the validation ends the training before they are known by heart. */
    public static final DefaultEpochs LANGUAGE = new DefaultEpochs(3, 500, 10);

    /** A reranker has learned a good deal after some hundred steps. */
    public static final DefaultEpochs RERANK = new DefaultEpochs(3, DefaultSteps.ENOUGH, 30);

    /** A classifier that begins with what the frozen model knows needs fewer. */
    public static final DefaultEpochs CLASSIFY = new DefaultEpochs(4, 100, 10);

    /**
     * Returns how often the examples are used.
     *
     * @param stepsOfEpoch the steps in which all of them are used once
     * @return the epochs
     */
    public int of(int stepsOfEpoch) {
        return DefaultSteps.epochs(least, stepsOfEpoch, steps, most);
    }
}
