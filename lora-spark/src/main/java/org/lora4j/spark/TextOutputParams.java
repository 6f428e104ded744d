package org.lora4j.spark;

import java.io.Serializable;
import org.apache.spark.ml.param.DoubleParam;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.LongParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamValidators;

/**
 * Holds the parameters of {@link HasTextOutput}.
 *
 * @serial exclude
 */
public final class TextOutputParams implements Serializable {
    private static final long serialVersionUID = 1L;

    static final String GENERATE = "generate";
    private static final String SCORE = "score";

    final Param<String> task;
    final Param<String> logProbabilityCol;
    final Param<String> tokensCol;
    final Param<String> perplexityCol;
    final Param<String> generatedCol;
    final IntParam maxNewTokens;
    final DoubleParam temperature;
    final IntParam topK;
    final DoubleParam topP;
    final DoubleParam minP;
    final DoubleParam repetitionPenalty;
    final LongParam seed;

    /** Creates the parameters of a stage, and sets their defaults. */
    TextOutputParams(HasTextOutput<?> stage) {
        String uid = stage.uid();
        TextParams texts = new TextParams(uid);
        task = texts.oneOf("task", "what is computed", SCORE, GENERATE);
        logProbabilityCol =
                texts.any("logProbabilityCol", "column of the sums of ln p over the tokens; none if the name is empty");
        tokensCol =
                texts.any("tokensCol", "column of the numbers of tokens that are predicted; none if the name is empty");
        perplexityCol = texts.any("perplexityCol", "column of the perplexities; none if the name is empty");
        generatedCol = texts.any("generatedCol", "column of the generated texts");
        maxNewTokens = new IntParam(uid, "maxNewTokens", "most new tokens of a row (>= 1)", ParamValidators.gtEq(1));
        temperature = new DoubleParam(
                uid, "temperature", "what the logits are divided by (>= 0); 0 for greedy", ParamValidators.gtEq(0));
        topK = new IntParam(
                uid,
                "topK",
                "number of the most probable tokens that can be drawn (>= 0); 0 for all",
                ParamValidators.gtEq(0));
        topP = new DoubleParam(
                uid,
                "topP",
                "probability of the most probable tokens that can be drawn (> 0, <= 1)",
                ParamValidators.inRange(0, 1, false, true));
        minP = new DoubleParam(
                uid,
                "minP",
                "how probable a token must be to be drawn, times the most probable one (>= 0, <= 1)",
                ParamValidators.inRange(0, 1, true, true));
        repetitionPenalty = new DoubleParam(
                uid,
                "repetitionPenalty",
                "penalty of tokens that were there before (> 0); 1 for none",
                ParamValidators.gt(0));
        seed = new LongParam(uid, "seed", "seed of the draws, which is combined with the id of the row");
        stage.setDefault(task, SCORE);
        stage.setDefault(logProbabilityCol, "logProbability");
        stage.setDefault(tokensCol, "tokens");
        stage.setDefault(perplexityCol, "perplexity");
        stage.setDefault(generatedCol, "generated");
        stage.setDefault(maxNewTokens, 200);
        stage.setDefault(temperature, 0.0);
        stage.setDefault(topK, 0);
        stage.setDefault(topP, 1.0);
        stage.setDefault(minP, 0.0);
        stage.setDefault(repetitionPenalty, 1.0);
        stage.setDefault(seed, 0L);
    }
}
