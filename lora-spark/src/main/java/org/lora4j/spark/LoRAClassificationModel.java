package org.lora4j.spark;

import org.apache.spark.ml.classification.ProbabilisticClassificationModel;
import org.apache.spark.ml.linalg.DenseVector;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.util.DefaultParamsWritable;
import org.apache.spark.ml.util.Identifiable;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.ml.util.MLWriter;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.internal.math.Softmax;
import org.lora4j.spark.internal.rows.BaseColumns;
import org.lora4j.spark.internal.rows.TableColumns;
import org.lora4j.spark.internal.train.TrainedAdapter;
import org.lora4j.spark.param.HasBlockSize;
import scala.Tuple3;

/**
 * A base with the adapter that {@link LoRAClassifier} trained, as a classifier of Spark ML. It adds {@code rawPrediction}, the
 * outputs of the network; {@code probability}, their softmax; and {@code prediction}, the number of the class. An empty name
 * leaves a column out.
 *
 * <p>With thresholds t, the prediction is the class with the greatest {@code p/t}. A row that cannot be computed has null in the
 * three columns if {@link #handleInvalid} is keep.
 *
 * <p>A saved model has its adapter in the folder {@code adapter} in PEFT's form. It has the path of the base, and with
 * {@link #setSaveBase} a copy of the base too, which a loaded model uses.
 *
 * @serial exclude
 */
public final class LoRAClassificationModel extends ProbabilisticClassificationModel<Object, LoRAClassificationModel>
        implements HasBlockSize<LoRAClassificationModel>, DefaultParamsWritable {
    private static final long serialVersionUID = 1L;

    private final String uid;
    private Predictor predictor;

    /** Creates a model without an adapter. Spark Connect asks for this constructor; {@link LoRAClassifier} trains a model. */
    public LoRAClassificationModel() {
        this(Identifiable.randomUID("loraClassificationModel"));
    }

    /**
     * Creates a model without an adapter, for the reader.
     *
     * @param uid its name among the stages of a pipeline
     */
    public LoRAClassificationModel(String uid) {
        this(StageUid.begin(uid), null);
    }

    LoRAClassificationModel(StageUid id, @Nullable TrainedAdapter trained) {
        uid = id.end();
        predictor = new Predictor(this, "LoRAClassifier", trained);
        Defaults.input(this);
        setDefault(blockSize(), 512);
    }

    @Override
    public String uid() {
        return StageUid.of(uid);
    }

    /**
     * Returns the trained adapter.
     *
     * @return the adapter
     * @throws IllegalStateException if this model has none
     */
    public LoRAAdapter adapter() {
        return predictor.trained().adapter().adapter();
    }

    /**
     * Returns whether there is a summary of the training. A loaded model has none.
     *
     * @return whether there is one
     */
    public boolean hasSummary() {
        return LoRATrainingSummary.isIn(predictor.trained());
    }

    /**
     * Returns the summary of the training.
     *
     * @return the summary
     * @throws IllegalStateException if the model was loaded
     */
    public LoRATrainingSummary summary() {
        return LoRATrainingSummary.of(predictor.trained());
    }

    /**
     * Returns a transformer with the same base, adapter and columns, for other outputs, for SQL, or for an adapter in each row.
     *
     * @return a new transformer
     */
    public LoRATransformer transformer() {
        return predictor.transformer();
    }

    @Override
    public int numFeatures() {
        return predictor.trained().inputs();
    }

    @Override
    public int numClasses() {
        return predictor.trained().outputs();
    }

    /**
     * Computes the outputs of one row in the driver. The first call reads the base; later changes of the parameters have no
     * effect on it. {@link #transform} is much faster for many rows.
     *
     * @param features what a row of featuresCol has, such as a vector or a text
     * @return the outputs
     */
    @Override
    public Vector predictRaw(Object features) {
        return predictor.outputs(features);
    }

    @Override
    public Vector raw2probabilityInPlace(Vector raw) {
        Softmax.inPlace(((DenseVector) raw).values());
        return raw;
    }

    /**
     * Adds the columns whose names are not empty.
     *
     * @param dataset the table
     * @return the table with the columns
     * @throws IllegalArgumentException if a parameter is missing, or a column is missing or has another type
     */
    @Override
    public Dataset<Row> transform(Dataset<?> dataset) {
        StructType schema = transformSchema(dataset.schema());
        boolean hasRaw = !getRawPredictionCol().isEmpty();
        String raw = hasRaw ? getRawPredictionCol() : uid() + "_raw";
        Dataset<Row> scored = transformer()
                .setOutputCol(raw)
                .setOutputType("vector")
                .setPredictionCol("")
                .setReasonCol("")
                .transform(dataset);
        LoRAClassificationModel rule = rule();
        if (!getProbabilityCol().isEmpty()) {
            UDF1<Vector, Vector> probability = z -> z == null ? null : rule.raw2probability(z);
            scored = scored.withColumn(
                    getProbabilityCol(),
                    functions.udf(probability, SQLDataTypes.VectorType()).apply(TableColumns.column(raw)));
        }
        if (!getPredictionCol().isEmpty()) {
            UDF1<Vector, Double> prediction = z -> z == null ? null : rule.raw2prediction(z);
            scored = scored.withColumn(
                    getPredictionCol(),
                    functions.udf(prediction, DataTypes.DoubleType).apply(TableColumns.column(raw)));
        }
        return BaseColumns.withMetadata(scored, schema);
    }

    /** A model that has the thresholds and no adapter, so that it is small when it travels. */
    private LoRAClassificationModel rule() {
        LoRAClassificationModel rule = new LoRAClassificationModel(
                StageUid.begin(uid()), predictor.trained().withoutAdapter());
        if (isDefined(thresholds())) {
            if (getThresholds().length != numClasses()) {
                throw new IllegalArgumentException("thresholds must have " + numClasses()
                        + " numbers, as there are classes, found " + getThresholds().length);
            }
            rule.setThresholds(getThresholds());
        }
        return rule;
    }

    @Override
    public StructType validateAndTransformSchema(StructType schema, boolean fitting, DataType featuresType) {
        BaseColumns.requireIn(this, schema);
        return super.validateAndTransformSchema(
                schema, fitting, schema.apply(getFeaturesCol()).dataType());
    }

    /**
     * Returns this model with names for the probability and the prediction, which Spark's own summaries ask for. Two classes of
     * Spark declare it in two ways, and Java needs one.
     *
     * @return this model with names, and the names
     */
    @Override
    @SuppressWarnings({"rawtypes", "unchecked"})
    public Tuple3 findSummaryModel() {
        LoRAClassificationModel model = copy(ParamMap.empty());
        if (model.getProbabilityCol().isEmpty()) {
            model.setProbabilityCol("probability_" + uid());
        }
        if (model.getPredictionCol().isEmpty()) {
            model.setPredictionCol("prediction_" + uid());
        }
        return new Tuple3(model, model.getProbabilityCol(), model.getPredictionCol());
    }

    @Override
    public LoRAClassificationModel copy(ParamMap extra) {
        LoRAClassificationModel copy = new LoRAClassificationModel(StageUid.begin(uid()), predictor.trainedIfAny());
        return copyValues(copy, extra).setParent(parent());
    }

    @Override
    public MLWriter write() {
        return new AdapterWriter(DefaultParamsWritable.super.write(), this, predictor.trained());
    }

    /**
     * Returns what loads saved models.
     *
     * @return a reader
     */
    public static MLReader<LoRAClassificationModel> read() {
        return new AdapterReader<>((loaded, adapter, folder, hadoop) -> loaded.predictor =
                new Predictor(loaded, "LoRAClassifier", TrainedAdapter.read(folder, adapter, hadoop)));
    }

    /**
     * Loads a saved model.
     *
     * @param path the folder
     * @return the model
     */
    public static LoRAClassificationModel load(String path) {
        return read().load(path);
    }
}
