package org.lora4j.bench;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.function.BiFunction;
import java.util.stream.LongStream;
import org.lora4j.LoRAModel;
import org.lora4j.serve.BatchingPredictor;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Threads that request predictions of single rows in a closed loop: each requests the next one when it has the last one.
 * Measures how many requests are answered, and how long each takes, with {@link BatchingPredictor} and without it, in turn
 * in one process.
 *
 * <pre>{@code
 * src/bench/serving clients=64 adapters=64 rank=8 seconds=5 pairs=5
 * }</pre>
 */
final class ServingWork {
    private final int clients;
    private final int adapters;
    private final double seconds;
    private final LoRAModel model;
    private final List<INDArray> rows = new ArrayList<>();

    /** Requests per second, latencies in µs, and the processor time of a request in µs. */
    private record Result(double perSecond, double median, double p99, double cpu) {}

    private ServingWork(String net, int rank, int clients, int adapters, double seconds) {
        this.clients = clients;
        this.adapters = adapters;
        this.seconds = seconds;
        Start start = new Start(net, Math.max(clients, adapters));
        model = start.model(rank, false, adapters);
        model.setTrainable();
        for (int i = 0; i < clients; i++) {
            rows.add(start.x()
                    .get(NDArrayIndex.interval(i, i + 1), NDArrayIndex.all())
                    .dup('c'));
        }
    }

    public static void main(String[] args) throws InterruptedException {
        Arguments arguments = new Arguments(args);
        int clients = arguments.take("clients", 64);
        int adapters = arguments.take("adapters", 64);
        int pairs = arguments.take("pairs", 5);
        int waitMicros = arguments.take("wait", 2000);
        int maxRows = arguments.take("rows", 64);
        boolean withEngine = arguments.take("threads", Threads.ENGINE).equals(Threads.ENGINE);
        ServingWork work =
                new ServingWork(Start.RICH, arguments.take("rank", 8), clients, adapters, arguments.take("seconds", 5));
        arguments.requireNoMore();
        work.compare(withEngine, pairs, maxRows, Duration.ofNanos(1000L * waitMicros));
    }

    /** Each way to serve in turn, with each of its threads; the ratios are those to the fastest without batches. */
    private void compare(boolean withEngine, int pairs, int maxRows, Duration wait) throws InterruptedException {
        String all = withEngine ? Threads.ENGINE : Threads.BLAS;
        String one = withEngine ? Threads.ONE_ENGINE : "1";
        List<Result> batched = new ArrayList<>();
        Map<String, List<Result>> unbatched = new LinkedHashMap<>();
        for (int pair = -1; pair < pairs; pair++) {
            boolean counts = pair >= 0;
            for (String threads : List.of(one, all)) {
                Result result = run(threads, (x, name) -> model.using(name).predict(x));
                print("using(a).predict, threads " + threads, result);
                if (counts) {
                    unbatched.computeIfAbsent(threads, key -> new ArrayList<>()).add(result);
                }
            }
            try (BatchingPredictor predictor = BatchingPredictor.builder(model)
                    .maxBatchRows(maxRows)
                    .maxWait(wait)
                    .build()) {
                Result result = run(withEngine ? all : one, predictor::predict);
                print("BatchingPredictor", result);
                print("  rows of its batches", predictor.stats().batchUnits());
                print("  ns of its batches", predictor.stats().batchNanos());
                if (counts) {
                    batched.add(result);
                }
            }
        }
        List<Result> best =
                Collections.max(unbatched.values(), Comparator.comparingDouble(results -> median(results).perSecond));
        System.out.printf(
                Locale.ROOT,
                "medians of %d pairs, %d clients: %.0f requests per second, %.2f times as many as without batches, %.2f"
                        + " times the median latency, %.2f times the 99 %% latency, %.3f times the processor time%n",
                pairs,
                clients,
                median(batched).perSecond,
                median(batched).perSecond / median(best).perSecond,
                median(batched).median / median(best).median,
                median(batched).p99 / median(best).p99,
                median(batched).cpu / median(best).cpu);
    }

    private static void print(String name, Object result) {
        System.out.printf("%s: %s%n", name, result);
    }

    private static Result median(List<Result> results) {
        return new Result(
                middle(results.stream().mapToDouble(Result::perSecond).toArray()),
                middle(results.stream().mapToDouble(Result::median).toArray()),
                middle(results.stream().mapToDouble(Result::p99).toArray()),
                middle(results.stream().mapToDouble(Result::cpu).toArray()));
    }

    private static double middle(double... values) {
        Arrays.sort(values);
        int half = values.length / 2;
        return values.length % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
    }

    /** Runs all clients for some seconds after a warm-up of as long. */
    private Result run(String setting, BiFunction<INDArray, String, INDArray> predict) throws InterruptedException {
        Threads threads = new Threads(setting);
        try (threads) {
            clients(predict);
            return clients(predict);
        }
    }

    private Result clients(BiFunction<INDArray, String, INDArray> predict) throws InterruptedException {
        CountDownLatch start = new CountDownLatch(1);
        List<Client> all = new ArrayList<>();
        for (int i = 0; i < clients; i++) {
            Client client = new Client(rows.get(i), i, start, predict);
            all.add(client);
            client.start();
        }
        long begin = System.nanoTime();
        long cpuBegin = cpuNanos();
        start.countDown();
        for (Client client : all) {
            client.join();
        }
        double elapsed = (System.nanoTime() - begin) / 1e9;
        double cpuMicros = (cpuNanos() - cpuBegin) / 1e3;
        long[] latencies =
                all.stream().flatMapToLong(Client::latencies).sorted().toArray();
        if (latencies.length == 0) {
            throw new IllegalStateException("each client must complete a request, found none");
        }
        return new Result(
                latencies.length / elapsed,
                latencies[latencies.length / 2] / 1e3,
                latencies[(int) (latencies.length * 0.99)] / 1e3,
                cpuMicros / latencies.length);
    }

    private static long cpuNanos() {
        return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getProcessCpuTime();
    }

    private final class Client extends Thread {
        private final INDArray x;
        private final int index;
        private final CountDownLatch start;
        private final BiFunction<INDArray, String, INDArray> predict;
        private long[] nanos = new long[1024];
        private int count;

        Client(INDArray x, int index, CountDownLatch start, BiFunction<INDArray, String, INDArray> predict) {
            this.x = x;
            this.index = index;
            this.start = start;
            this.predict = predict;
        }

        LongStream latencies() {
            return Arrays.stream(nanos, 0, count);
        }

        @Override
        public void run() {
            try {
                start.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
            long first = System.nanoTime();
            long begin = first;
            while (begin - first < seconds * 1e9) {
                INDArray y = predict.apply(x, Start.name((index + count) % adapters));
                long end = System.nanoTime();
                y.close();
                if (count == nanos.length) {
                    nanos = Arrays.copyOf(nanos, 2 * count);
                }
                nanos[count++] = end - begin;
                begin = end;
            }
        }
    }
}
