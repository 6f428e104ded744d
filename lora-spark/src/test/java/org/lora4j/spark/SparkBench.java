package org.lora4j.spark;

import com.sun.management.OperatingSystemMXBean;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectOutputStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.nn.NativeThreads;
import org.lora4j.nn.Network;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.spark.internal.rows.FlatValues;
import org.lora4j.spark.internal.train.PartialGradients;
import org.lora4j.spark.internal.train.SparkGradients;
import org.lora4j.spark.param.RoundListener;
import org.lora4j.text.DecoderFolder;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Measures trainings and scorings on Spark, and prints tables in Markdown. {@code src/bench/spark} runs it. */
public final class SparkBench {
    private static final int IN = 784;
    private static final int[] WORKERS = {1, 2, 4, 8};
    private static final int[] PARTS = {2, 8, 32, 64};

    private final Sizes sizes;
    private final Path folder;

    /**
     * How much is measured.
     *
     * @param smallRounds the rounds of 8 rows
     * @param largeRounds the rounds of {@code batch} rows
     * @param batch the rows of a large round
     * @param scored the rows that are scored
     * @param tenants the number of adapters
     * @param clusters whether executors that are processes of their own are measured
     * @param decoder the decoder and its texts
     */
    private record Sizes(
            int smallRounds,
            int largeRounds,
            int batch,
            int scored,
            int tenants,
            boolean clusters,
            BenchDecoder decoder) {
        static final Sizes ALL = new Sizes(60, 5, 12_288, 20_000, 1000, true, new BenchDecoder(8192, 256, 8, 32, 64));
        static final Sizes QUICK = new Sizes(6, 3, 256, 400, 20, false, new BenchDecoder(64, 32, 2, 4, 8));
    }

    /** Trains for some rounds. */
    @FunctionalInterface
    private interface Rounds {
        void run(Dataset<Row> table, int batchSize, int workers, int rounds, RoundListener listener);
    }

    /**
     * What a round costs besides its work: {@code a + b·k} for k workers.
     *
     * @param a the seconds of a job
     * @param b the seconds that each worker adds
     */
    private record Overhead(double a, double b) {
        /** The line nearest to the seconds of rounds without work. */
        static Overhead of(int[] workers, double[] seconds) {
            double meanK = IntStream.of(workers).average().orElseThrow();
            double mean = DoubleStream.of(seconds).average().orElseThrow();
            double products = 0;
            double squares = 0;
            for (int i = 0; i < workers.length; i++) {
                products += (workers[i] - meanK) * (seconds[i] - mean);
                squares += (workers[i] - meanK) * (workers[i] - meanK);
            }
            double b = products / squares;
            return new Overhead(mean - b * meanK, b);
        }

        double of(int workers) {
            return a + b * workers;
        }
    }

    private SparkBench(Sizes sizes, Path folder) {
        this.sizes = sizes;
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
     * @param args {@code --quick} for few rounds of small batches in one process, whose figures mean nothing
     */
    public static void main(String[] args) throws IOException {
        boolean quick = args.length > 0 && args[0].equals("--quick");
        Path folder = Files.createTempDirectory("spark-bench");
        network().save(folder.resolve("base.safetensors"));
        print(
                "%s, %d processors, Java %s, src/bench/spark%s",
                LocalDate.now(ZoneOffset.UTC),
                Runtime.getRuntime().availableProcessors(),
                System.getProperty("java.version"),
                quick ? " --quick (figures of no meaning)" : "");
        // One thread of BLAS for each task, as executors have.
        NativeThreads limit = NativeThreads.forBlas(1);
        try {
            SparkBench bench = new SparkBench(quick ? Sizes.QUICK : Sizes.ALL, folder);
            bench.sizes.decoder().save(folder);
            bench.bytes();
            Overhead overhead = bench.overhead();
            bench.model(overhead);
            bench.decoderOverhead();
            bench.adding();
            bench.scoring();
            bench.oneOrTwoWorkers();
        } finally {
            Sessions.stop();
            limit.close();
        }
    }

    private static void print(String form, Object... values) {
        System.out.println(String.format(Locale.ROOT, form, values));
    }

    private static void table(String... columns) {
        print("");
        print("| %s |", String.join(" | ", columns));
        print("|%s", "---|".repeat(columns.length));
    }

    private void bytes() throws IOException {
        table("a worker sends in a step", "gradients of the adapter", "of all parameters", "times as many");
        bytes("the network of the MNIST example, rank 1", network(), LoRAConfig.of(1, 1));
        try (DecoderFolder decoder = DecoderFolder.open(folder.resolve("decoder"))) {
            bytes(sizes.decoder() + ", " + BenchDecoder.ADAPTER, decoder.network(), BenchDecoder.config());
        }
    }

    private static void bytes(String name, Network network, LoRAConfig config) throws IOException {
        LoRAModel model = LoRAModel.of(network);
        List<INDArray> factors = values(model.add("a", config).parameters());
        List<INDArray> weights = values(model.network().parameters());
        int sent = serialized(new PartialGradients(0, 1, 1, 1, FlatValues.of(factors)));
        int all = serialized(new PartialGradients(0, 1, 1, 1, FlatValues.of(weights)));
        print("| %s | %,d | %,d | %,.0f |", name, sent, all, all / (double) sent);
    }

    private static List<INDArray> values(List<Parameter> parameters) {
        return parameters.stream().map(Parameter::value).toList();
    }

    private static int serialized(Object object) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(object);
        }
        return bytes.size();
    }

    private static Dataset<Row> rows(SparkSession session, int rows, int tenants) {
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
                        schema)
                .cache();
        if (table.count() != rows) {
            throw new IllegalStateException("the table must have " + rows + " rows, found " + table.count());
        }
        return table;
    }

    /** The median seconds of a round, without the first third. */
    private static double round(Rounds training, Dataset<Row> table, int batchSize, int workers, int rounds) {
        List<Double> seconds = new ArrayList<>();
        training.run(table, batchSize, workers, rounds, round -> seconds.add(round.seconds()));
        List<Double> warm =
                seconds.subList(rounds / 3, rounds).stream().sorted().toList();
        return warm.get(warm.size() / 2);
    }

    private double round(Dataset<Row> table, int batchSize, int workers, int rounds) {
        return round(this::train, table, batchSize, workers, rounds);
    }

    private void train(Dataset<Row> table, int batchSize, int workers, int rounds, RoundListener listener) {
        new LoRAEstimator()
                .setBasePath(folder.resolve("base.safetensors").toString())
                .setIdCol("id")
                .setRank(1)
                .setBatchSize(batchSize)
                .setMaxIter(rounds)
                .setNumWorkers(workers)
                .setListener(listener)
                .fit(table);
    }

    private void trainDecoder(Dataset<Row> table, int batchSize, int workers, int rounds, RoundListener listener) {
        new LoRACausalLM()
                .setBasePath(folder.resolve("decoder").toString())
                .setIdCol("id")
                .setLoraConfig(BenchDecoder.config())
                .setBatchSize(batchSize)
                .setMaxIter(rounds)
                .setNumWorkers(workers)
                .setListener(listener)
                .fit(table);
    }

    /** Rounds with almost nothing to compute. */
    private Overhead overhead() {
        int rows = WORKERS[WORKERS.length - 1];
        return overhead("rows", this::train, rows(Sessions.session("local[2]"), 64 * rows, 1));
    }

    private Overhead overhead(String what, Rounds training, Dataset<Row> table) {
        int rows = WORKERS[WORKERS.length - 1];
        double[] seconds = new double[WORKERS.length];
        round(training, table, rows, 2, sizes.smallRounds());
        table("workers", "a round of " + rows + " " + what);
        for (int i = 0; i < WORKERS.length; i++) {
            seconds[i] = round(training, table, rows, WORKERS[i], sizes.smallRounds());
            print("| %d | %.1f ms |", WORKERS[i], 1e3 * seconds[i]);
        }
        table.unpersist();
        Overhead overhead = Overhead.of(WORKERS, seconds);
        print("");
        print("a = %.1f ms, b = %.1f ms", 1e3 * overhead.a(), 1e3 * overhead.b());
        return overhead;
    }

    /** Rounds of a decoder with one token to learn in each row. */
    private void decoderOverhead() {
        int rows = WORKERS[WORKERS.length - 1];
        Dataset<Row> table = sizes.decoder().rows(Sessions.session("local[2]"), 64 * rows, 1);
        overhead("prompts of one token, " + sizes.decoder(), this::trainDecoder, table);
    }

    /** Rounds with much to compute on two threads, against the formula. */
    private void model(Overhead overhead) {
        Dataset<Row> table = rows(Sessions.session("local[2]"), sizes.batch(), 1);
        double work = 0;
        table("workers", "a round of " + sizes.batch() + " rows", "C/min(k,2) + a + b·k", "difference");
        for (int workers : WORKERS) {
            double seconds = round(table, sizes.batch(), workers, sizes.largeRounds());
            if (workers == 1) {
                work = seconds - overhead.of(1);
            }
            double expected = work / Math.min(workers, 2) + overhead.of(workers);
            print(
                    "| %d | %.3f s | %.3f s | %+.0f %% |",
                    workers, seconds, expected, 100 * (seconds - expected) / expected);
        }
        table.unpersist();
    }

    /** Gradients of no training, whose sum the driver makes alone or of groups: bytes to the driver, its time of CPU, and seconds. */
    private void adding() {
        SparkSession session = Sessions.session(sizes.clusters() ? "local-cluster[2,1,1024]" : "local[2]");
        ResultBytes bytes = new ResultBytes();
        session.sparkContext().addSparkListener(bytes);
        for (int kilobytes : sizes.clusters() ? new int[] {27, 230, 1800} : new int[] {27}) {
            table(
                    kilobytes + " KB of each worker, workers",
                    "added",
                    "KB to the driver",
                    "CPU of the driver",
                    "a round");
            for (boolean inTwoLevels : new boolean[] {false, true}) {
                double[] cpu = new double[PARTS.length];
                double[] seconds = new double[PARTS.length];
                for (int i = 0; i < PARTS.length; i++) {
                    adding(session, bytes, kilobytes * 256, inTwoLevels, i, cpu, seconds);
                    print(
                            "| %d | %s | %,d | %.1f ms | %.1f ms |",
                            PARTS[i],
                            inTwoLevels ? "in two levels" : "at the driver",
                            bytes.last() / 1024,
                            1e3 * cpu[i],
                            1e3 * seconds[i]);
                }
                Overhead ofCpu = Overhead.of(PARTS, cpu);
                Overhead ofRound = Overhead.of(PARTS, seconds);
                print(
                        "| a + b·k | %s | | %.1f + %.2f·k ms | %.1f + %.2f·k ms |",
                        inTwoLevels ? "in two levels" : "at the driver",
                        1e3 * ofCpu.a(),
                        1e3 * ofCpu.b(),
                        1e3 * ofRound.a(),
                        1e3 * ofRound.b());
            }
        }
    }

    /** The medians of some jobs after the first ones. */
    private static void adding(
            SparkSession session,
            ResultBytes bytes,
            int numbers,
            boolean inTwoLevels,
            int index,
            double[] cpu,
            double[] seconds) {
        int workers = PARTS[index];
        JavaRDD<PartialGradients> parts = JavaSparkContext.fromSparkContext(session.sparkContext())
                .parallelize(IntStream.range(0, workers).boxed().toList(), workers)
                .map(worker ->
                        new PartialGradients(worker, 1, 1, 1, FlatValues.rounded(new double[numbers], DataType.FLOAT)));
        OperatingSystemMXBean system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
        double[][] measured = new double[2][5];
        for (int i = -2; i < 5; i++) {
            bytes.await(session);
            bytes.begin();
            long cpuBefore = system.getProcessCpuTime();
            long before = System.nanoTime();
            SparkGradients.sums(parts, inTwoLevels);
            if (i >= 0) {
                measured[1][i] = (System.nanoTime() - before) / 1e9;
                measured[0][i] = (system.getProcessCpuTime() - cpuBefore) / 1e9;
            }
        }
        Arrays.sort(measured[0]);
        Arrays.sort(measured[1]);
        cpu[index] = measured[0][2];
        seconds[index] = measured[1][2];
        bytes.await(session);
    }

    /** The bytes of the results of all tasks of a job. */
    private static final class ResultBytes extends SparkListener {
        private final AtomicLong sum = new AtomicLong();

        void begin() {
            sum.set(0);
        }

        /** Waits for the events of the last job. */
        void await(SparkSession session) {
            try {
                session.sparkContext().listenerBus().waitUntilEmpty();
            } catch (TimeoutException e) {
                throw new IllegalStateException(e);
            }
        }

        long last() {
            return sum.get();
        }

        @Override
        public void onTaskEnd(SparkListenerTaskEnd end) {
            sum.addAndGet(end.taskMetrics().resultSize());
        }
    }

    private void scoring() throws IOException {
        LoRAModel model = LoRAModel.of(network());
        for (int i = 0; i < sizes.tenants(); i++) {
            LoRAConfig config =
                    LoRAConfig.builder().rank(1).init(LoRAInit.random()).seed(i).build();
            model.add("tenant" + i, config).save(folder.resolve("adapters/tenant" + i));
            model.delete("tenant" + i);
        }
        SparkSession session = Sessions.session("local[2]");
        LoRATransformer transformer = new LoRATransformer()
                .setBasePath(folder.resolve("base.safetensors").toString())
                .setAdapterCol("tenant")
                .setAdapterFolder(folder.resolve("adapters").toString());
        table("scored with", "adapters", "rows a second");
        for (int tenants : new int[] {1, sizes.tenants()}) {
            Dataset<Row> table = rows(session, sizes.scored(), tenants);
            double rate = rate(sizes.scored(), () -> transformer.transform(table), "output[0]");
            print("| LoRATransformer | %,d | %,.0f |", tenants, rate);
            LoRAFunctions.register(session, "lora_score", transformer);
            int some = sizes.scored() / 10;
            rate = rate(some, () -> table.limit(some).repartition(2), "lora_score(features, tenant)[0]");
            print("| SQL function | %,d | %,.0f |", tenants, rate);
            table.unpersist();
        }
    }

    /** The rows of a second in the second of two runs. */
    private static double rate(int rows, Supplier<Dataset<Row>> table, String expression) {
        double seconds = 0;
        for (int i = 0; i < 2; i++) {
            long begin = System.nanoTime();
            table.get().selectExpr("sum(" + expression + ")").collect();
            seconds = (System.nanoTime() - begin) / 1e9;
        }
        return rows / seconds;
    }

    /** The same large rounds with one processor and with two. */
    private void oneOrTwoWorkers() {
        BenchDecoder decoder = sizes.decoder();
        table("what", "workers", "master", "a round", "times as fast");
        for (String master :
                sizes.clusters() ? List.of("local[%d]", "local-cluster[%d,1,1024]") : List.of("local[%d]")) {
            oneOrTwoWorkers(
                    sizes.batch() + " rows of the MNIST example",
                    this::train,
                    session -> rows(session, sizes.batch(), 1),
                    sizes.batch(),
                    master);
            oneOrTwoWorkers(
                    decoder.batch() + " prompts with completions, " + 2 * decoder.words() + " tokens each, " + decoder,
                    this::trainDecoder,
                    session -> decoder.rows(session, decoder.batch(), decoder.words()),
                    decoder.batch(),
                    master);
        }
    }

    private void oneOrTwoWorkers(
            String what, Rounds training, Function<SparkSession, Dataset<Row>> table, int batchSize, String master) {
        double one = 0;
        for (int workers : new int[] {1, 2}) {
            String name = String.format(Locale.ROOT, master, workers);
            double seconds =
                    round(training, table.apply(Sessions.session(name)), batchSize, workers, sizes.largeRounds());
            one = workers == 1 ? seconds : one;
            print("| %s | %d | %s | %.3f s | %.2f |", what, workers, name, seconds, one / seconds);
        }
    }
}
