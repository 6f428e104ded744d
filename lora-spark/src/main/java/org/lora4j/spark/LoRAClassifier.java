package org.lora4j.spark;

import org.apache.spark.ml.classification.ProbabilisticClassifier;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.param.shared.HasWeightCol;
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
 * Trains an adapter of a frozen network as a classifier of Spark ML, so that {@code CrossValidator}, {@code OneVsRest} and the
 * evaluators take it. It trains exactly as {@link LoRAEstimator} does with the loss {@code softmaxCrossEntropy}.
 *
 * <pre>{@code
 * LoRAClassificationModel model = new LoRAClassifier()
 *         .setBasePath("hdfs:///models/base.safetensors")
 *         .setLabelCol("label").setIdCol("id")
 *         .setRank(4).setMaxIter(100)
 *         .fit(table);
 * double[] losses = model.summary().objectiveHistory();
 * }</pre>
 *
 * <p>The base, or with {@link #numLabels} a new classifier on an encoder, has an output for each class. Labels are numbers of
 * classes from 0, as {@code StringIndexer} makes them.
 *
 * @serial exclude
 */
public final class LoRAClassifier extends ProbabilisticClassifier<Object, LoRAClassifier, LoRAClassificationModel>
        implements HasLabel<LoRAClassifier>, HasWeightCol, DefaultParamsWritable {
    private static final long serialVersionUID = 1L;

    private final String uid;

    /** Creates an estimator with the defaults and a random uid. */
    public LoRAClassifier() {
        this(Identifiable.randomUID("loraClassifier"));
    }

    /**
     * Creates an estimator with the defaults.
     *
     * @param uid its name among the stages of a pipeline
     */
    public LoRAClassifier(String uid) {
        this(StageUid.begin(uid));
    }

    private LoRAClassifier(StageUid id) {
        uid = id.end();
        Defaults.input(this);
        Defaults.training(this);
    }

    @Override
    public String uid() {
        return StageUid.of(uid);
    }

    @Override
    public Param<String> weightCol() {
        return HasLabel.super.weightCol();
    }

    /**
     * Spark's trait offers a parameter of its own here, and the one of this module takes its place.
     *
     * @param param the parameter of the trait
     */
    @Override
    @SuppressWarnings("MethodName")
    public void org$apache$spark$ml$param$shared$HasWeightCol$_setter_$weightCol_$eq(Param<String> param) {}

    @Override
    public String getWeightCol() {
        return getOrDefault(weightCol());
    }

    @Override
    public LoRAClassificationModel train(Dataset<?> dataset) {
        LabelledRows form = new LabelledRows(this, LossName.SOFTMAX_CROSS_ENTROPY, LoRAClassifier::requireOutputs);
        TrainedAdapter trained = new Training<>(this, form, null, dataset).run();
        return new LoRAClassificationModel(StageUid.begin(Identifiable.randomUID("loraClassificationModel")), trained);
    }

    private static void requireOutputs(long outputs) {
        if (outputs < 2) {
            throw new IllegalArgumentException(
                    "basePath: the base must have an output for each of at least 2 classes, found " + outputs
                            + "; use another base, or LoRARegressor");
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
    public LoRAClassifier copy(ParamMap extra) {
        return defaultCopy(extra);
    }

    /**
     * Returns what loads saved estimators.
     *
     * @return a reader
     */
    public static MLReader<LoRAClassifier> read() {
        return new DefaultParamsReader<>();
    }

    /**
     * Loads a saved estimator.
     *
     * @param path the folder
     * @return the estimator
     */
    public static LoRAClassifier load(String path) {
        return read().load(path);
    }
}
