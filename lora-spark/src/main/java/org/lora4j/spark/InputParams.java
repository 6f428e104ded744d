package org.lora4j.spark;

import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamValidators;

/**
 * Holds the parameters of {@link HasInput}.
 *
 * @serial exclude
 */
public final class InputParams extends BaseParams {
    private static final long serialVersionUID = 1L;

    final Param<String> mask;
    final Param<String> head;
    final IntParam labels;
    final IntParam tokens;

    /** Creates the parameters of a stage, and sets their defaults. */
    InputParams(HasInput<?> stage) {
        super(stage);
        String uid = stage.uid();
        TextParams texts = new TextParams(uid);
        mask = texts.any(
                "maskCol", "column that has 1 for each token and 0 for padding; without it, there is no padding");
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
        stage.setDefault(head, EncoderHead.CLASSIFIER.text());
    }
}
