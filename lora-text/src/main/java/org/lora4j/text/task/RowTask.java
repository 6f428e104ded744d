package org.lora4j.text.task;

import org.lora4j.nn.Network;
import org.lora4j.text.tokens.TextTokens;

/**
 * A task with one answer for each text or pair of texts: its tokens before the model, its reading after it.
 *
 * @param <Q> what is asked
 * @param <R> an answer
 */
public sealed interface RowTask<Q, R> extends Task permits Embed, Classify, ClassifyPairs, Tag, Rerank {
    /**
     * Returns where texts are cut on a model.
     *
     * @param tokens the tokens of the model, with what its files say
     * @return the most tokens of a text
     */
    int limit(TextTokens tokens);

    /**
     * Prepares the task on a model.
     *
     * @param tokens the tokens of the model, with what its files say
     * @param network the network with the {@link #head} of this task
     * @return the task on this model, for any number of threads
     * @throws IllegalArgumentException if the model does not take so long texts, or a prompt leaves no room
     */
    RowModel<Q, R> on(TextTokens tokens, Network network);
}
