package org.lora4j.attack;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.BaseModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.io.ReadOptions;
import org.lora4j.nn.input.Input;
import org.lora4j.serve.AdapterCache;
import org.lora4j.serve.AdapterSource;
import org.lora4j.serve.BatchingPredictor;
import org.lora4j.serve.ServingException;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A service with random adapters of every variant, sources that fail, executors that refuse, and interrupted callers. */
@Timeout(value = 30, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ServiceAttackTest {
    private static final int THREADS = 8;

    /** What an executor does with a task. */
    private enum Tasks {
        COMMON_POOL,
        IN_THE_CALLING_THREAD,
        IN_CALLERS_WHEN_FULL,
        SOMETIMES_AN_ERROR
    }

    private static Executor executor(Tasks tasks) {
        return switch (tasks) {
            case COMMON_POOL -> ForkJoinPool.commonPool();
            case IN_THE_CALLING_THREAD -> Runnable::run;
            case IN_CALLERS_WHEN_FULL ->
                new ThreadPoolExecutor(
                        0,
                        1,
                        1,
                        TimeUnit.SECONDS,
                        new ArrayBlockingQueue<>(1),
                        new ThreadPoolExecutor.CallerRunsPolicy());
            case SOMETIMES_AN_ERROR -> new FailingExecutor();
        };
    }

    /** Every fifth task is refused with an error. */
    private static final class FailingExecutor implements Executor {
        private int count;

        @Override
        public void execute(Runnable task) {
            boolean fails;
            synchronized (this) {
                fails = count++ % 5 == 4;
            }
            if (fails) {
                throw new OutOfMemoryError("unable to create native thread");
            }
            ForkJoinPool.commonPool().execute(task);
        }
    }

    /** A call, and what its adapter computes with it alone. */
    private record Expected(String name, Input x, INDArray y) {}

    private static List<Expected> expected(RandomModel model, int calls) {
        List<Expected> all = new ArrayList<>();
        for (int i = 0; i < calls; i++) {
            String name = model.names().get(i % model.names().size());
            Input x = model.examples(1 + i % 4);
            all.add(new Expected(name, x, model.alone(x, name)));
        }
        return all;
    }

    /** Makes random calls, some of them while this thread is interrupted. Returns how many were answered. */
    private static int call(BatchingPredictor predictor, RandomModel model, List<Expected> calls, long seed, int rounds)
            throws InterruptedException {
        SplittableRandom random = new SplittableRandom(seed);
        Map<CompletableFuture<INDArray>, Expected> futures = new LinkedHashMap<>();
        int answered = 0;
        for (int i = 0; i < rounds; i++) {
            Expected call = calls.get(random.nextInt(calls.size()));
            if (random.nextInt(3) > 0) {
                futures.put(predictor.predictAsync(call.x(), call.name()), call);
                continue;
            }
            boolean isInterrupted = random.nextInt(4) == 0;
            if (isInterrupted) {
                Thread.currentThread().interrupt();
            }
            INDArray y = null;
            try {
                y = predictor.predict(call.x(), call.name());
            } catch (RuntimeException e) {
                requireExpected(e);
            }
            assertThat(Thread.interrupted()).isEqualTo(isInterrupted);
            if (y != null) {
                model.assertClose("call of " + call.name(), y, call.y());
                answered++;
            }
        }
        for (Map.Entry<CompletableFuture<INDArray>, Expected> future : futures.entrySet()) {
            INDArray y = answer(future.getKey());
            if (y != null) {
                model.assertClose(
                        "later call of " + future.getValue().name(),
                        y,
                        future.getValue().y());
                answered++;
            }
        }
        return answered;
    }

    private static @Nullable INDArray answer(CompletableFuture<INDArray> future) throws InterruptedException {
        try {
            return future.get();
        } catch (ExecutionException e) {
            requireExpected(e.getCause());
            return null;
        }
    }

    /** What the sources and the executors of these tests throw; anything else is a fault. */
    private static void requireExpected(@Nullable Throwable failure) {
        assertThat(failure).isInstanceOfAny(ServingException.class, OutOfMemoryError.class);
        Throwable detail = failure != null && failure.getCause() != null ? failure.getCause() : failure;
        assertThat(String.valueOf(detail))
                .containsAnyOf(
                        "a source that fails",
                        "must return the adapter",
                        "unable to create native thread",
                        "rows of its adapter wait",
                        "rows wait in all");
    }

    /** Every third load fails in one of several ways. */
    private static AdapterSource source(Map<String, LoRAAdapter> adapters) {
        Map<String, Integer> loads = new ConcurrentHashMap<>();
        return new AdapterSource() {
            @Override
            @SuppressWarnings("NullAway") // Null is one of the failures.
            public LoRAAdapter load(String name, BaseModel base, ReadOptions options) throws IOException {
                int load = loads.merge(name, 1, Integer::sum);
                if (load % 3 == 0) {
                    switch (load / 3 % 4) {
                        case 0 -> throw new IOException("a source that fails");
                        case 1 -> throw new IllegalStateException("a source that fails");
                        case 2 -> throw new StackOverflowError("a source that fails");
                        default -> {
                            return null;
                        }
                    }
                }
                if (Thread.currentThread().isInterrupted()) {
                    throw new ClosedByInterruptException();
                }
                return adapters.get(name);
            }
        };
    }

    private static void attack(RandomModel model, Tasks tasks, int rounds) throws Exception {
        List<Expected> calls = expected(model, 24);
        Map<String, LoRAAdapter> adapters = new ConcurrentHashMap<>();
        for (String name : model.names()) {
            if (!name.equals(LoRAModel.BASE)) {
                adapters.put(name, model.model().adapter(name));
                model.model().delete(name);
            }
        }
        AdapterCache cache = AdapterCache.builder(model.model(), source(adapters))
                .maxBytes(4_000)
                .retryDelay(Duration.ZERO, Duration.ZERO)
                .build();
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        Executor executor = executor(tasks);
        int answered = 0;
        try (BatchingPredictor predictor = BatchingPredictor.builder(model.model())
                .allowBase(true)
                .adapters(cache)
                .executor(executor)
                .maxWaitingRows(200)
                .build()) {
            List<Callable<Integer>> callers = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                int seed = i;
                callers.add(() -> call(predictor, model, calls, seed, rounds));
            }
            for (Future<Integer> caller : threads.invokeAll(callers)) {
                answered += caller.get();
            }
        } finally {
            threads.shutdownNow();
            if (executor instanceof ThreadPoolExecutor pool) {
                pool.shutdown();
            }
        }
        assertThat(answered).isGreaterThan(THREADS * rounds / 4);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    @Tag("slow")
    void everyCallIsAnsweredRightOrFails(boolean transformer) throws Exception {
        for (Tasks tasks : Tasks.values()) {
            attack(transformer ? RandomModel.transformer(3) : RandomModel.dense(3), tasks, transformer ? 20 : 100);
        }
    }

    @Test
    @Tag("soak")
    void manyServices() throws Exception {
        int models = Integer.getInteger("soak.services", 100);
        for (int seed = 0; seed < models; seed++) {
            Tasks tasks = Tasks.values()[seed % Tasks.values().length];
            attack(seed % 3 == 0 ? RandomModel.transformer(seed) : RandomModel.dense(seed), tasks, 400);
        }
    }
}
