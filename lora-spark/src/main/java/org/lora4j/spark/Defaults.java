package org.lora4j.spark;

import org.lora4j.adapter.LoRAConfig;
import org.lora4j.io.FingerprintCheck;
import org.lora4j.spark.internal.param.Aggregation;
import org.lora4j.spark.internal.param.Choice;
import org.lora4j.spark.internal.param.EncoderHead;
import org.lora4j.spark.internal.param.InvalidRows;
import org.lora4j.spark.internal.param.OptimizerName;
import org.lora4j.spark.internal.param.StorageName;
import org.lora4j.spark.internal.param.TextTask;
import org.lora4j.spark.param.HasBase;
import org.lora4j.spark.param.HasDecoder;
import org.lora4j.spark.param.HasInput;
import org.lora4j.spark.param.HasOutput;
import org.lora4j.spark.param.HasTextOutput;
import org.lora4j.spark.param.HasTraining;

/** The defaults of the parameters that several stages have. */
final class Defaults {
    private Defaults() {}

    static void base(HasBase<?> stage) {
        stage.setDefault(stage.fingerprintCheck(), Choice.text(FingerprintCheck.WARN.name()));
        stage.setDefault(stage.handleInvalid(), InvalidRows.ERROR.text());
        stage.setDefault(stage.saveBase(), false);
    }

    static void input(HasInput<?> stage) {
        base(stage);
        stage.setDefault(stage.encoderHead(), EncoderHead.CLASSIFIER.text());
    }

    /** Those of a stage with columns of its own, which is not one of Spark's predictors. */
    static void output(HasOutput<?> stage) {
        input(stage);
        stage.setDefault(stage.featuresCol(), "features");
        stage.setDefault(stage.predictionCol(), "prediction");
        stage.setDefault(stage.outputCol(), "output");
    }

    static void training(HasTraining<?> stage) {
        stage.setDefault(stage.loraConfig(), LoRAConfig.builder().build());
        stage.setDefault(stage.optimizer(), OptimizerName.ADAM.text());
        stage.setDefault(stage.learningRate(), 1e-3);
        stage.setDefault(stage.weightDecay(), 0.01);
        stage.setDefault(stage.localSteps(), 0);
        stage.setDefault(stage.aggregation(), Aggregation.AVERAGE.text());
        stage.setDefault(stage.checkpointInterval(), 100);
        stage.setDefault(stage.treeReduceBytes(), 10L << 20);
    }

    static void decoder(HasDecoder<?> stage) {
        base(stage);
        stage.setDefault(stage.textCol(), "text");
        stage.setDefault(stage.promptCol(), "prompt");
        stage.setDefault(stage.completionCol(), "completion");
        stage.setDefault(stage.messagesCol(), "messages");
        stage.setDefault(stage.storage(), StorageName.FLOAT.text());
    }

    static void textOutput(HasTextOutput<?> stage) {
        decoder(stage);
        stage.setDefault(stage.task(), TextTask.SCORE.text());
        stage.setDefault(stage.logProbabilityCol(), "logProbability");
        stage.setDefault(stage.tokensCol(), "tokens");
        stage.setDefault(stage.perplexityCol(), "perplexity");
        stage.setDefault(stage.generatedCol(), "generated");
        stage.setDefault(stage.maxNewTokens(), 200);
        stage.setDefault(stage.temperature(), 0.0);
        stage.setDefault(stage.topK(), 0);
        stage.setDefault(stage.topP(), 1.0);
        stage.setDefault(stage.minP(), 0.0);
        stage.setDefault(stage.repetitionPenalty(), 1.0);
        stage.setDefault(stage.seed(), 0L);
    }
}
