package org.lora4j.spark;

import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.regression.Regressor;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.DefaultParamsWritable;
import org.apache.spark.ml.util.Identifiable;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StructType;
import org.lora4j.spark.internal.param.LossName;
import org.lora4j.spark.internal.rows.BaseColumns;
import org.lora4j.spark.internal.rows.TableColumns;
import org.lora4j.spark.internal.train.LabelledRows;
import org.lora4j.spark.internal.train.TrainedAdapter;
import org.lora4j.spark.internal.train.Training;
import org.lora4j.spark.param.HasLabel;

/**
 * Trains an adapter of a frozen network with one output as a regressor of Spark ML, so that {@code CrossValidator} and the
 * evaluators take it. It trains exactly as {@link LoRAEstimator} does with the loss {@code meanSquaredError}. An encoder needs
 * {@code setNumLabels(1)}.
 *
 * @serial exclude
 */
public final class LoRARegressor extends Regressor<Object, LoRARegressor, LoRARegressionModel>
        implements HasLabel<LoRARegressor>, DefaultParamsWritable {
    private static final long serialVersionUID = 1L;

    private final String uid;

    /** Creates an estimator with the defaults and a random uid. */
    public LoRARegressor() {
        this(Identifiable.randomUID("loraRegressor"));
    }

    /**
     * Creates an estimator with the defaults.
     *
     * @param uid its name among the stages of a pipeline
     */
    public LoRARegressor(String uid) {
        this(StageUid.begin(uid));
    }

    private LoRARegressor(StageUid id) {
        uid = id.end();
        Defaults.input(this);
        Defaults.training(this);
    }

    @Override
    public String uid() {
        return StageUid.of(uid);
    }

    @Override
    public LoRARegressionModel train(Dataset<?> dataset) {
        LabelledRows form = new LabelledRows(this, LossName.MEAN_SQUARED_ERROR, LoRARegressor::requireOutputs);
        TrainedAdapter trained = new Training<>(this, form, null, dataset).run();
        return new LoRARegressionModel(StageUid.begin(Identifiable.randomUID("loraRegressionModel")), trained);
    }

    private static void requireOutputs(long outputs) {
        if (outputs != 1) {
            throw new IllegalArgumentException("basePath: the base must have 1 output, found " + outputs
                    + "; use another base, or LoRAEstimator with the loss meanSquaredError");
        }
    }

    @Override
    public StructType validateAndTransformSchema(StructType schema, boolean fitting, DataType featuresType) {
        if (fitting) {
            BaseColumns.requireTraining(this, schema);
        }
        return super.validateAndTransformSchema(
                schema, fitting, TableColumns.require(schema, "featuresCol", getFeaturesCol()));
    }

    @Override
    public LoRARegressor copy(ParamMap extra) {
        return defaultCopy(extra);
    }

    /**
     * Returns what loads saved estimators.
     *
     * @return a reader
     */
    public static MLReader<LoRARegressor> read() {
        return new DefaultParamsReader<>();
    }

    /**
     * Loads a saved estimator.
     *
     * @param path the folder
     * @return the estimator
     */
    public static LoRARegressor load(String path) {
        return read().load(path);
    }
}
