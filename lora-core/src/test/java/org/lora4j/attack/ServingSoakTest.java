package org.lora4j.attack;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lora4j.LoRAModel;
import org.lora4j.SmallModels;
import org.lora4j.adapter.BaseModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.fixtures.Differences;
import org.lora4j.generate.Generation;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.generate.Generator;
import org.lora4j.io.ReadOptions;
import org.lora4j.nn.Network;
import org.lora4j.nn.compute.internal.Decoders;
import org.lora4j.nn.input.Input;
import org.lora4j.serve.AdapterCache;
import org.lora4j.serve.AdapterSource;
import org.lora4j.serve.BatchingPredictor;
import org.lora4j.serve.GenerationHandle;
import org.lora4j.serve.GenerationRequest;
import org.lora4j.serve.GenerationService;
import org.lora4j.serve.RequestOptions;
import org.lora4j.serve.ServingException;
import org.lora4j.serve.ServingException.Reason;
import org.lora4j.serve.ServingStats;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Services under load while their adapters are replaced, deleted and loaded again, from a source that is slow and fails. Each output
 * is compared with that of one of the two contents that the adapter has in turn, computed alone.
 */
@Timeout(value = 2, unit = TimeUnit.HOURS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@Tag("slow")
class ServingSoakTest {
    /** So many clients use the service at the same time, and ask for the adapters of so many tenants. */
    private record Load(int clients, int tenants) {
        static final Load SMALL = new Load(8, 12);

        /** So many adapters fit into the cache, fewer than there are tenants. */
        int cached() {
            return tenants * 2 / 5;
        }
    }

    /** How a request may end that is not answered. */
    private static final Set<Reason> EXPECTED = EnumSet.of(
            Reason.UNKNOWN_ADAPTER,
            Reason.ADAPTER_UNAVAILABLE,
            Reason.ADAPTER_BUSY,
            Reason.SERVICE_BUSY,
            Reason.LATE,
            Reason.CANCELLED);

    /** Each adapter in two contents, of which the source returns one. */
    private static final class Tenants implements AdapterSource {
        private final List<List<LoRAAdapter>> contents = new ArrayList<>();
        private final Map<String, Integer> now = new ConcurrentHashMap<>();
        private final AtomicInteger loads = new AtomicInteger();

        Tenants(Network network, int count, String... modules) {
            for (int i = 0; i < count; i++) {
                List<LoRAAdapter> both = new ArrayList<>();
                for (int version = 0; version < 2; version++) {
                    LoRAConfig config = LoRAConfig.builder()
                            .rank(1 + i % 3)
                            .alpha(8)
                            .targetModules(modules)
                            .init(LoRAInit.random())
                            .seed(2L * i + version)
                            .build();
                    both.add(LoRAAdapter.initialize(network, config).adapter());
                }
                contents.add(both);
            }
        }

        static String name(int tenant) {
            return "t" + tenant;
        }

        int count() {
            return contents.size();
        }

        LoRAAdapter content(int tenant, int version) {
            return contents.get(tenant).get(version);
        }

        void change(int tenant) {
            now.merge(name(tenant), 1, Integer::sum);
        }

        @Override
        public LoRAAdapter load(String name, BaseModel base, ReadOptions options) throws IOException {
            int load = loads.incrementAndGet();
            if (load % 13 == 0) {
                throw new IOException("a source that fails");
            }
            if (load % 7 == 0) {
                try {
                    Thread.sleep(5);
                } catch (InterruptedException e) {
                    throw new IOException(e);
                }
            }
            int tenant = Integer.parseInt(name.substring(1));
            return content(tenant, now.getOrDefault(name, 0) % 2);
        }
    }

    /** The longest delay after which a load that failed is tried again. */
    private static final int PAUSE_MILLIS = 4;

    /** What the clients of a service did. */
    private static final class Counts {
        private final LongAdder asked = new LongAdder();
        private final LongAdder answered = new LongAdder();
        private final LongAdder wrong = new LongAdder();
        private final Queue<Throwable> faults = new ConcurrentLinkedQueue<>();

        boolean hasFault() {
            return wrong.sum() > 0 || !faults.isEmpty();
        }

        /** A client tries again after a pause, so what fails at once is not most of what is asked. */
        void failed(Throwable failure) {
            if (failure instanceof ServingException known && known.reason() == Reason.ADAPTER_UNAVAILABLE) {
                LockSupport.parkNanos(PAUSE_MILLIS * 1_000_000L);
            }
            boolean isExpected = failure instanceof CancellationException
                    || (failure instanceof ServingException known && EXPECTED.contains(known.reason()));
            if (!isExpected) {
                faults.add(failure);
            }
        }

        void answered(boolean isRight) {
            answered.increment();
            if (!isRight) {
                wrong.increment();
            }
        }

        void require(String what, Load load, ServingStats.OfAdapter stats) {
            if (!load.equals(Load.SMALL)) {
                System.out.println(what + ": " + asked.sum() + " requests, " + answered.sum() + " answered, "
                        + wrong.sum() + " wrong, " + faults.size() + " failures that nothing explains; " + stats);
            }
            assertThat(wrong.sum()).as("wrong answers").isZero();
            assertThat(faults).as("failures that nothing explains").isEmpty();
            assertThat(answered.sum()).isGreaterThan(asked.sum() / 4);
            assertThat(stats.waiting()).isZero();
            assertThat(stats.running()).isZero();
            assertThat(stats.completed() + stats.failed() + stats.late() + stats.cancelled() + stats.rejected())
                    .as("each request has one end")
                    .isEqualTo(asked.sum());
        }
    }

    /** A client that makes requests until it is told to stop. */
    @FunctionalInterface
    private interface Client {
        void request(SplittableRandom random);
    }

    private static void run(
            LoRAModel model, AdapterCache cache, Tenants tenants, int clients, Client client, BooleanSupplier isEnough)
            throws Exception {
        AtomicBoolean goesOn = new AtomicBoolean(true);
        ExecutorService threads = Executors.newCachedThreadPool();
        try {
            List<Future<?>> all = new ArrayList<>();
            for (int i = 0; i < clients; i++) {
                SplittableRandom random = new SplittableRandom(i);
                all.add(threads.submit(() -> {
                    while (goesOn.get()) {
                        client.request(random);
                    }
                }));
            }
            all.add(threads.submit(() -> change(model, cache, tenants, goesOn)));
            while (!isEnough.getAsBoolean() && all.stream().noneMatch(Future::isDone)) {
                Thread.sleep(PAUSE_MILLIS);
            }
            goesOn.set(false);
            for (Future<?> one : all) {
                one.get();
            }
        } finally {
            threads.shutdownNow();
        }
    }

    private static void change(LoRAModel model, AdapterCache cache, Tenants tenants, AtomicBoolean goesOn) {
        SplittableRandom random = new SplittableRandom(99);
        while (goesOn.get()) {
            int tenant = random.nextInt(tenants.count());
            String name = Tenants.name(tenant);
            tenants.change(tenant);
            try {
                if (random.nextInt(4) == 0) {
                    model.delete(name);
                } else {
                    cache.refresh(name);
                }
                Thread.sleep(1);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            } catch (RuntimeException e) {
                // There is none of this name now, or the source failed.
                assertThat(e)
                        .isInstanceOfAny(
                                IllegalArgumentException.class,
                                UncheckedIOException.class,
                                IllegalStateException.class);
            }
        }
    }

    private static AdapterCache cache(LoRAModel model, Tenants tenants, Load load) {
        return AdapterCache.builder(model, tenants)
                .maxAdapters(load.cached())
                .keep(List.of("t0"))
                .retryDelay(Duration.ofMillis(1), Duration.ofMillis(PAUSE_MILLIS))
                .build();
    }

    /** Half of the requests are those of one tenant. */
    private static int tenant(SplittableRandom random, Load load) {
        return random.nextBoolean() ? 0 : random.nextInt(load.tenants());
    }

    private static RequestOptions options(SplittableRandom random) {
        RequestOptions options = RequestOptions.defaults().withPriority(random.nextInt(3));
        return random.nextInt(10) == 0 ? options.withTimeout(Duration.ofNanos(1 + random.nextInt(2_000_000))) : options;
    }

    private static void predictions(Load load, Predicate<Counts> isEnough) throws Exception {
        Network network = SmallModels.network();
        LoRAModel model = LoRAModel.of(network);
        Tenants tenants = new Tenants(network, load.tenants(), "linear1", "linear2", "linear3");
        INDArray x = SmallModels.input(2);
        Input input = Input.of(x);
        INDArray[][] expected = new INDArray[load.tenants()][2];
        LoRAModel reference = LoRAModel.of(SmallModels.network());
        for (int tenant = 0; tenant < load.tenants(); tenant++) {
            for (int version = 0; version < 2; version++) {
                reference.add("x", tenants.content(tenant, version));
                expected[tenant][version] = reference.using("x").predict(x);
                reference.delete("x");
            }
        }
        AdapterCache cache = cache(model, tenants, load);
        Counts counts = new Counts();
        BatchingPredictor predictor = BatchingPredictor.builder(model)
                .adapters(cache)
                .maxBatchRows(8)
                .maxWaitingRows(8 * load.clients())
                .build();
        try (predictor) {
            Client client = random -> {
                int tenant = tenant(random, load);
                counts.asked.increment();
                try {
                    INDArray y;
                    if (random.nextBoolean()) {
                        y = predictor.predict(input, Tenants.name(tenant), options(random));
                    } else {
                        CompletableFuture<INDArray> future =
                                predictor.predictAsync(input, Tenants.name(tenant), options(random));
                        if (random.nextInt(8) == 0) {
                            future.cancel(true);
                        }
                        y = future.join();
                    }
                    counts.answered(isClose(y, expected[tenant][0]) || isClose(y, expected[tenant][1]));
                } catch (RuntimeException e) {
                    counts.failed(cause(e));
                }
            };
            run(model, cache, tenants, load.clients(), client, () -> isEnough.test(counts));
        }
        counts.require("predictions", load, predictor.stats().all());
        assertThat(cache.stats().adapters()).isLessThanOrEqualTo(load.cached());
    }

    private static boolean isClose(INDArray actual, INDArray expected) {
        return Differences.greatest(actual, expected) <= 1e-4;
    }

    private static @Nullable Throwable causeOf(Throwable failure) {
        return failure instanceof CompletionException ? failure.getCause() : null;
    }

    private static Throwable cause(Throwable failure) {
        Throwable cause = causeOf(failure);
        return cause == null ? failure : cause;
    }

    private static void generations(Load load, Predicate<Counts> isEnough) throws Exception {
        Network network = Decoders.of(Decoders.Family.LLAMA, 2, DataType.DOUBLE, 60);
        LoRAModel model = LoRAModel.of(network);
        Tenants tenants = new Tenants(network, load.tenants(), "q", "v", "gate");
        int[] longest = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8};
        int newTokens = 6;
        List<int[]> prompts =
                List.of(new int[] {3, 1, 4}, new int[] {3, 1, 4, 1, 5, 9}, longest, new int[] {2, 7, 1, 8, 2, 8});
        GenerationOptions options = GenerationOptions.greedy().withMaxTokens(newTokens);
        LoRAModel reference = LoRAModel.of(network);
        List<Set<List<Integer>>> expected = new ArrayList<>();
        for (int tenant = 0; tenant < load.tenants(); tenant++) {
            for (int[] prompt : prompts) {
                Set<List<Integer>> both = ConcurrentHashMap.newKeySet();
                for (int version = 0; version < 2; version++) {
                    reference.add("x", tenants.content(tenant, version));
                    both.add(Generator.of(reference.using("x"))
                            .generate(prompt, options)
                            .newTokens());
                    reference.delete("x");
                }
                expected.add(both);
            }
        }
        AdapterCache cache = cache(model, tenants, load);
        Counts counts = new Counts();
        GenerationService service = GenerationService.builder(model)
                .adapters(cache)
                .maxCachedTokens(120)
                .maxRunning(5)
                .maxWaitingTokens(25L * load.clients())
                .build();
        try (service) {
            Client client = random -> {
                int tenant = tenant(random, load);
                int prompt = random.nextInt(prompts.size());
                counts.asked.increment();
                try {
                    GenerationRequest request = GenerationRequest.of(Tenants.name(tenant), prompts.get(prompt), options)
                            .withOptions(options(random));
                    if (random.nextBoolean()) {
                        request = request.withConversation("c" + random.nextInt(3));
                    }
                    GenerationHandle handle = service.generate(request);
                    if (random.nextInt(8) == 0) {
                        handle.cancel();
                    }
                    Generation result = handle.result().join();
                    List<Integer> streamed = handle.stream().toList();
                    boolean isRight = streamed.equals(result.newTokens())
                            && (result.finish() == Generation.Finish.CANCELLED
                                    || expected.get(tenant * prompts.size() + prompt)
                                            .contains(result.newTokens()));
                    counts.answered(isRight);
                } catch (RuntimeException e) {
                    counts.failed(cause(e));
                }
            };
            run(model, cache, tenants, load.clients(), client, () -> isEnough.test(counts));
        }
        counts.require("generations", load, service.stats().all());
        assertThat(service.cachedTokens()).isLessThanOrEqualTo(120);
        assertThat(cache.stats().adapters()).isLessThanOrEqualTo(load.cached());
    }

    @Test
    void predictionsWhileAdaptersChange() throws Exception {
        predictions(Load.SMALL, counts -> counts.answered.sum() >= 10_000 || counts.hasFault());
    }

    @Test
    void generationsWhileAdaptersChange() throws Exception {
        generations(Load.SMALL, counts -> counts.answered.sum() >= 1_000 || counts.hasFault());
    }

    /** The time begins with the first question. */
    private static Predicate<Counts> after(Duration time) {
        AtomicLong begin = new AtomicLong();
        return counts -> {
            begin.compareAndSet(0, System.nanoTime());
            return System.nanoTime() - begin.get() >= time.toNanos();
        };
    }

    /** A tenth of the time comes before memory is measured the first time. */
    @Test
    @Tag("soak")
    void servicesUnderLoadNeedNoMoreMemory() throws Exception {
        Load load = new Load(64, 50);
        Duration half =
                Duration.ofMinutes(Integer.getInteger("soak.minutes", 10)).dividedBy(2);
        predictions(load, after(half.dividedBy(10)));
        generations(load, after(half.dividedBy(10)));
        ResidentMemory memory = ResidentMemory.measure();
        predictions(load, after(half));
        generations(load, after(half));
        memory.requireGrowthBelow(40);
    }
}
