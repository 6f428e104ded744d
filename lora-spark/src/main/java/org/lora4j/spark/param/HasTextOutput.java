package org.lora4j.spark.param;

import org.apache.spark.ml.param.DoubleParam;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.LongParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamValidators;
import org.lora4j.spark.internal.param.TextParam;
import org.lora4j.spark.internal.param.TextTask;

/**
 * What a language model computes of the rows of a table: probabilities, or new texts. The options of a generation are those of
 * {@link org.lora4j.generate.GenerationOptions}.
 *
 * @param <S> the type of the stage, which the setters return
 */
@SuppressWarnings("unchecked") // Spark's set returns this.
public interface HasTextOutput<S> extends HasDecoder<S> {
    /** {@return the parameter of what is computed} */
    default Param<String> task() {
        return TextParam.oneOf(this, "task", "what is computed", TextTask.class);
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

    /** {@return what is computed} */
    default String getTask() {
        return getOrDefault(task());
    }

    /** {@return the parameter of the column of the log-probabilities} */
    default Param<String> logProbabilityCol() {
        return TextParam.any(
                this, "logProbabilityCol", "column of the sums of ln p over the tokens; none if the name is empty");
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

    /** {@return the column of the log-probabilities} */
    default String getLogProbabilityCol() {
        return getOrDefault(logProbabilityCol());
    }

    /** {@return the parameter of the column of the numbers of tokens} */
    default Param<String> tokensCol() {
        return TextParam.any(
                this, "tokensCol", "column of the numbers of tokens that are predicted; none if the name is empty");
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

    /** {@return the column of the numbers of tokens} */
    default String getTokensCol() {
        return getOrDefault(tokensCol());
    }

    /** {@return the parameter of the column of the perplexities} */
    default Param<String> perplexityCol() {
        return TextParam.any(this, "perplexityCol", "column of the perplexities; none if the name is empty");
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

    /** {@return the column of the perplexities} */
    default String getPerplexityCol() {
        return getOrDefault(perplexityCol());
    }

    /** {@return the parameter of the column of the generated texts} */
    default Param<String> generatedCol() {
        return TextParam.any(this, "generatedCol", "column of the generated texts");
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

    /** {@return the column of the generated texts} */
    default String getGeneratedCol() {
        return getOrDefault(generatedCol());
    }

    /** {@return the parameter of the most new tokens of a row} */
    default IntParam maxNewTokens() {
        return new IntParam(this, "maxNewTokens", "most new tokens of a row (>= 1)", ParamValidators.gtEq(1));
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

    /** {@return the most new tokens of a row} */
    default int getMaxNewTokens() {
        return (int) getOrDefault(maxNewTokens());
    }

    /** {@return the parameter of what the logits are divided by} */
    default DoubleParam temperature() {
        return new DoubleParam(
                this, "temperature", "what the logits are divided by (>= 0); 0 for greedy", ParamValidators.gtEq(0));
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

    /** {@return what the logits are divided by} */
    default double getTemperature() {
        return (double) getOrDefault(temperature());
    }

    /** {@return the parameter of the number of the most probable tokens that can be drawn} */
    default IntParam topK() {
        return new IntParam(
                this,
                "topK",
                "number of the most probable tokens that can be drawn (>= 0); 0 for all",
                ParamValidators.gtEq(0));
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

    /** {@return the number of the most probable tokens that can be drawn} */
    default int getTopK() {
        return (int) getOrDefault(topK());
    }

    /** {@return the parameter of the probability of the most probable tokens that can be drawn} */
    default DoubleParam topP() {
        return new DoubleParam(
                this,
                "topP",
                "probability of the most probable tokens that can be drawn (> 0, <= 1)",
                ParamValidators.inRange(0, 1, false, true));
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

    /** {@return the probability of the most probable tokens that can be drawn} */
    default double getTopP() {
        return (double) getOrDefault(topP());
    }

    /** {@return the parameter of how probable a token must be to be drawn} */
    default DoubleParam minP() {
        return new DoubleParam(
                this,
                "minP",
                "how probable a token must be to be drawn, times the most probable one (>= 0, <= 1)",
                ParamValidators.inRange(0, 1, true, true));
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

    /** {@return how probable a token must be to be drawn} */
    default double getMinP() {
        return (double) getOrDefault(minP());
    }

    /** {@return the parameter of the penalty of tokens that were there before} */
    default DoubleParam repetitionPenalty() {
        return new DoubleParam(
                this,
                "repetitionPenalty",
                "penalty of tokens that were there before (> 0); 1 for none",
                ParamValidators.gt(0));
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

    /** {@return the penalty of tokens that were there before} */
    default double getRepetitionPenalty() {
        return (double) getOrDefault(repetitionPenalty());
    }

    /** {@return the parameter of the seed of the draws} */
    default LongParam seed() {
        return new LongParam(this, "seed", "seed of the draws, which is combined with the id of the row");
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

    /** {@return the seed of the draws} */
    default long getSeed() {
        return (long) getOrDefault(seed());
    }
}
