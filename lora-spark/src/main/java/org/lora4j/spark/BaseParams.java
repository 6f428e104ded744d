package org.lora4j.spark;

import java.io.Serializable;
import java.util.Arrays;
import java.util.Locale;
import org.apache.spark.ml.param.BooleanParam;
import org.apache.spark.ml.param.Param;
import org.lora4j.io.FingerprintCheck;

/**
 * Holds the parameters of {@link HasBase}; subclasses hold those of the interfaces that extend it.
 *
 * @serial exclude
 */
public class BaseParams implements Serializable {
    private static final long serialVersionUID = 1L;

    final Param<String> path;
    final Param<String> check;
    final Param<String> invalid;
    final Param<String> id;
    final BooleanParam saveBase;

    /** Creates the parameters of a stage, and sets their defaults. */
    BaseParams(HasBase<?> stage) {
        String uid = stage.uid();
        TextParams texts = new TextParams(uid);
        path = texts.any(
                "basePath",
                "base network, on any file system of Hadoop: a file of Network.save, or a folder with config.json and"
                        + " model.safetensors of an encoder or of a decoder");
        check = texts.oneOf("fingerprintCheck", "what to do if an adapter was trained with another base", checks());
        invalid = texts.oneOf("handleInvalid", "what to do with rows that cannot be computed", InvalidRows.texts());
        id = texts.any(
                "idCol",
                "column of distinct ids, which orders the rows of a training and names rows in messages; without it the order of a"
                        + " training is random, and depends on the content of the rows and the seed");
        saveBase = new BooleanParam(
                uid, "saveBase", "whether a saved model has a copy of the base, or else only the path of the base");
        stage.setDefault(check, text(FingerprintCheck.WARN));
        stage.setDefault(invalid, InvalidRows.ERROR.text());
        stage.setDefault(saveBase, false);
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
}
