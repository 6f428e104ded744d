package org.lora4j.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import org.lora4j.LoRAModel;
import org.lora4j.nn.NativeThreads;
import org.lora4j.nn.input.Input;
import org.lora4j.serve.BatchingPredictor;
import org.lora4j.serve.RequestOptions;
import org.lora4j.serve.ServingException;
import org.lora4j.serve.ServingStats;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Tenants that send single rows at a steady rate, alone and beside one that sends a hundred times as much. Measures the latency of
 * the others in turn in one process, and how many of their requests are rejected.
 *
 * <pre>{@code
 * src/bench/fairness tenants=50 rate=4 flood=100 seconds=5 pairs=5
 * }</pre>
 */
final class FairnessWork {
    private final int tenants;
    private final int rate;
    private final int flood;
    private final int seconds;
    private final LoRAModel model;
    private final Input row;

    /** The latency of the others in ms, their rejected requests, and the requests of the flood that were computed and rejected. */
    private record Result(double median, double p99, long rejected, long floodComputed, long floodRejected) {}

    private FairnessWork(int tenants, int rate, int flood, int seconds) {
        this.tenants = tenants;
        this.rate = rate;
        this.flood = flood;
        this.seconds = seconds;
        Start start = new Start(Start.RICH, 1);
        model = start.model(8, false, tenants + 1);
        model.setTrainable();
        INDArray x = start.x();
        row = Input.of(x.get(NDArrayIndex.interval(0, 1), NDArrayIndex.all()).dup('c'));
    }

    public static void main(String[] args) throws InterruptedException {
        Arguments arguments = new Arguments(args);
        FairnessWork work = new FairnessWork(
                arguments.take("tenants", 50),
                arguments.take("rate", 4),
                arguments.take("flood", 100),
                arguments.take("seconds", 5));
        int pairs = arguments.take("pairs", 5);
        arguments.requireNoMore();
        NativeThreads threads = NativeThreads.forBlas(1);
        try (threads) {
            work.compare(pairs);
        }
    }

    private void compare(int pairs) throws InterruptedException {
        List<Result> alone = new ArrayList<>();
        List<Result> flooded = new ArrayList<>();
        for (int pair = -1; pair < pairs; pair++) {
            Result idle = run(false);
            Result full = run(true);
            System.out.printf("alone: %s%nbeside the flood: %s%n", idle, full);
            if (pair >= 0) {
                alone.add(idle);
                flooded.add(full);
            }
        }
        double idle = middle(alone);
        double full = middle(flooded);
        System.out.printf(
                Locale.ROOT,
                "medians of %d pairs, %d tenants: the 99 %% latency is %.2f ms alone and %.2f ms beside the flood, %.2f times; %d of"
                        + " their requests were rejected%n",
                pairs,
                tenants,
                idle,
                full,
                full / idle,
                flooded.stream().mapToLong(Result::rejected).sum());
    }

    private static double middle(List<Result> results) {
        double[] sorted = results.stream().mapToDouble(Result::p99).sorted().toArray();
        return sorted[sorted.length / 2];
    }

    private Result run(boolean isFlooded) throws InterruptedException {
        List<Long> nanos = new ArrayList<>();
        LongAdder rejected = new LongAdder();
        AtomicBoolean goesOn = new AtomicBoolean(true);
        ScheduledExecutorService clock = Executors.newScheduledThreadPool(1);
        ServingStats stats;
        try (BatchingPredictor predictor = BatchingPredictor.builder(model).build()) {
            for (int i = 0; i < tenants; i++) {
                String name = Start.name(i);
                ScheduledFuture<?> unused = clock.scheduleAtFixedRate(
                        () -> ask(predictor, name, nanos, rejected),
                        1_000_000L * i / tenants / rate,
                        1_000_000L / rate,
                        TimeUnit.MICROSECONDS);
            }
            Thread sender = new Thread(() -> {
                while (goesOn.get()) {
                    for (int i = 0; i < Math.max(1, flood * rate / 100); i++) {
                        CompletableFuture<INDArray> unused =
                                predictor.predictAsync(row, Start.name(tenants), RequestOptions.defaults());
                    }
                    sleep(10);
                }
            });
            if (isFlooded) {
                sender.start();
            }
            Thread.sleep(1000L * seconds);
            goesOn.set(false);
            clock.shutdown();
            if (isFlooded) {
                sender.join();
            }
            stats = predictor.stats();
        }
        long[] sorted;
        synchronized (nanos) {
            sorted = nanos.stream().mapToLong(Long::longValue).toArray();
        }
        Arrays.sort(sorted);
        return new Result(
                sorted[sorted.length / 2] / 1e6,
                sorted[(int) (sorted.length * 0.99)] / 1e6,
                rejected.sum(),
                stats.adapter(Start.name(tenants)).completed(),
                stats.adapter(Start.name(tenants)).rejected());
    }

    private static void sleep(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void ask(BatchingPredictor predictor, String name, List<Long> nanos, LongAdder rejected) {
        long begin = System.nanoTime();
        CompletableFuture<INDArray> unused = predictor
                .predictAsync(row, name, RequestOptions.defaults())
                .whenComplete((y, failure) -> {
                    if (failure instanceof ServingException) {
                        rejected.increment();
                    } else {
                        synchronized (nanos) {
                            nanos.add(System.nanoTime() - begin);
                        }
                    }
                });
    }
}
