package org.lora4j.spark;

import org.apache.spark.ml.param.DoubleParam;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.LongParam;
import org.apache.spark.ml.param.Param;

/**
 * What a language model computes of the rows of a table: probabilities, or new texts. The options of a generation are those of
 * {@link org.lora4j.generate.GenerationOptions}.
 *
 * @param <S> the type of the stage, which the setters return
 */
@SuppressWarnings("unchecked") // Spark's set returns this.
public interface HasTextOutput<S> extends HasDecoder<S> {
    /**
     * Returns what holds the parameters.
     *
     * @return the parameters of the outputs
     */
    TextOutputParams textOutputParams();

    /**
     * Returns the parameter of what is computed.
     *
     * @return the parameter
     */
    default Param<String> task() {
        return textOutputParams().task;
    }

    /**
     * Sets what is computed.
     *
     * @param value score, which is the default, for the probabilities of texts and answers; or generate, to continue texts and to answer
     * @return this
     */
    default S setTask(String value) {
        return (S) set(task(), value);
    }

    /**
     * Returns what is computed.
     *
     * @return the value
     */
    default String getTask() {
        return getOrDefault(task());
    }

    /**
     * Returns the parameter of the column of the log-probabilities.
     *
     * @return the parameter
     */
    default Param<String> logProbabilityCol() {
        return textOutputParams().logProbabilityCol;
    }

    /**
     * Sets the column of the log-probabilities.
     *
     * @param value a new column: the sum of ln p over the tokens of a text or of the answers; none if the name is empty
     * @return this
     */
    default S setLogProbabilityCol(String value) {
        return (S) set(logProbabilityCol(), value);
    }

    /**
     * Returns the column of the log-probabilities.
     *
     * @return the value
     */
    default String getLogProbabilityCol() {
        return getOrDefault(logProbabilityCol());
    }

    /**
     * Returns the parameter of the column of the numbers of tokens.
     *
     * @return the parameter
     */
    default Param<String> tokensCol() {
        return textOutputParams().tokensCol;
    }

    /**
     * Sets the column of the numbers of tokens.
     *
     * @param value a new column: how many tokens the sum has; none if the name is empty
     * @return this
     */
    default S setTokensCol(String value) {
        return (S) set(tokensCol(), value);
    }

    /**
     * Returns the column of the numbers of tokens.
     *
     * @return the value
     */
    default String getTokensCol() {
        return getOrDefault(tokensCol());
    }

    /**
     * Returns the parameter of the column of the perplexities.
     *
     * @return the parameter
     */
    default Param<String> perplexityCol() {
        return textOutputParams().perplexityCol;
    }

    /**
     * Sets the column of the perplexities.
     *
     * @param value a new column: exp(−Σ ln p / tokens); none if the name is empty
     * @return this
     */
    default S setPerplexityCol(String value) {
        return (S) set(perplexityCol(), value);
    }

    /**
     * Returns the column of the perplexities.
     *
     * @return the value
     */
    default String getPerplexityCol() {
        return getOrDefault(perplexityCol());
    }

    /**
     * Returns the parameter of the column of the generated texts.
     *
     * @return the parameter
     */
    default Param<String> generatedCol() {
        return textOutputParams().generatedCol;
    }

    /**
     * Sets the column of the generated texts.
     *
     * @param value a new column of strings, without special tokens
     * @return this
     */
    default S setGeneratedCol(String value) {
        return (S) set(generatedCol(), value);
    }

    /**
     * Returns the column of the generated texts.
     *
     * @return the value
     */
    default String getGeneratedCol() {
        return getOrDefault(generatedCol());
    }

    /**
     * Returns the parameter of the most new tokens of a row.
     *
     * @return the parameter
     */
    default IntParam maxNewTokens() {
        return textOutputParams().maxNewTokens;
    }

    /**
     * Sets the most new tokens of a row.
     *
     * @param value at least 1; a text also ends at the last position of the decoder
     * @return this
     */
    default S setMaxNewTokens(int value) {
        return (S) set(maxNewTokens(), value);
    }

    /**
     * Returns the most new tokens of a row.
     *
     * @return the value
     */
    default int getMaxNewTokens() {
        return (int) getOrDefault(maxNewTokens());
    }

    /**
     * Returns the parameter of what the logits are divided by.
     *
     * @return the parameter
     */
    default DoubleParam temperature() {
        return textOutputParams().temperature;
    }

    /**
     * Sets what the logits are divided by.
     *
     * @param value at least 0; 0, which is the default, takes the most probable token
     * @return this
     */
    default S setTemperature(double value) {
        return (S) set(temperature(), value);
    }

    /**
     * Returns what the logits are divided by.
     *
     * @return the value
     */
    default double getTemperature() {
        return (double) getOrDefault(temperature());
    }

    /**
     * Returns the parameter of the number of the most probable tokens that can be drawn.
     *
     * @return the parameter
     */
    default IntParam topK() {
        return textOutputParams().topK;
    }

    /**
     * Sets the number of the most probable tokens that can be drawn.
     *
     * @param value at least 0; 0, which is the default, for all
     * @return this
     */
    default S setTopK(int value) {
        return (S) set(topK(), value);
    }

    /**
     * Returns the number of the most probable tokens that can be drawn.
     *
     * @return the value
     */
    default int getTopK() {
        return (int) getOrDefault(topK());
    }

    /**
     * Returns the parameter of the probability of the most probable tokens that can be drawn.
     *
     * @return the parameter
     */
    default DoubleParam topP() {
        return textOutputParams().topP;
    }

    /**
     * Sets the probability of the most probable tokens that can be drawn.
     *
     * @param value above 0 and at most 1; 1, which is the default, for all
     * @return this
     */
    default S setTopP(double value) {
        return (S) set(topP(), value);
    }

    /**
     * Returns the probability of the most probable tokens that can be drawn.
     *
     * @return the value
     */
    default double getTopP() {
        return (double) getOrDefault(topP());
    }

    /**
     * Returns the parameter of how probable a token must be to be drawn.
     *
     * @return the parameter
     */
    default DoubleParam minP() {
        return textOutputParams().minP;
    }

    /**
     * Sets how probable a token must be to be drawn.
     *
     * @param value from 0 to 1, times the most probable one; 0, which is the default, for all
     * @return this
     */
    default S setMinP(double value) {
        return (S) set(minP(), value);
    }

    /**
     * Returns how probable a token must be to be drawn.
     *
     * @return the value
     */
    default double getMinP() {
        return (double) getOrDefault(minP());
    }

    /**
     * Returns the parameter of the penalty of tokens that were there before.
     *
     * @return the parameter
     */
    default DoubleParam repetitionPenalty() {
        return textOutputParams().repetitionPenalty;
    }

    /**
     * Sets the penalty of tokens that were there before.
     *
     * @param value above 0; 1, which is the default, for none
     * @return this
     */
    default S setRepetitionPenalty(double value) {
        return (S) set(repetitionPenalty(), value);
    }

    /**
     * Returns the penalty of tokens that were there before.
     *
     * @return the value
     */
    default double getRepetitionPenalty() {
        return (double) getOrDefault(repetitionPenalty());
    }

    /**
     * Returns the parameter of the seed of the draws.
     *
     * @return the parameter
     */
    default LongParam seed() {
        return textOutputParams().seed;
    }

    /**
     * Sets the seed of the draws.
     *
     * @param value any number. If idCol is set, each row has a seed of its own, of this one and its id; else all rows have this one
     * @return this
     */
    default S setSeed(long value) {
        return (S) set(seed(), value);
    }

    /**
     * Returns the seed of the draws.
     *
     * @return the value
     */
    default long getSeed() {
        return (long) getOrDefault(seed());
    }
}
