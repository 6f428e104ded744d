package org.lora4j.spark;

import java.io.Serializable;
import java.util.Arrays;
import java.util.Locale;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamValidators;
import org.lora4j.io.FingerprintCheck;

/** The parameters of {@link HasBase}. */
final class BaseParams implements Serializable {
    private static final long serialVersionUID = 1L;

    private final Param<String> path;
    private final Param<String> features;
    private final Param<String> mask;
    private final Param<String> output;
    private final Param<String> prediction;
    private final Param<String> head;
    private final IntParam labels;
    private final IntParam tokens;
    private final Param<String> check;

    /**
     * Creates the parameters.
     *
     * @param uid the stage that they belong to
     * @param whoAdds who adds the columns of outputs and predictions, for the documentation
     */
    BaseParams(String uid, String whoAdds) {
        TextParams texts = new TextParams(uid);
        path = texts.any(
                "basePath",
                "base network, on any file system of Hadoop: a file of Network.save, or a folder with config.json and"
                        + " model.safetensors of an encoder");
        features = texts.any(
                "featuresCol",
                "column of the input: a vector, an array<float> or an array<double>; for an encoder an array<int> of"
                        + " tokens, or texts");
        mask = texts.any(
                "maskCol", "column that has 1 for each token and 0 for padding; without it, there is no padding");
        output = texts.any("outputCol", "column of the outputs" + whoAdds);
        prediction = texts.any(
                "predictionCol",
                "column of the predictions" + whoAdds
                        + ": the class with the greatest output, or the output if there is one; not for embeddings");
        head = texts.oneOf("encoderHead", "what an encoder ends with", EncoderHead.texts());
        labels = new IntParam(
                uid,
                "numLabels",
                "number of classes of a new classifier on an encoder (>= 1); without it, the classifier of the file",
                ParamValidators.gtEq(1));
        tokens = new IntParam(
                uid,
                "maxTokens",
                "most tokens of a text (>= 1); longer ones are cut; without it, as many as the tokenizer's file and the"
                        + " encoder allow, at most 512",
                ParamValidators.gtEq(1));
        check = texts.oneOf("fingerprintCheck", "what to do if an adapter was trained with another base", checks());
    }

    private static String[] checks() {
        return Arrays.stream(FingerprintCheck.values()).map(BaseParams::text).toArray(String[]::new);
    }

    /** The value of the parameter that stands for a check. */
    static String text(FingerprintCheck check) {
        return check.name().toLowerCase(Locale.ROOT);
    }

    /** The check of a value that the parameter has checked. */
    static FingerprintCheck check(String text) {
        return FingerprintCheck.valueOf(text.toUpperCase(Locale.ROOT));
    }

    Param<String> path() {
        return path;
    }

    Param<String> features() {
        return features;
    }

    Param<String> mask() {
        return mask;
    }

    Param<String> output() {
        return output;
    }

    Param<String> prediction() {
        return prediction;
    }

    Param<String> head() {
        return head;
    }

    IntParam labels() {
        return labels;
    }

    IntParam tokens() {
        return tokens;
    }

    Param<String> check() {
        return check;
    }
}
