package org.lora4j.spark;

import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.regression.RegressionModel;
import org.apache.spark.ml.util.DefaultParamsWritable;
import org.apache.spark.ml.util.Identifiable;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.ml.util.MLWriter;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.spark.internal.rows.BaseColumns;
import org.lora4j.spark.internal.train.TrainedAdapter;
import org.lora4j.spark.param.HasBlockSize;

/**
 * A base with the adapter that {@link LoRARegressor} trained, as a regression model of Spark ML. It adds {@code prediction}, the
 * output of the network. A row that cannot be computed has null if {@link #handleInvalid} is keep.
 *
 * <p>A saved model has its adapter in the folder {@code adapter} in PEFT's form. It has the path of the base, and with
 * {@link #setSaveBase} a copy of the base too, which a loaded model uses.
 *
 * @serial exclude
 */
public final class LoRARegressionModel extends RegressionModel<Object, LoRARegressionModel>
        implements HasBlockSize<LoRARegressionModel>, DefaultParamsWritable {
    private static final long serialVersionUID = 1L;

    private final String uid;
    private Predictor predictor;

    /** Creates a model without an adapter. Spark Connect asks for this constructor; {@link LoRARegressor} trains a model. */
    public LoRARegressionModel() {
        this(Identifiable.randomUID("loraRegressionModel"));
    }

    /**
     * Creates a model without an adapter, for the reader.
     *
     * @param uid its name among the stages of a pipeline
     */
    public LoRARegressionModel(String uid) {
        this(StageUid.begin(uid), null);
    }

    LoRARegressionModel(StageUid id, @Nullable TrainedAdapter trained) {
        uid = id.end();
        predictor = new Predictor(this, "LoRARegressor", trained);
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

    /**
     * Computes the output of one row in the driver. The first call reads the base; later changes of the parameters have no effect
     * on it. {@link #transform} is much faster for many rows.
     *
     * @param features what a row of featuresCol has, such as a vector or a text
     * @return the output
     */
    @Override
    public double predict(Object features) {
        return predictor.outputs(features).apply(0);
    }

    /**
     * Adds the column of the predictions.
     *
     * @param dataset the table
     * @return the table with the column
     * @throws IllegalArgumentException if a parameter is missing, or a column is missing or has another type
     */
    @Override
    public Dataset<Row> transform(Dataset<?> dataset) {
        StructType schema = transformSchema(dataset.schema());
        String output = uid() + "_output";
        return BaseColumns.withMetadata(
                transformer().setOutputCol(output).setReasonCol("").transform(dataset), schema);
    }

    @Override
    public StructType validateAndTransformSchema(StructType schema, boolean fitting, DataType featuresType) {
        BaseColumns.requireIn(this, schema);
        return super.validateAndTransformSchema(
                schema, fitting, schema.apply(getFeaturesCol()).dataType());
    }

    @Override
    public LoRARegressionModel copy(ParamMap extra) {
        LoRARegressionModel copy = new LoRARegressionModel(StageUid.begin(uid()), predictor.trainedIfAny());
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
    public static MLReader<LoRARegressionModel> read() {
        return new AdapterReader<>((loaded, adapter, folder, hadoop) -> loaded.predictor =
                new Predictor(loaded, "LoRARegressor", TrainedAdapter.read(folder, adapter, hadoop)));
    }

    /**
     * Loads a saved model.
     *
     * @param path the folder
     * @return the model
     */
    public static LoRARegressionModel load(String path) {
        return read().load(path);
    }
}
