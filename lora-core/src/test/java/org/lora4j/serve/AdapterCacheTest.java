package org.lora4j.serve;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.lora4j.SmallModels.assertClose;
import static org.lora4j.SmallModels.assertSameBits;
import static org.lora4j.serve.BatchingPredictorTest.assertFailed;
import static org.lora4j.serve.BatchingPredictorTest.failure;
import static org.lora4j.serve.BatchingPredictorTest.inThread;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.LoRAModel;
import org.lora4j.SmallModels;
import org.lora4j.adapter.BaseModel;
import org.lora4j.adapter.BiasTraining;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.fixtures.MustEnd;
import org.lora4j.io.FingerprintCheck;
import org.lora4j.io.ReadOptions;
import org.lora4j.io.peft.PeftAdapters;
import org.lora4j.io.peft.PeftFiles;
import org.lora4j.nn.Network;
import org.lora4j.serve.ServingException.Reason;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Adapters that are loaded from a folder when they are needed. */
@MustEnd
@SuppressWarnings("try") // A pin works by being open.
class AdapterCacheTest {
    private static final int ADAPTERS = 6;

    /** Rank 2 on 6 → 8 → 5 → 4. */
    private static final long BYTES = Float.BYTES * 2L * (6 + 8 + 8 + 5 + 5 + 4);

    private final Network network = SmallModels.network();
    private final LoRAModel model = LoRAModel.of(network);
    private final LoRAModel reference = LoRAModel.of(network);
    private final INDArray x = SmallModels.input(2);

    private final List<String> loaded = new CopyOnWriteArrayList<>();
    private final List<String> failed = new CopyOnWriteArrayList<>();
    private final List<String> evicted = new CopyOnWriteArrayList<>();
    private final AdapterCache.Listener listener = new AdapterCache.Listener() {
        @Override
        public void onLoad(String name, long bytes, long nanos) {
            assertThat(bytes).isEqualTo(BYTES);
            loaded.add(name);
        }

        @Override
        public void onFailedLoad(String name, Throwable cause) {
            failed.add(name);
        }

        @Override
        public void onEviction(String name, long bytes) {
            assertThat(bytes).isEqualTo(BYTES);
            evicted.add(name);
        }
    };

    @TempDir
    private Path folder;

    @BeforeEach
    void saveAdapters() throws IOException {
        for (int i = 0; i < ADAPTERS; i++) {
            reference.add("a" + i, SmallModels.random(i).build()).save(folder.resolve("a" + i));
        }
    }

    private AdapterCache.Builder builder(int adapters) {
        return AdapterCache.builder(model, folder).maxBytes(adapters * BYTES).listener(listener);
    }

    private static void use(AdapterCache cache, String... names) {
        for (String name : names) {
            cache.pin(name).close();
        }
    }

    private static LoRAAdapter data(long seed) {
        LoRAModel other = SmallModels.model();
        other.add("x", SmallModels.random(seed).build());
        return other.adapter("x");
    }

    @Test
    void anAdapterIsLoadedWhenItIsNeededAndIsTheOneInTheFolder() {
        AdapterCache cache = builder(2).build();
        assertThat(cache.isLoaded("a1")).isFalse();
        try (AdapterCache.Pin pin = cache.pin("a1")) {
            assertSameBits(model.using("a1").predict(x), reference.using("a1").predict(x));
        }
        assertThat(cache.isLoaded("a1")).isTrue();
        assertThat(model.residentBytes("a1")).isEqualTo(BYTES);
        assertThat(model.active()).isEmpty();
        use(cache, "a1");
        AdapterCache.Stats stats = cache.stats();
        assertThat(stats.loads()).isEqualTo(1);
        assertThat(stats.hits()).isEqualTo(1);
        assertThat(stats.bytes()).isEqualTo(BYTES);
        assertThat(stats.adapters()).isEqualTo(1);
        assertThat(stats.loadNanos()).isPositive();
    }

    @Test
    void theAdapterThatWasNotUsedForTheLongestTimeIsDeletedFirst() {
        AdapterCache cache = builder(2).build();
        use(cache, "a0", "a1", "a0", "a2", "a3");
        assertThat(evicted).containsExactly("a1", "a0");
        assertThat(model.names()).containsExactly("a2", "a3");
        assertThat(cache.stats())
                .usingRecursiveComparison()
                .ignoringFields("loadNanos")
                .isEqualTo(new AdapterCache.Stats(1, 4, 0, 0, 2, 2, 0, 2 * BYTES));
    }

    @Test
    void pinnedAdaptersStayEvenBeyondTheLimit() {
        AdapterCache cache = builder(1).build();
        AdapterCache.Pin first = cache.pin("a0");
        AdapterCache.Pin again = cache.pin("a0");
        AdapterCache.Pin second = cache.pin("a1");
        assertThat(model.names()).containsExactly("a0", "a1");
        assertThat(cache.stats().bytes()).isEqualTo(2 * BYTES);
        first.close();
        first.close();
        assertThat(model.names()).containsExactly("a0", "a1");
        again.close();
        assertThat(model.names()).containsExactly("a1");
        second.close();
        assertThat(model.names()).containsExactly("a1");
    }

    @Test
    void aLimitOfZeroKeepsOnlyWhatIsPinned() {
        AdapterCache cache = builder(0).build();
        try (AdapterCache.Pin pin = cache.pin("a0")) {
            assertThat(model.names()).containsExactly("a0");
        }
        assertThat(model.names()).isEmpty();
        assertThat(cache.stats().bytes()).isZero();
    }

    @Test
    void threadsThatNeedTheSameAdapterLoadItOnce() throws Exception {
        CountDownLatch loading = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        AdapterCache.Listener held = new AdapterCache.Listener() {
            @Override
            public void onLoad(String name, long bytes, long nanos) {
                loaded.add(name);
                loading.countDown();
                try {
                    go.await();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            }
        };
        AdapterCache cache = builder(2).listener(held).build();
        List<CompletableFuture<INDArray>> outputs = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            outputs.add(inThread(() -> {
                try (AdapterCache.Pin pin = cache.pin("a0")) {
                    return model.using("a0").predict(x);
                }
            }));
        }
        loading.await();
        go.countDown();
        for (CompletableFuture<INDArray> output : outputs) {
            assertSameBits(output.get(), reference.using("a0").predict(x));
        }
        assertThat(loaded).containsExactly("a0");
    }

    @Test
    void aLoadThatFailsFailsItsCallsAndIsTriedAgain() throws IOException {
        Path file = folder.resolve("a0").resolve("adapter_model.safetensors");
        byte[] good = Files.readAllBytes(file);
        Files.write(file, new byte[] {1, 2, 3});
        AdapterCache cache = builder(2).retryDelay(Duration.ZERO, Duration.ZERO).build();
        for (int i = 0; i < 2; i++) {
            assertThatExceptionOfType(UncheckedIOException.class)
                    .isThrownBy(() -> cache.pin("a0"))
                    .withMessageStartingWith("adapter 'a0' could not be loaded: ");
        }
        use(cache, "a1");
        Files.write(file, good);
        use(cache, "a0");
        assertThat(failed).containsExactly("a0", "a0");
        assertThat(cache.stats().failedLoads()).isEqualTo(2);
        assertThat(model.names()).containsExactly("a1", "a0");
    }

    @ParameterizedTest
    @ValueSource(strings = {"nobody", "../a0", "..", "", "a0/", "A0", LoRAModel.BASE})
    void refusesNamesThatAreNotThoseOfAFolder(String name) {
        AdapterCache cache = builder(2).build();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> cache.pin(name))
                .withMessageContaining("could not be loaded");
        assertThat(model.names()).isEmpty();
        assertThat(cache.stats().adapters()).isZero();
    }

    @Test
    void adaptersComeFromAnySource() throws IOException {
        PeftFiles stored = PeftFiles.of(data(3), network);
        List<String> asked = new ArrayList<>();
        AdapterSource source = (name, base, options) -> {
            asked.add(name);
            assertThat(base).isSameAs(network);
            if (!name.equals("stored")) {
                throw new IllegalArgumentException("no row " + name);
            }
            return PeftFiles.read(stored.config(), stored.tensors(), options).adapter(base);
        };
        AdapterCache cache = AdapterCache.builder(model, source)
                .readOptions(ReadOptions.of(FingerprintCheck.REQUIRE))
                .maxBytes(BYTES)
                .build();
        use(cache, "stored", "stored");
        assertThat(asked).containsExactly("stored");
        assertThat(model.using("stored").adapter().weights()).isEqualTo(data(3).weights());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> cache.pin("other"))
                .withMessage("adapter 'other' could not be loaded: no row other");
        assertThatIllegalArgumentException().isThrownBy(() -> cache.pin("../stored"));
        assertThat(asked).containsExactly("stored", "other");
    }

    @Test
    void limitsAndFingerprintsAreChecked() {
        AdapterCache small =
                builder(2).readOptions(ReadOptions.defaults().withFileBytes(10)).build();
        assertThatExceptionOfType(UncheckedIOException.class).isThrownBy(() -> small.pin("a0"));
        LoRAModel other = LoRAModel.of(SmallModels.network(x.dataType(), 2));
        AdapterCache strict = AdapterCache.builder(other, folder)
                .readOptions(ReadOptions.of(FingerprintCheck.REQUIRE))
                .build();
        assertThatExceptionOfType(UncheckedIOException.class).isThrownBy(() -> strict.pin("a0"));
        assertThat(other.names()).isEmpty();
    }

    @Test
    void adaptersOfTheProgramAreFoundAndNeverDeleted() {
        model.add("own", data(7));
        model.add("a0", data(8));
        AdapterCache cache = builder(1).build();
        use(cache, "own", "a0", "a1", "a2");
        assertThat(loaded).containsExactly("a1", "a2");
        assertThat(model.names()).containsExactly("own", "a0", "a2");
        assertThat(cache.stats().bytes()).isEqualTo(BYTES);
    }

    @Test
    void whatTheProgramReplacesRenamesActivatesOrTrainsIsItsOwn() {
        AdapterCache cache = builder(4).build();
        use(cache, "a0", "a1", "a2", "a3");
        model.replace("a0", data(7));
        model.rename("a1", "renamed");
        model.activate("a2");
        model.setTrainable("a3");
        use(cache, "a4", "a5", "a1");
        AdapterCache.Pin[] pins = {cache.pin("a4"), cache.pin("a5"), cache.pin("a1")};
        assertThat(model.names()).contains("a0", "renamed", "a2", "a3", "a4", "a5", "a1");
        for (AdapterCache.Pin pin : pins) {
            pin.close();
        }
        assertThat(cache.stats().bytes()).isLessThanOrEqualTo(4 * BYTES);
        assertThat(model.names()).contains("a0", "renamed", "a2", "a3");
        assertThat(evicted).isEmpty();
    }

    @Test
    void anAdapterThatTheProgramDeletedIsLoadedAgain() {
        AdapterCache cache = builder(2).build();
        use(cache, "a0");
        model.delete("a0");
        use(cache, "a0");
        assertThat(loaded).containsExactly("a0", "a0");
        assertThat(cache.stats().bytes()).isEqualTo(BYTES);
    }

    @Test
    void refreshLoadsWhatIsInTheFolderNow() throws IOException {
        AdapterCache cache = builder(2).build();
        assertThat(cache.refresh("a0")).isFalse();
        use(cache, "a0");
        PeftAdapters.save(data(9), network, folder.resolve("a0"));
        assertSameBits(model.using("a0").predict(x), reference.using("a0").predict(x));
        assertThat(cache.refresh("a0")).isTrue();
        reference.replace("a0", data(9));
        assertSameBits(model.using("a0").predict(x), reference.using("a0").predict(x));
        use(cache, "a1", "a2");
        assertThat(evicted).containsExactly("a0");
        assertThat(cache.stats().bytes()).isEqualTo(2 * BYTES);
    }

    @Test
    void aRefreshThatFailsKeepsTheOldAdapter() throws IOException {
        AdapterCache cache = builder(2).build();
        use(cache, "a0");
        Files.write(folder.resolve("a0").resolve("adapter_model.safetensors"), new byte[] {1, 2, 3});
        assertThatExceptionOfType(UncheckedIOException.class).isThrownBy(() -> cache.refresh("a0"));
        assertSameBits(model.using("a0").predict(x), reference.using("a0").predict(x));
    }

    /** A program that replaces an adapter renames two folders, and may be stopped between. */
    @Test
    void anAdapterWhoseFolderIsExchangedIsWaitedFor() throws Exception {
        AdapterCache cache = builder(2).build();
        Path own = folder.resolve("a0");
        Files.move(own, folder.resolve(".a0.gone"));
        CompletableFuture<Void> load = cache.preload(List.of("a0"));
        Thread.sleep(200);
        assertThat(load).isNotDone();
        Path next = folder.resolve(".a0.part");
        PeftAdapters.save(data(9), network, next);
        Files.move(next, own);
        load.get(30, TimeUnit.SECONDS);
        reference.replace("a0", data(9));
        assertSameBits(model.using("a0").predict(x), reference.using("a0").predict(x));
    }

    @Test
    void anAdapterOfWhichOnlyTheOldFolderIsThereIsMissing() throws IOException {
        AdapterCache cache = builder(2).build();
        Files.move(folder.resolve("a0"), folder.resolve(".a0.gone"));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> cache.pin("a0"))
                .withMessageContaining("found no 'a0' in " + folder);
    }

    /** A source that reports when it has read, and goes on when it may. */
    private static final class SteppedSource implements AdapterSource {
        private final CountDownLatch hasRead = new CountDownLatch(1);
        private final CountDownLatch mayGoOn = new CountDownLatch(1);
        private final AtomicLong content = new AtomicLong();

        /** A content of 0 is none. */
        @Override
        public LoRAAdapter load(String name, BaseModel base, ReadOptions options) {
            long read = content.get();
            hasRead.countDown();
            try {
                assertThat(mayGoOn.await(1, TimeUnit.MINUTES)).isTrue();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            if (read == 0) {
                throw new IllegalArgumentException("there is none");
            }
            return data(read);
        }
    }

    /** Neither what was read before a change nor a failure to read it stays. */
    @ParameterizedTest
    @ValueSource(longs = {0, 3})
    void anAdapterThatChangesWhileItIsLoadedIsReadAgain(long before) throws Exception {
        SteppedSource source = new SteppedSource();
        source.content.set(before);
        AdapterCache cache = AdapterCache.builder(model, source).build();
        CompletableFuture<Void> load = cache.preload(List.of("a0"));
        assertThat(source.hasRead.await(1, TimeUnit.MINUTES)).isTrue();
        source.content.set(9);
        assertThat(cache.forget("a0")).isFalse();
        source.mayGoOn.countDown();
        load.get(1, TimeUnit.MINUTES);
        reference.replace("a0", data(9));
        assertSameBits(model.using("a0").predict(x), reference.using("a0").predict(x));
        assertThat(cache.stats().adapters()).isEqualTo(1);
        assertThat(cache.stats().failedLoads()).isZero();
    }

    @Test
    void aRefreshThatReadBeforeAnotherOneDoesNotUndoIt() throws Exception {
        SteppedSource source = new SteppedSource();
        source.content.set(3);
        SteppedSource[] now = {new SteppedSource()};
        now[0].content.set(1);
        now[0].mayGoOn.countDown();
        AdapterCache cache = AdapterCache.builder(model, (name, base, options) -> now[0].load(name, base, options))
                .build();
        use(cache, "a0");
        now[0] = source;
        CompletableFuture<Boolean> slow = CompletableFuture.supplyAsync(() -> cache.refresh("a0"));
        assertThat(source.hasRead.await(1, TimeUnit.MINUTES)).isTrue();
        now[0] = new SteppedSource();
        now[0].content.set(9);
        now[0].mayGoOn.countDown();
        assertThat(cache.refresh("a0")).isTrue();
        source.mayGoOn.countDown();
        assertThat(slow.get(1, TimeUnit.MINUTES)).isTrue();
        reference.replace("a0", data(9));
        assertSameBits(model.using("a0").predict(x), reference.using("a0").predict(x));
    }

    /** An adapter that was taken away while it was read again, and came back, is not refused for that. */
    @Test
    void aFailureBeforeAnAdapterCameBackIsForgotten() throws Exception {
        SteppedSource source = new SteppedSource();
        SteppedSource[] now = {new SteppedSource()};
        now[0].content.set(1);
        now[0].mayGoOn.countDown();
        AdapterCache cache = AdapterCache.builder(model, (name, base, options) -> now[0].load(name, base, options))
                .build();
        use(cache, "a0");
        SteppedSource works = now[0];
        now[0] = source;
        CompletableFuture<Boolean> slow = CompletableFuture.supplyAsync(() -> cache.refresh("a0"));
        assertThat(source.hasRead.await(1, TimeUnit.MINUTES)).isTrue();
        now[0] = works;
        assertThat(cache.forget("a0")).isTrue();
        source.mayGoOn.countDown();
        assertThat(slow.handle((refreshed, failure) -> failure).get(1, TimeUnit.MINUTES))
                .hasMessageContaining("there is none");
        use(cache, "a0");
        assertThat(cache.failures()).isEmpty();
    }

    /** A request that waits for its batch was promised an adapter. It gets the one that replaced its own. */
    @Test
    void anAdapterThatIsForgottenStaysUntilNobodyNeedsIt() throws IOException {
        AdapterCache cache = builder(2).build();
        AdapterCache.Pin first = cache.pin("a0");
        assertThat(cache.forget("a0")).isTrue();
        assertThat(cache.forget("a0")).isFalse();
        assertThat(cache.isLoaded("a0")).isFalse();
        assertSameBits(model.using("a0").predict(x), reference.using("a0").predict(x));
        PeftAdapters.save(data(9), network, folder.resolve("a0"));
        reference.replace("a0", data(9));
        use(cache, "a0");
        assertThat(cache.isLoaded("a0")).isTrue();
        assertSameBits(model.using("a0").predict(x), reference.using("a0").predict(x));
        assertThat(cache.stats().bytes()).isEqualTo(BYTES);
        use(cache, "a1", "a2", "a3");
        assertThat(cache.forget("a0")).isTrue();
        assertSameBits(model.using("a0").predict(x), reference.using("a0").predict(x));
        first.close();
        assertThat(model.names()).doesNotContain("a0");
        assertThat(cache.forget("a0")).isFalse();
    }

    @Test
    void aForgottenAdapterThatCannotBeLoadedAgainStaysUntilNobodyNeedsIt() throws IOException {
        AdapterCache cache = builder(2).build();
        AdapterCache.Pin pin = cache.pin("a0");
        Files.move(folder.resolve("a0"), folder.resolve("away"));
        assertThat(cache.forget("a0")).isTrue();
        assertThatIllegalArgumentException().isThrownBy(() -> cache.pin("a0"));
        assertThat(model.names()).containsExactly("a0");
        assertThat(cache.stats().adapters()).isEqualTo(1);
        pin.close();
        assertThat(model.names()).isEmpty();
        assertThat(cache.stats().adapters()).isZero();
        assertThat(cache.stats().loading()).isZero();
        assertThat(cache.stats().bytes()).isZero();
    }

    @Test
    void anAdapterOfTheProgramInPlaceOfAForgottenOneIsNotDeleted() {
        AdapterCache cache = builder(2).build();
        AdapterCache.Pin pin = cache.pin("a0");
        assertThat(cache.forget("a0")).isTrue();
        model.replace("a0", data(9));
        use(cache, "a0");
        pin.close();
        assertThat(loaded).containsExactly("a0");
        assertThat(model.names()).containsExactly("a0");
        assertThat(cache.stats().bytes()).isZero();
    }

    /** The failure that a cache remembers is one of the adapter that was there then. */
    @Test
    void forgettingAnAdapterForgetsThatItCouldNotBeLoaded() {
        SteppedSource source = new SteppedSource();
        source.mayGoOn.countDown();
        AdapterCache cache = AdapterCache.builder(model, source).build();
        assertThatIllegalArgumentException().isThrownBy(() -> cache.pin("a0"));
        source.content.set(1);
        assertThatIllegalArgumentException().isThrownBy(() -> cache.pin("a0"));
        assertThat(cache.forget("a0")).isFalse();
        use(cache, "a0");
    }

    @Test
    void anAdapterThatChangesAtEveryReadingCannotBeLoaded() {
        AtomicReference<AdapterCache> itself = new AtomicReference<>();
        AdapterCache cache = AdapterCache.builder(model, (name, base, options) -> {
                    assertThat(requireNonNull(itself.get()).forget(name)).isFalse();
                    return data(1);
                })
                .build();
        itself.set(cache);
        assertThatExceptionOfType(UncheckedIOException.class)
                .isThrownBy(() -> cache.pin("a0"))
                .withMessageContaining("changes in each of 50 attempts");
        assertThat(model.names()).isEmpty();
    }

    @Test
    void aPredictorLoadsTheAdaptersOfItsCalls() throws Exception {
        AdapterCache cache = builder(2).build();
        try (BatchingPredictor predictor =
                BatchingPredictor.builder(model).allowBase(true).adapters(cache).build()) {
            assertSameBits(predictor.predict(x, "a0"), reference.using("a0").predict(x));
            assertSameBits(
                    predictor.predictAsync(x, "a1").get(), reference.using("a1").predict(x));
            assertSameBits(predictor.predict(x, LoRAModel.BASE), network.predict(x));
            assertThatExceptionOfType(ServingException.class)
                    .isThrownBy(() -> predictor.predict(x, "nobody"))
                    .withMessage("there is no adapter 'nobody'")
                    .satisfies(e -> assertThat(e.getCause()).hasMessageContaining("found no 'nobody'"));
            assertFailed(failure(predictor.predictAsync(x, "nobody")), Reason.UNKNOWN_ADAPTER);
            assertThat(predictor.stats().all().failed()).isEqualTo(2);
        }
    }

    /** A source that waits until it is told to go on. */
    private final class HeldSource implements AdapterSource {
        private final CountDownLatch begun = new CountDownLatch(1);
        private final CountDownLatch go = new CountDownLatch(1);

        @Override
        public LoRAAdapter load(String name, BaseModel base, ReadOptions options) throws IOException {
            begun.countDown();
            try {
                go.await();
            } catch (InterruptedException e) {
                throw new ClosedByInterruptException();
            }
            return PeftAdapters.load(folder.resolve(name), base, options);
        }
    }

    private static void awaitBlocked(Thread thread) {
        while (thread.getState() != Thread.State.WAITING) {
            Thread.onSpinWait();
        }
    }

    @Test
    void anInterruptOfOneCallerDoesNotFailTheLoad() throws Exception {
        HeldSource source = new HeldSource();
        AdapterCache cache = AdapterCache.builder(model, source).build();
        AtomicReference<Thread> caller = new AtomicReference<>();
        CompletableFuture<Boolean> interrupted = inThread(() -> {
            caller.set(Thread.currentThread());
            use(cache, "a0");
            return Thread.currentThread().isInterrupted();
        });
        source.begun.await();
        CompletableFuture<Boolean> other = inThread(() -> {
            use(cache, "a0");
            return true;
        });
        Thread first = requireNonNull(caller.get());
        awaitBlocked(first);
        first.interrupt();
        source.go.countDown();
        assertThat(interrupted.get()).isTrue();
        assertThat(other.get()).isTrue();
        assertThat(cache.stats().loads()).isEqualTo(1);
        assertThat(cache.stats().failedLoads()).isZero();
    }

    @Test
    void anAdapterThatTheProgramAddsDuringItsLoadIsTheOneOfTheProgram() throws Exception {
        HeldSource source = new HeldSource();
        AdapterCache cache = AdapterCache.builder(model, source).maxBytes(0).build();
        CompletableFuture<INDArray> output = inThread(() -> {
            try (AdapterCache.Pin pin = cache.pin("a0")) {
                return model.using("a0").predict(x);
            }
        });
        source.begun.await();
        model.add("a0", data(7));
        INDArray expected = model.using("a0").predict(x);
        source.go.countDown();
        assertSameBits(output.get(), expected);
        use(cache, "a0");
        assertThat(model.names()).containsExactly("a0");
        assertThat(cache.stats().bytes()).isZero();
    }

    @Test
    void aSourceThatReturnsNullIsNamed() {
        @SuppressWarnings("NullAway") // What a source in a program without such checks does.
        AdapterSource source = (name, base, options) -> null;
        AdapterCache cache = AdapterCache.builder(model, source).build();
        assertThatIllegalStateException()
                .isThrownBy(() -> cache.pin("a0"))
                .withMessageStartingWith(
                        "adapter 'a0' could not be loaded: the source must return the adapter, or throw an"
                                + " exception if there is none, found null from ");
    }

    @Test
    void aSourceThatThrowsAnythingFailsItsCalls() {
        AdapterCache cache = AdapterCache.builder(model, (name, base, options) -> {
                    throw new StackOverflowError();
                })
                .build();
        assertThatIllegalStateException()
                .isThrownBy(() -> cache.pin("a0"))
                .withMessage("adapter 'a0' could not be loaded: java.lang.StackOverflowError");
    }

    @Test
    void anErrorOfTheListenerAfterALoadChangesNothing() {
        AdapterCache cache = AdapterCache.builder(model, (name, base, options) -> data(1))
                .listener(new AdapterCache.Listener() {
                    @Override
                    public void onLoad(String name, long bytes, long nanos) {
                        throw new StackOverflowError();
                    }
                })
                .build();
        cache.pin("a0").close();
        assertThat(cache.stats().adapters()).isEqualTo(1);
        assertThat(model.names()).containsExactly("a0");
        assertThat(cache.forget("a0")).isTrue();
        assertThat(cache.stats().bytes()).isZero();
    }

    @Test
    void aSourceThatNeedsItsOwnAdapterFails() {
        AtomicReference<AdapterCache> itself = new AtomicReference<>();
        AdapterCache cache = AdapterCache.builder(model, (name, base, options) -> {
                    use(requireNonNull(itself.get()), name);
                    return data(1);
                })
                .build();
        itself.set(cache);
        assertThatIllegalStateException()
                .isThrownBy(() -> cache.pin("a0"))
                .withMessage(
                        "adapter 'a0' could not be loaded: adapter 'a0': a source and a listener must not wait for an"
                                + " adapter while they load one");
    }

    @Test
    void theSourceCanCloseThePredictorWhoseCallItLoadsFor() throws Exception {
        AtomicReference<BatchingPredictor> predictor = new AtomicReference<>();
        AdapterCache cache = AdapterCache.builder(model, (name, base, options) -> {
                    requireNonNull(predictor.get()).close();
                    return PeftAdapters.load(folder.resolve(name), base, options);
                })
                .build();
        BatchingPredictor closing =
                BatchingPredictor.builder(model).allowBase(true).adapters(cache).build();
        predictor.set(closing);
        assertSameBits(closing.predict(x, "a0"), reference.using("a0").predict(x));
        assertThatExceptionOfType(ServingException.class).isThrownBy(() -> closing.predict(x, "a1"));
        closing.close();
    }

    @Test
    void aSlowLoadBlocksNeitherTheExecutorNorOtherCalls() throws Exception {
        HeldSource source = new HeldSource();
        model.add("there", data(1));
        ExecutorService one = Executors.newSingleThreadExecutor();
        AdapterCache cache = AdapterCache.builder(model, source).build();
        try (BatchingPredictor predictor = BatchingPredictor.builder(model)
                .allowBase(true)
                .adapters(cache)
                .executor(one)
                .build()) {
            CompletableFuture<INDArray> slow = predictor.predictAsync(x, "a0");
            source.begun.await();
            assertSameBits(
                    predictor.predictAsync(x, "there").get(),
                    model.using("there").predict(x));
            assertThat(slow).isNotDone();
            source.go.countDown();
            assertSameBits(slow.get(), reference.using("a0").predict(x));
        } finally {
            one.shutdown();
        }
    }

    @Test
    void severalAdaptersWithBiasesOfTheirOwnAreInOneCache() throws IOException {
        for (int i = 0; i < 3; i++) {
            String name = "biases" + i;
            reference
                    .add(name, SmallModels.random(i).bias(BiasTraining.ALL).build())
                    .save(folder.resolve(name));
        }
        AdapterCache cache = AdapterCache.builder(model, folder).build();
        try (BatchingPredictor predictor =
                BatchingPredictor.builder(model).allowBase(true).adapters(cache).build()) {
            for (int i = 0; i < 3; i++) {
                String name = "biases" + i;
                assertSameBits(predictor.predict(x, name), reference.using(name).predict(x));
            }
        }
        assertThat(model.names()).containsExactly("biases0", "biases1", "biases2");
    }

    @Test
    void anAdapterStaysWhileACallWaitsForItsBatch() throws Exception {
        HeldBatches batches = new HeldBatches();
        AdapterCache cache = builder(1).build();
        try (BatchingPredictor predictor = BatchingPredictor.builder(model)
                .allowBase(true)
                .adapters(cache)
                .listener(batches)
                .build()) {
            use(cache, "a0");
            batches.hold(predictor);
            CompletableFuture<INDArray> waiting = predictor.predictAsync(x, "a0");
            use(cache, "a1", "a2", "a3");
            assertThat(model.names()).contains("a0");
            batches.release();
            assertSameBits(waiting.get(), reference.using("a0").predict(x));
        }
        assertThat(cache.stats().bytes()).isLessThanOrEqualTo(BYTES);
    }

    @Test
    void manyThreadsShareASmallCache() throws Exception {
        AdapterCache cache =
                AdapterCache.builder(model, folder).maxBytes(2 * BYTES).build();
        List<INDArray> expected = new ArrayList<>();
        for (int i = 0; i < ADAPTERS; i++) {
            expected.add(reference.using("a" + i).predict(x));
        }
        try (BatchingPredictor predictor =
                BatchingPredictor.builder(model).allowBase(true).adapters(cache).build()) {
            List<CompletableFuture<Void>> threads = new ArrayList<>();
            for (int t = 0; t < 8; t++) {
                SplittableRandom random = new SplittableRandom(t);
                threads.add(inThread(() -> {
                    for (int i = 0; i < 40; i++) {
                        int a = random.nextInt(ADAPTERS);
                        INDArray y = i % 2 == 0
                                ? predictor.predict(x, "a" + a)
                                : predictor.predictAsync(x, "a" + a).join();
                        assertClose(y, expected.get(a), 1e-5);
                    }
                    return null;
                }));
            }
            for (CompletableFuture<Void> thread : threads) {
                thread.get();
            }
        }
        AdapterCache.Stats stats = cache.stats();
        assertThat(stats.bytes()).isLessThanOrEqualTo(2 * BYTES);
        assertThat(stats.evictions()).isEqualTo(stats.loads() - stats.adapters());
        assertThat(stats.failedLoads()).isZero();
        assertThat(model.names()).hasSize(stats.adapters());
    }

    @Test
    void refusesANegativeLimit() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> AdapterCache.builder(model, folder).maxBytes(-1))
                .withMessage("maxBytes must not be negative, found -1");
    }

    @Test
    void preloadsInTheBackgroundAndTellsWhatFailed() throws Exception {
        HeldSource source = new HeldSource();
        AdapterCache cache = AdapterCache.builder(model, source).build();
        CompletableFuture<Void> preload = cache.preload(List.of("a0", "a1", "a0"));
        source.begun.await();
        assertThat(preload).isNotDone();
        assertThat(cache.isLoaded("a0")).isFalse();
        assertThat(cache.stats().loading()).isEqualTo(2);
        assertThat(cache.isLoading("a0")).isTrue();
        source.go.countDown();
        preload.get();
        assertThat(cache.stats().loads()).isEqualTo(2);
        assertThat(cache.stats().loading()).isZero();
        assertThat(model.names()).containsExactlyInAnyOrder("a0", "a1");

        CompletableFuture<Void> withAWrongOne = cache.preload(List.of("a2", "nobody", "a3"));
        assertThat(failure(withAWrongOne)).hasMessageContaining("adapter 'nobody' could not be loaded");
        assertThat(model.names()).contains("a2", "a3");
        AdapterCache small = AdapterCache.builder(LoRAModel.of(network), folder)
                .maxBytes(BYTES)
                .build();
        small.preload(List.of("a0", "a1", "a2")).get();
        assertThat(small.stats().adapters()).isEqualTo(1);
    }

    @Test
    void limitsTheNumberOfAdaptersAndKeepsSomeForGood() {
        AdapterCache cache =
                builder(100).maxAdapters(2).keep(List.of("a0", "a5")).build();
        use(cache, "a0", "a1", "a2", "a3");
        assertThat(model.names()).containsExactly("a0", "a3");
        use(cache, "a5", "a4");
        assertThat(model.names()).containsExactly("a0", "a5");
        assertThat(evicted).containsExactly("a1", "a2", "a3", "a4");
        assertThat(cache.stats().adapters()).isEqualTo(2);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder(1).maxAdapters(-1))
                .withMessage("maxAdapters must not be negative, found -1");
    }

    @Test
    void aFailedLoadIsTriedAgainAfterADelayThatGrows() {
        AtomicLong now = new AtomicLong();
        AtomicInteger tries = new AtomicInteger();
        AtomicBoolean works = new AtomicBoolean();
        AdapterCache cache = AdapterCache.builder(model, (name, base, options) -> {
                    tries.incrementAndGet();
                    if (!works.get()) {
                        throw new IOException("the store is down");
                    }
                    return data(1);
                })
                .retryDelay(Duration.ofSeconds(1), Duration.ofSeconds(3))
                .clock(now::get)
                .build();
        int expected = 0;
        for (int seconds : new int[] {1, 2, 3, 3, 3}) {
            expected++;
            for (long nanos : new long[] {0, 0, seconds * 1_000_000_000L - 1}) {
                now.addAndGet(nanos);
                assertThatExceptionOfType(UncheckedIOException.class)
                        .isThrownBy(() -> cache.pin("x"))
                        .withMessage("adapter 'x' could not be loaded: the store is down");
            }
            assertThat(tries).hasValue(expected);
            now.incrementAndGet();
        }
        assertThat(cache.failures().get("x")).isNotNull();
        assertThat(String.valueOf(cache.failures().get("x"))).contains("the store is down");
        assertThat(cache.stats().failedLoads()).isEqualTo(5);
        works.set(true);
        use(cache, "x");
        assertThat(cache.failures()).isEmpty();

        // After a success, the delays begin anew, and refresh ends one.
        works.set(false);
        model.delete("x");
        assertThatExceptionOfType(UncheckedIOException.class).isThrownBy(() -> cache.pin("x"));
        works.set(true);
        assertThatExceptionOfType(UncheckedIOException.class).isThrownBy(() -> cache.pin("x"));
        assertThat(cache.refresh("x")).isFalse();
        use(cache, "x");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder(1).retryDelay(Duration.ofSeconds(2), Duration.ofSeconds(1)))
                .withMessageContaining("found PT2S and PT1S");
    }

    @Test
    void loadsAFewAtATime() throws Exception {
        AtomicInteger now = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        AdapterCache cache = AdapterCache.builder(model, (name, base, options) -> {
                    most.accumulateAndGet(now.incrementAndGet(), Math::max);
                    assertThat(Thread.currentThread().isDaemon()).isTrue();
                    assertThat(Thread.currentThread().getName()).startsWith("lora4j-load-");
                    now.decrementAndGet();
                    return data(1);
                })
                .maxConcurrentLoads(2)
                .build();
        cache.preload(List.of("x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7")).get();
        assertThat(most.get()).isBetween(1, 2);
    }
}
