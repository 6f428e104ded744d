package org.lora4j.spark;

import org.apache.spark.ml.param.Param;
import scala.Function1;

/**
 * A parameter that is a text. Spark 4 asks a parameter for the class of its values; its constructors that take this class do not
 * exist in Spark 3.5.
 */
final class TextParam extends Param<String> {
    private static final long serialVersionUID = 1L;

    TextParam(String parent, String name, String doc) {
        super(parent, name, doc);
    }

    TextParam(String parent, String name, String doc, Function1<String, Object> isValid) {
        super(parent, name, doc, isValid);
    }

    @Override
    public Class<String> dataClass() {
        return String.class;
    }
}
