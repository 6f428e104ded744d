package org.lora4j.spark;

import java.util.Arrays;
import org.lora4j.train.AdamW;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.RmsProp;
import org.nd4j.linalg.learning.config.Sgd;

/** The updaters by the names that the parameter takes. */
enum OptimizerName {
    SGD("sgd"),
    MOMENTUM("momentum"),
    RMSPROP("rmsprop"),
    ADAM("adam"),
    ADAMW("adamw");

    private final String text;

    OptimizerName(String text) {
        this.text = text;
    }

    String text() {
        return text;
    }

    IUpdater updater(double learningRate, double weightDecay) {
        return switch (this) {
            case SGD -> new Sgd(learningRate);
            case MOMENTUM -> new Nesterovs(learningRate);
            case RMSPROP -> new RmsProp(learningRate);
            case ADAM -> new Adam(learningRate);
            case ADAMW -> new AdamW(learningRate, weightDecay);
        };
    }

    /** Returns the optimizer of a name that the parameter has checked. */
    static OptimizerName of(String text) {
        for (OptimizerName name : values()) {
            if (name.text.equals(text)) {
                return name;
            }
        }
        throw new IllegalArgumentException("no optimizer " + text);
    }

    static String[] texts() {
        return Arrays.stream(values()).map(OptimizerName::text).toArray(String[]::new);
    }
}
