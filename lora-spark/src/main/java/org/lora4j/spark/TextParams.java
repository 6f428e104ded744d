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
        return new Param<>(uid, name, doc, String.class);
    }

    Param<String> oneOf(String name, String doc, String... values) {
        String all = doc + ": one of " + String.join(", ", values);
        return new Param<>(uid, name, all, ParamValidators.inArray(values), String.class);
    }
}
