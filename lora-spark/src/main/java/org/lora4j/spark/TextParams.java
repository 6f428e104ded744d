package org.lora4j.spark;

import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamValidators;

/**
 * Creates the parameters that are texts.
 *
 * @param uid the stage that they belong to
 */
record TextParams(String uid) {
    Param<String> any(String name, String doc) {
        return new TextParam(uid, name, doc);
    }

    Param<String> features() {
        return any(
                "featuresCol",
                "column of the input: a vector, an array<float> or an array<double>; for an encoder an array<int> of"
                        + " tokens, or texts");
    }

    Param<String> prediction() {
        return any(
                "predictionCol",
                "column of the predictions: the class with the greatest output, or the output if there is one; not for"
                        + " embeddings; none if the name is empty");
    }

    Param<String> oneOf(String name, String doc, String... values) {
        String all = doc + ": one of " + String.join(", ", values);
        return new TextParam(uid, name, all, ParamValidators.inArray(values));
    }
}
