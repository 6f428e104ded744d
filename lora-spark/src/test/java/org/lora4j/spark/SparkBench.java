package org.lora4j.spark;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.nn.Network;
import org.lora4j.nn.Parameter;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Measures trainings and scorings on Spark. {@code src/bench/spark} runs it. */
public final class SparkBench {
    private static final int IN = 784;

    private final SparkSession session;
    private final Path folder;

    private SparkBench(SparkSession session, Path folder) {
        this.session = session;
        this.folder = folder;
    }

    /** The network of the MNIST example. */
    private static Network network() {
        return Network.builder(IN)
                .linear("linear1", 1000)
                .relu()
                .linear("linear2", 2000)
                .relu()
                .linear("linear3", 10)
                .build(1);
    }

    /**
     * Runs all measurements.
     *
     * @param args {@code cluster} for executors that are processes of their own
     */
    public static void main(String[] args) throws IOException {
        boolean cluster = args.length > 0 && args[0].equals("cluster");
        Path folder = Files.createTempDirectory("spark-bench");
        network().save(folder.resolve("base.safetensors"));
        SparkBench bench = new SparkBench(cluster ? Sessions.cluster() : Sessions.local(), folder);
        bench.bytes();
        bench.rounds();
        bench.workers();
        bench.scoring();
        Sessions.stop();
    }

    private static void print(String form, Object... values) {
        System.out.println(String.format(Locale.ROOT, form, values));
    }

    private void bytes() throws IOException {
        LoRAModel model = LoRAModel.of(network());
        List<INDArray> factors = model.add("a", LoRAConfig.of(1, 1)).parameters().stream()
                .map(Parameter::value)
                .toList();
        List<INDArray> weights =
                model.network().parameters().stream().map(Parameter::value).toList();
        int sent = serialized(new PartialGradients(0, 1, 1, FlatValues.of(factors)));
        print(
                "bytes of a worker and step: %,d with rank 1, %,d of all parameters",
                sent, serialized(new PartialGradients(0, 1, 1, FlatValues.of(weights))));
    }

    private static int serialized(Object object) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(object);
        }
        return bytes.size();
    }

    private Dataset<Row> table(int rows, int tenants) {
        StructType schema = new StructType()
                .add("id", DataTypes.LongType, false)
                .add("features", DataTypes.createArrayType(DataTypes.FloatType, false), false)
                .add("label", DataTypes.IntegerType, false)
                .add("tenant", DataTypes.StringType, false);
        JavaSparkContext spark = JavaSparkContext.fromSparkContext(session.sparkContext());
        List<Long> ids = new ArrayList<>();
        for (long i = 0; i < rows; i++) {
            ids.add(i);
        }
        Dataset<Row> table = session.createDataFrame(
                spark.parallelize(ids, 4).map(id -> {
                    SplittableRandom random = new SplittableRandom(id);
                    float[] x = new float[IN];
                    for (int j = 0; j < IN; j++) {
                        x[j] = (float) random.nextDouble();
                    }
                    return RowFactory.create(id, x, random.nextInt(10), "tenant" + random.nextInt(tenants));
                }),
                schema);
        Dataset<Row> cached = table.cache();
        print("a table of %,d rows", cached.count());
        return cached;
    }

    /** The median seconds of a round, without the first ones. */
    private double median(Dataset<Row> table, int batchSize, int workers, int steps) {
        List<Double> seconds = new ArrayList<>();
        new LoRAEstimator()
                .setBasePath(folder.resolve("base.safetensors").toString())
                .setIdCol("id")
                .setRank(1)
                .setBatchSize(batchSize)
                .setMaxIter(steps)
                .setNumWorkers(workers)
                .setListener(round -> seconds.add(round.seconds()))
                .fit(table);
        return seconds.subList(steps / 3, steps).stream()
                .sorted()
                .skip(steps / 3)
                .findFirst()
                .orElseThrow();
    }

    /** Rounds with little to compute: what the job and the driver cost, as the number of workers grows. */
    private void rounds() {
        Dataset<Row> table = table(512, 1);
        for (int workers : new int[] {1, 2, 4, 8, 16, 32, 64}) {
            print("a round of 64 rows, %d workers: %.1f ms", workers, 1e3 * median(table, 64, workers, 60));
        }
        table.unpersist();
    }

    /** Rounds with much to compute. */
    private void workers() {
        Dataset<Row> table = table(16_384, 1);
        for (int batch : new int[] {1024, 8192}) {
            for (int workers : new int[] {1, 2}) {
                print(
                        "a round of %,d rows, %d workers: %.0f ms",
                        batch, workers, 1e3 * median(table, batch, workers, 9));
            }
        }
        table.unpersist();
    }

    private void scoring() throws IOException {
        LoRAModel model = LoRAModel.of(network());
        for (int i = 0; i < 1000; i++) {
            LoRAConfig config =
                    LoRAConfig.builder().rank(1).init(LoRAInit.random()).seed(i).build();
            model.add("tenant" + i, config).save(folder.resolve("adapters/tenant" + i));
            model.delete("tenant" + i);
        }
        for (int tenants : new int[] {1, 1000}) {
            Dataset<Row> table = table(20_000, tenants);
            for (int i = 0; i < 3; i++) {
                long begin = System.nanoTime();
                new LoRATransformer()
                        .setBasePath(folder.resolve("base.safetensors").toString())
                        .setAdapterCol("tenant")
                        .setAdapterFolder(folder.resolve("adapters").toString())
                        .transform(table)
                        .selectExpr("sum(prediction[0])")
                        .collect();
                double seconds = (System.nanoTime() - begin) / 1e9;
                print("%d adapters: %,.0f rows a second", tenants, table.count() / seconds);
            }
            table.unpersist();
        }
    }
}
