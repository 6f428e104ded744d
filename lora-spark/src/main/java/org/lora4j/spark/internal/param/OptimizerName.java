package org.lora4j.spark.internal.param;

import org.lora4j.train.AdamW;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.RmsProp;
import org.nd4j.linalg.learning.config.Sgd;

/** The updaters by the names that the parameter takes. */
public enum OptimizerName implements Choice {
    SGD,
    MOMENTUM,
    RMSPROP,
    ADAM,
    ADAMW;

    public IUpdater updater(double learningRate, double weightDecay) {
        return switch (this) {
            case SGD -> new Sgd(learningRate);
            case MOMENTUM -> new Nesterovs(learningRate);
            case RMSPROP -> new RmsProp(learningRate);
            case ADAM -> new Adam(learningRate);
            case ADAMW -> new AdamW(learningRate, weightDecay);
        };
    }

    /** Returns the optimizer of a name that the parameter has checked. */
    public static OptimizerName of(String text) {
        return Choice.of(OptimizerName.class, text);
    }
}
