package org.lora4j.spark;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.io.FingerprintCheck;
import org.lora4j.io.ReadOptions;
import org.lora4j.nn.input.Input;
import org.lora4j.train.Batch;
import org.lora4j.train.Loss;
import org.lora4j.train.Trainer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

/** Features and labels of double that no float equals, with a base of DOUBLE. */
@Tag("slow")
class DoubleFeaturesTest {
    private static final int ROWS = 60;
    private static final int BATCH = 20;

    private final double[][] features = new double[ROWS][Digits.IN];
    private final double[][] targets = new double[ROWS][Digits.OUT];

    @TempDir
    Path folder;

    private Dataset<Row> table;

    @BeforeEach
    void prepare() {
        SplittableRandom random = new SplittableRandom(9);
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < ROWS; i++) {
            Arrays.setAll(features[i], j -> 100 * random.nextGaussian());
            Arrays.setAll(targets[i], j -> 100 * random.nextGaussian());
            rows.add(RowFactory.create((long) i, Vectors.dense(features[i]), features[i], targets[i]));
        }
        table = Sessions.local()
                .createDataFrame(
                        rows,
                        new StructType()
                                .add("id", DataTypes.LongType, false)
                                .add("vector", SQLDataTypes.VectorType(), false)
                                .add("array", DataTypes.createArrayType(DataTypes.DoubleType, false), false)
                                .add("target", DataTypes.createArrayType(DataTypes.DoubleType, false), false));
    }

    private LoRAAdapter onOneMachine() {
        AdapterView view = LoRAModel.of(Digits.network(DataType.DOUBLE))
                .add("a", LoRAConfig.builder().rank(2).build());
        List<Batch> batches = new ArrayList<>();
        for (int from = 0; from < ROWS; from += BATCH) {
            batches.add(new Batch(
                    Input.of(Nd4j.createFromArray(Arrays.copyOfRange(features, from, from + BATCH))),
                    Nd4j.createFromArray(Arrays.copyOfRange(targets, from, from + BATCH))));
        }
        Trainer.builder(view)
                .loss(Loss.meanSquaredError())
                .updater(new Sgd(1e-6))
                .epochs(3)
                .build()
                .fit(batches);
        return view.adapter();
    }

    @ParameterizedTest
    @CsvSource({"vector, 0", "array, 0", "array, 1"})
    void trainsAndScoresAsOneMachine(String column, int localSteps) throws Exception {
        LoRATransformer model = new LoRAEstimator()
                .setBasePath(Digits.base(folder, DataType.DOUBLE))
                .setFeaturesCol(column)
                .setLabelCol("target")
                .setIdCol("id")
                .setRank(2)
                .setLoss("meanSquaredError")
                .setOptimizer("sgd")
                .setLearningRate(1e-6)
                .setBatchSize(BATCH)
                .setEpochs(3)
                .setNumWorkers(2)
                .setLocalSteps(localSteps)
                .fit(table);
        LoRAAdapter trained = requireNonNull(model.bytes())
                .adapter(Digits.network(DataType.DOUBLE), ReadOptions.of(FingerprintCheck.REQUIRE));
        assertThat(Adapters.difference(trained, onOneMachine())).isLessThan(1e-10);

        AdapterView view = LoRAModel.of(Digits.network(DataType.DOUBLE)).add("a", trained);
        List<Row> rows = model.setOutputType("vector").transform(table).collectAsList();
        assertThat(rows).hasSize(ROWS);
        for (Row row : rows) {
            double[] x = features[(int) row.getLong(0)];
            double[] expected =
                    view.predict(Nd4j.createFromArray(new double[][] {x})).toDoubleVector();
            double[] found = row.<Vector>getAs("output").toArray();
            assertThat(found).usingComparatorWithPrecision(1e-10).containsExactly(expected);
        }
    }
}
