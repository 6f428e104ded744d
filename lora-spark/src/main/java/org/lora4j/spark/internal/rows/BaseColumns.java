package org.lora4j.spark.internal.rows;

import java.util.Arrays;
import java.util.List;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;
import org.lora4j.spark.internal.base.BaseNetwork;
import org.lora4j.spark.internal.base.EncoderSettings;
import org.lora4j.spark.internal.param.EncoderHead;
import org.lora4j.spark.param.HasBase;
import org.lora4j.spark.param.HasInput;
import org.lora4j.spark.param.HasLabel;
import org.lora4j.spark.param.HasTraining;

/** What the stages do with the parameters of {@link HasBase} and {@link HasInput}. */
public final class BaseColumns {
    private BaseColumns() {}

    /** How an encoder becomes a network. */
    public static EncoderSettings encoder(HasInput<?> stage) {
        return new EncoderSettings(
                EncoderHead.of(text(stage, stage.encoderHead())),
                stage.isSet(stage.encoderHead()),
                number(stage, stage.numLabels()),
                number(stage, stage.dimensions()),
                number(stage, stage.maxTokens()),
                textIfSet(stage, stage.promptName()),
                textIfSet(stage, stage.prompt()),
                pair(stage));
    }

    /** The value of a parameter; 0 if there is none. */
    private static int number(HasBase<?> stage, IntParam param) {
        return stage.isDefined(param) ? (int) value(stage, param) : 0;
    }

    private static @Nullable String textIfSet(HasBase<?> stage, Param<String> param) {
        return stage.isDefined(param) ? text(stage, param) : null;
    }

    private static String text(HasBase<?> stage, Param<String> param) {
        return value(stage, param);
    }

    private static <T> T value(HasBase<?> stage, Param<T> param) {
        return stage.<T>getOrDefault(param);
    }

    /** The column of the masks, or null if there is none. */
    public static @Nullable String mask(HasInput<?> stage) {
        return textIfSet(stage, stage.maskCol());
    }

    /** The column of the second texts of pairs, or null if inputs are no pairs. */
    public static @Nullable String pair(HasInput<?> stage) {
        return textIfSet(stage, stage.pairCol());
    }

    /** Where the inputs of a table are. */
    public static InputColumns columns(HasInput<?> stage, StructType schema) {
        return new InputColumns(
                schema.fieldIndex(text(stage, stage.featuresCol())),
                index(schema, mask(stage)),
                index(schema, pair(stage)));
    }

    private static int index(StructType schema, @Nullable String column) {
        return column == null ? -1 : schema.fieldIndex(column);
    }

    /**
     * Checks that the base is set.
     *
     * @throws IllegalArgumentException if it is not
     */
    public static void requireBase(HasBase<?> stage) {
        if (!stage.isDefined(stage.basePath())) {
            throw new IllegalArgumentException("basePath must be set to the file of the base network, found none");
        }
    }

    /**
     * Checks the parameters and the columns without reading the base.
     *
     * @throws IllegalArgumentException if a parameter is missing, or a column is missing or has another type
     */
    public static void requireIn(HasInput<?> stage, StructType schema) {
        requireBase(stage);
        TableColumns.requireInput(schema, "featuresCol", text(stage, stage.featuresCol()));
        String mask = mask(stage);
        if (mask != null) {
            TableColumns.requireTokens(schema, "maskCol", mask);
        }
        String pair = pair(stage);
        if (pair != null) {
            TableColumns.requireText(schema, "pairCol", pair);
        }
    }

    /** Whether there are predictions: numbers of classes, or a single output. The elements of an embedding are no classes. */
    public static boolean hasPrediction(HasInput<?> stage, EncoderHead head) {
        return head != EncoderHead.EMBEDDING && !stage.getPredictionCol().isEmpty();
    }

    /** Adds the columns of the outputs and of the predictions of a head. */
    public static StructType withOutputs(
            HasInput<?> stage, EncoderHead head, String output, StructType schema, boolean vectors) {
        TableColumns.requireNew(schema, "outputCol", output);
        StructType scored = schema.add(output, TableColumns.outputs(vectors), true);
        if (!hasPrediction(stage, head)) {
            return scored;
        }
        String prediction = text(stage, stage.predictionCol());
        TableColumns.requireNew(scored, "predictionCol", prediction);
        return scored.add(prediction, DataTypes.DoubleType, true);
    }

    /** Checks that the columns are those that the base takes. */
    public static void requireFit(HasInput<?> stage, StructType schema, BaseNetwork base) {
        String features = text(stage, stage.featuresCol());
        if (!base.isEncoder()) {
            refuse(
                    stage,
                    List.of(
                            stage.numLabels(),
                            stage.dimensions(),
                            stage.promptName(),
                            stage.prompt(),
                            stage.maskCol(),
                            stage.pairCol()),
                    "if basePath is the file of a network",
                    "set the folder of an encoder");
            TableColumns.requireNumbers(schema, "featuresCol", features);
            return;
        }
        base.requireHead();
        if (hasTexts(stage, schema)) {
            refuse(stage, List.of(stage.maskCol()), "if featuresCol is not a column of tokens", "give tokens");
            return;
        }
        TableColumns.requireTokens(schema, "featuresCol", features);
        refuse(
                stage,
                List.of(stage.promptName(), stage.prompt(), stage.pairCol()),
                "if featuresCol is not a column of texts",
                "give texts");
    }

    /** Whether the input is texts. */
    public static boolean hasTexts(HasInput<?> stage, StructType schema) {
        return TableColumns.isText(schema, text(stage, stage.featuresCol()));
    }

    private static void refuse(HasInput<?> stage, List<Param<?>> params, String when, String other) {
        for (Param<?> param : params) {
            if (stage.isDefined(param)) {
                throw new IllegalArgumentException(param.name() + " must not be set " + when + ", found '"
                        + stage.getOrDefault(param) + "'; clear it, or " + other);
            }
        }
    }

    /**
     * Checks the parameters and the columns of a training without reading the base.
     *
     * @throws IllegalArgumentException if a parameter is missing, or a column is missing or has another type
     */
    public static void requireTraining(HasLabel<?> stage, StructType schema) {
        requireIn(stage, schema);
        TableColumns.requireLabel(schema, "labelCol", stage.getLabelCol());
        requireRows(stage, schema);
        if (stage.isDefined(stage.weightCol())) {
            TableColumns.requireNumber(schema, "weightCol", stage.getWeightCol());
            requireExact(stage, "weightCol");
        }
    }

    /** Checks the columns that order the rows and hold some of them out. */
    public static void requireRows(HasTraining<?> stage, StructType schema) {
        if (stage.isDefined(stage.idCol())) {
            TableColumns.require(schema, "idCol", stage.getIdCol());
        }
        if (stage.isDefined(stage.validationIndicatorCol())) {
            TableColumns.requireBoolean(schema, "validationIndicatorCol", stage.getValidationIndicatorCol());
            requireExact(stage, "validationIndicatorCol");
        }
    }

    private static void requireExact(HasTraining<?> stage, String param) {
        if (stage.getLocalSteps() > 0) {
            throw new IllegalArgumentException("localSteps must be 0 if " + param + " is set, found "
                    + stage.getLocalSteps() + "; set it to 0, or clear the column");
        }
    }

    /** The index of the ids; −1 if the table has none. A model that was trained with ids takes tables without them. */
    public static int key(HasBase<?> stage, StructType schema) {
        return stage.isDefined(stage.idCol())
                ? Arrays.asList(schema.fieldNames()).indexOf(stage.getIdCol())
                : -1;
    }

    /** Chooses the columns of a schema, and gives them its metadata. */
    public static Dataset<Row> withMetadata(Dataset<Row> table, StructType schema) {
        return table.select(Arrays.stream(schema.fields())
                .map(field -> TableColumns.column(field.name()).as(field.name(), field.metadata()))
                .toArray(Column[]::new));
    }

    /** Gives another stage the settings of this one. */
    public static void copy(HasInput<?> from, HasInput<?> to) {
        copyBase(from, to);
        copy(from, from.featuresCol(), to, to.featuresCol());
        copy(from, from.maskCol(), to, to.maskCol());
        copy(from, from.predictionCol(), to, to.predictionCol());
        copy(from, from.encoderHead(), to, to.encoderHead());
        copy(from, from.numLabels(), to, to.numLabels());
        copy(from, from.dimensions(), to, to.dimensions());
        copy(from, from.maxTokens(), to, to.maxTokens());
        copy(from, from.promptName(), to, to.promptName());
        copy(from, from.prompt(), to, to.prompt());
        copy(from, from.pairCol(), to, to.pairCol());
    }

    /** Gives another stage the base of this one, and what all stages have. */
    public static void copyBase(HasBase<?> from, HasBase<?> to) {
        copy(from, from.basePath(), to, to.basePath());
        copy(from, from.fingerprintCheck(), to, to.fingerprintCheck());
        copy(from, from.handleInvalid(), to, to.handleInvalid());
        copy(from, from.idCol(), to, to.idCol());
        copy(from, from.saveBase(), to, to.saveBase());
    }

    /** Gives another stage a parameter of this one, if it is set. */
    public static <T> void copy(HasBase<?> from, Param<T> param, HasBase<?> to, Param<T> same) {
        if (from.isSet(param)) {
            to.set(same, value(from, param));
        }
    }
}
