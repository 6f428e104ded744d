package org.lora4j.spark.internal.param;

import java.util.Arrays;
import org.lora4j.nn.transformer.ModelConfig.ProblemType;
import org.lora4j.train.Loss;

/** The losses by name. */
public enum LossName implements Choice {
    SOFTMAX_CROSS_ENTROPY,
    MEAN_SQUARED_ERROR,
    MULTI_LABEL,
    /** Of language models; no parameter takes it. */
    NEXT_TOKEN,
    /** Of the tags of words; no parameter takes it. */
    TOKEN_CLASSES;

    public Loss loss() {
        return switch (this) {
            case SOFTMAX_CROSS_ENTROPY -> Loss.softmaxCrossEntropy();
            case MEAN_SQUARED_ERROR -> Loss.meanSquaredError();
            case MULTI_LABEL -> Loss.multiLabel();
            case NEXT_TOKEN -> Loss.nextToken();
            case TOKEN_CLASSES -> Loss.sparseSoftmaxCrossEntropy();
        };
    }

    /** What outputs mean that were trained with this loss. */
    public ProblemType problem() {
        return switch (this) {
            case SOFTMAX_CROSS_ENTROPY, NEXT_TOKEN, TOKEN_CLASSES -> ProblemType.SINGLE_LABEL_CLASSIFICATION;
            case MEAN_SQUARED_ERROR -> ProblemType.REGRESSION;
            case MULTI_LABEL -> ProblemType.MULTI_LABEL_CLASSIFICATION;
        };
    }

    /** Returns the loss of a name that the parameter has checked. */
    public static LossName of(String text) {
        return Choice.of(LossName.class, text);
    }

    /** The names that the parameter takes. */
    public static String[] texts() {
        return Arrays.stream(values())
                .filter(name -> name != NEXT_TOKEN && name != TOKEN_CLASSES)
                .map(LossName::text)
                .toArray(String[]::new);
    }
}
