package org.lora4j.spark.internal.param;

import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamValidators;
import org.apache.spark.ml.util.Identifiable;
import scala.Function1;

/**
 * A parameter that is a text. Spark 4 asks a parameter for the class of its values; its constructors that take this class do not
 * exist in Spark 3.5.
 */
public final class TextParam extends Param<String> {
    private static final long serialVersionUID = 1L;

    private TextParam(Identifiable stage, String name, String doc) {
        super(stage, name, doc);
    }

    private TextParam(Identifiable stage, String name, String doc, Function1<String, Object> isValid) {
        super(stage, name, doc, isValid);
    }

    /** Returns a parameter that takes every text. */
    public static TextParam any(Identifiable stage, String name, String doc) {
        return new TextParam(stage, name, doc);
    }

    /** Returns a parameter that takes one of the {@linkplain Choice choices} of an enum. */
    public static <E extends Enum<E>> TextParam oneOf(Identifiable stage, String name, String doc, Class<E> choices) {
        return oneOf(stage, name, doc, Choice.texts(choices));
    }

    /** Returns a parameter that takes one of some texts. */
    public static TextParam oneOf(Identifiable stage, String name, String doc, String... texts) {
        return new TextParam(stage, name, doc + ": one of " + String.join(", ", texts), ParamValidators.inArray(texts));
    }

    @Override
    public Class<String> dataClass() {
        return String.class;
    }
}
