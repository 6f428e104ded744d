package org.lora4j.text.task;

import java.util.List;
import org.lora4j.nn.input.Sequences;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A task on a model: what it computes for a request. Thread-safe.
 *
 * @param <Q> what is asked
 * @param <R> an answer
 */
public interface RowModel<Q, R> {
    /**
     * Returns how long the texts of a request are.
     *
     * @param asked what is asked
     * @return the number of their characters
     * @throws NullPointerException if a text is null; the message names it
     * @throws IllegalArgumentException if there is nothing to ask
     */
    long characters(Q asked);

    /**
     * Returns the tokens of a request.
     *
     * @param asked what is asked
     * @return a sequence for each answer; for tags one for each window of a text
     * @throws IllegalArgumentException if there is nothing to ask, or a text has no tokens
     */
    Sequences tokens(Q asked);

    /**
     * Reads the answers.
     *
     * @param asked what was asked
     * @param outputs the outputs of the network, {@code [n, outputs]}; for tags {@code [tokens, outputs]}
     * @return an answer for each text or pair
     * @throws IllegalArgumentException if the request asks for more than the network gives
     */
    List<R> read(Q asked, INDArray outputs);

    /**
     * Returns where texts are cut.
     *
     * @return the most tokens of one
     */
    int maxTokens();
}
