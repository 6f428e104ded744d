package org.lora4j.spark;

import org.apache.spark.ml.param.Param;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;
import org.lora4j.io.FingerprintCheck;

/** What the stages do with the parameters of {@link HasBase}. */
final class BaseColumns {
    private BaseColumns() {}

    /** Sets the defaults of a new stage. */
    static void setDefaults(HasBase<?> stage) {
        stage.setDefault(stage.featuresCol(), "features");
        stage.setDefault(stage.outputCol(), "output");
        stage.setDefault(stage.predictionCol(), "prediction");
        stage.setDefault(stage.encoderHead(), EncoderHead.CLASSIFIER.text());
        stage.setDefault(stage.fingerprintCheck(), BaseParams.text(FingerprintCheck.WARN));
    }

    /** How an encoder becomes a network. */
    static EncoderSettings encoder(HasBase<?> stage) {
        return new EncoderSettings(
                EncoderHead.of(text(stage, stage.encoderHead())),
                stage.isDefined(stage.numLabels()) ? (int) value(stage, stage.numLabels()) : 0,
                stage.isDefined(stage.maxTokens()) ? (int) value(stage, stage.maxTokens()) : 0);
    }

    private static String text(HasBase<?> stage, Param<String> param) {
        return value(stage, param);
    }

    private static <T> T value(HasBase<?> stage, Param<T> param) {
        return stage.<T>getOrDefault(param);
    }

    /** The column of the masks, or null if there is none. */
    static @Nullable String mask(HasBase<?> stage) {
        return stage.isDefined(stage.maskCol()) ? text(stage, stage.maskCol()) : null;
    }

    /**
     * Checks that the base is set.
     *
     * @throws IllegalArgumentException if it is not
     */
    static void requireBase(HasBase<?> stage) {
        if (!stage.isDefined(stage.basePath())) {
            throw new IllegalArgumentException("basePath must be set to the file of the base network, found none");
        }
    }

    /**
     * Checks the parameters and the columns without reading the base.
     *
     * @throws IllegalArgumentException if a parameter is missing, or a column is missing or has another type
     */
    static void requireIn(HasBase<?> stage, StructType schema) {
        requireBase(stage);
        Columns.requireInput(schema, "featuresCol", text(stage, stage.featuresCol()));
        String mask = mask(stage);
        if (mask != null) {
            Columns.requireTokens(schema, "maskCol", mask);
        }
    }

    /** Whether there are predictions: numbers of classes, or a single output. The elements of an embedding are no classes. */
    static boolean hasPrediction(HasBase<?> stage) {
        return EncoderHead.of(text(stage, stage.encoderHead())) != EncoderHead.EMBEDDING;
    }

    /** Adds the columns of the outputs and of the predictions. */
    static StructType withOutputs(HasBase<?> stage, StructType schema, boolean vectors) {
        String output = text(stage, stage.outputCol());
        Columns.requireNew(schema, "outputCol", output);
        StructType scored = schema.add(output, Columns.outputs(vectors), true);
        if (!hasPrediction(stage)) {
            return scored;
        }
        String prediction = text(stage, stage.predictionCol());
        Columns.requireNew(scored, "predictionCol", prediction);
        return scored.add(prediction, DataTypes.DoubleType, true);
    }

    /** Checks that the columns are those that the base takes. */
    static void requireFit(HasBase<?> stage, StructType schema, BaseNetwork base) {
        String features = text(stage, stage.featuresCol());
        String mask = mask(stage);
        if (!base.isEncoder()) {
            if (stage.isDefined(stage.numLabels())) {
                throw new IllegalArgumentException(
                        "numLabels must not be set if basePath is the file of a network, found "
                                + value(stage, stage.numLabels()) + "; clear it, or set the folder of an encoder");
            }
            Columns.requireNumbers(schema, "featuresCol", features);
        } else if (!Columns.isText(schema, features)) {
            Columns.requireTokens(schema, "featuresCol", features);
            return;
        }
        if (mask != null) {
            throw new IllegalArgumentException(
                    "maskCol must not be set if featuresCol is not a column of tokens, found '" + mask + "'; clear it");
        }
    }

    /** Gives a transformer the settings of the estimator. */
    static LoRATransformer copy(HasBase<?> from, LoRATransformer to) {
        copy(from, from.basePath(), to, to.basePath());
        copy(from, from.featuresCol(), to, to.featuresCol());
        copy(from, from.maskCol(), to, to.maskCol());
        copy(from, from.outputCol(), to, to.outputCol());
        copy(from, from.predictionCol(), to, to.predictionCol());
        copy(from, from.encoderHead(), to, to.encoderHead());
        copy(from, from.numLabels(), to, to.numLabels());
        copy(from, from.maxTokens(), to, to.maxTokens());
        copy(from, from.fingerprintCheck(), to, to.fingerprintCheck());
        return to;
    }

    private static <T> void copy(HasBase<?> from, Param<T> param, HasBase<?> to, Param<T> same) {
        if (from.isDefined(param)) {
            to.set(same, value(from, param));
        }
    }
}
