package org.lora4j.spark;

import java.util.Arrays;
import org.lora4j.train.Loss;

/** The losses by name. */
enum LossName {
    SOFTMAX_CROSS_ENTROPY("softmaxCrossEntropy"),
    MEAN_SQUARED_ERROR("meanSquaredError"),
    MULTI_LABEL("multiLabel"),
    /** Of language models; no parameter takes it. */
    NEXT_TOKEN("nextToken");

    private final String text;

    LossName(String text) {
        this.text = text;
    }

    String text() {
        return text;
    }

    Loss loss() {
        return switch (this) {
            case SOFTMAX_CROSS_ENTROPY -> Loss.softmaxCrossEntropy();
            case MEAN_SQUARED_ERROR -> Loss.meanSquaredError();
            case MULTI_LABEL -> Loss.multiLabel();
            case NEXT_TOKEN -> Loss.nextToken();
        };
    }

    /** Returns the loss of a name that the parameter has checked. */
    static LossName of(String text) {
        for (LossName name : values()) {
            if (name.text.equals(text)) {
                return name;
            }
        }
        throw new IllegalArgumentException("no loss " + text);
    }

    /** The names that the parameter takes. */
    static String[] texts() {
        return Arrays.stream(values())
                .filter(name -> name != NEXT_TOKEN)
                .map(LossName::text)
                .toArray(String[]::new);
    }
}
