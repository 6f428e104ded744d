package org.lora4j.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;
import static org.lora4j.serve.BatchingPredictorTest.assertFailed;
import static org.lora4j.serve.BatchingPredictorTest.failure;
import static org.lora4j.serve.BatchingPredictorTest.inThread;

import java.io.IOException;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.fixtures.MustEnd;
import org.lora4j.fixtures.Patience;
import org.lora4j.generate.Generation;
import org.lora4j.generate.Generation.Finish;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.generate.Generator;
import org.lora4j.generate.LogProbabilities;
import org.lora4j.generate.TokenConstraint;
import org.lora4j.nn.Network;
import org.lora4j.nn.compute.internal.Decoders;
import org.lora4j.serve.ServingException.Reason;
import org.nd4j.linalg.api.buffer.DataType;

/** A service that generates, whose steps most tests take by hand. */
@MustEnd
@Tag("numbers")
class GenerationServiceTest {
    private static final int[] PROMPT = {1, 2, 3};
    private static final int POSITIONS = 80;

    private final Network network = Decoders.of(Decoders.Family.LLAMA, 2, DataType.DOUBLE, POSITIONS);
    private final LoRAModel model = LoRAModel.of(network);

    @BeforeEach
    void addAdapters() {
        model.add("a", data(1));
        model.add("b", data(2));
    }

    private LoRAAdapter data(long seed) {
        LoRAConfig config = LoRAConfig.builder()
                .rank(2)
                .alpha(8)
                .targetModules("q", "k", "v", "gate")
                .init(LoRAInit.random())
                .seed(seed)
                .build();
        return LoRAAdapter.initialize(network, config).adapter();
    }

    private static GenerationOptions tokens(int count) {
        return GenerationOptions.greedy().withMaxTokens(count);
    }

    private List<Integer> alone(String adapter, int[] prompt, int count) {
        AdapterView view = model.using(adapter);
        return Generator.of(view).generate(prompt, tokens(count)).newTokens();
    }

    private static GenerationRequest request(String adapter, int count) {
        return GenerationRequest.of(adapter, PROMPT, tokens(count));
    }

    /** A service whose steps are taken by the test. */
    private GenerationService.Builder byHand() {
        return GenerationService.builder(model).steps(task -> {}).executor(Runnable::run);
    }

    private static int finish(GenerationService service) {
        int steps = 0;
        while (service.step()) {
            steps++;
        }
        return steps;
    }

    @Test
    void eachTextIsThatOfItsAdapterAlone() {
        try (GenerationService service =
                GenerationService.builder(model).maxRunning(4).build()) {
            SplittableRandom random = new SplittableRandom(7);
            List<GenerationHandle> handles = new ArrayList<>();
            List<List<Integer>> expected = new ArrayList<>();
            for (int i = 0; i < 24; i++) {
                int[] prompt = random.ints(1 + random.nextInt(9), 0, Decoders.VOCABULARY)
                        .toArray();
                int count = 1 + random.nextInt(12);
                String adapter = random.nextBoolean() ? "a" : "b";
                handles.add(service.generate(GenerationRequest.of(adapter, prompt, tokens(count))));
                expected.add(alone(adapter, prompt, count));
            }
            for (int i = 0; i < handles.size(); i++) {
                assertThat(handles.get(i).stream().toList()).isEqualTo(expected.get(i));
                Generation result = handles.get(i).result().join();
                assertThat(result.newTokens()).isEqualTo(expected.get(i));
                assertThat(result.finish()).isEqualTo(Finish.LENGTH);
            }
            ServingStats.OfAdapter all = service.stats().all();
            assertThat(all.completed()).isEqualTo(24);
            assertThat(all.waiting()).isZero();
            assertThat(all.running()).isZero();
            assertThat(service.stats().adapter("a").completed()
                            + service.stats().adapter("b").completed())
                    .isEqualTo(24);
        }
    }

    /** Those of a token are there when the token is. */
    @Test
    void hasLogProbabilitiesWithEachToken() {
        GenerationOptions options = GenerationOptions.sampling(3).withMaxTokens(6);
        List<LogProbabilities.OfToken> consumed = new ArrayList<>();
        List<LogProbabilities.OfToken> streamed = new ArrayList<>();
        try (GenerationService service = GenerationService.builder(model).build()) {
            CompletableFuture<GenerationHandle> handle = new CompletableFuture<>();
            handle.complete(service.generate(GenerationRequest.of("a", PROMPT, options.withLogProbabilities(2))
                    .withConsumer(token -> consumed.add(handle.join().logProbabilities(consumed.size())))));
            GenerationHandle with = handle.join();
            GenerationHandle without = service.generate(GenerationRequest.of("b", PROMPT, options));
            with.stream().forEach(token -> {
                streamed.add(with.logProbabilities(streamed.size()));
                assertThat(streamed.get(streamed.size() - 1).chosen().id()).isEqualTo(token);
            });
            Generation expected = Generator.of(model.using("a")).generate(PROMPT, options.withLogProbabilities(2));
            assertThat(with.join().newTokens()).isEqualTo(expected.newTokens());
            assertThat(streamed)
                    .hasSize(6)
                    .isEqualTo(consumed)
                    .isEqualTo(with.join().logProbabilities());
            for (int i = 0; i < 6; i++) {
                assertThat(streamed.get(i).chosen().logProbability())
                        .isCloseTo(expected.logProbabilities().get(i).chosen().logProbability(), within(1e-9));
            }
            assertThat(without.join().logProbabilities()).isEmpty();
            assertThatExceptionOfType(IndexOutOfBoundsException.class).isThrownBy(() -> without.logProbabilities(0));
        }
    }

    /** What the constraint of a text knows is held by its computation alone, as its keys and values are. */
    @Test
    void aHandleKeepsNothingOfTheComputation() throws Exception {
        List<WeakReference<Object>> states = new ArrayList<>();
        TokenConstraint any = maxTokens -> {
            TokenConstraint.State state = new AnyTokens();
            states.add(new WeakReference<>(state));
            return state;
        };
        try (GenerationService service = byHand().build()) {
            GenerationHandle handle =
                    service.generate(GenerationRequest.of("a", PROMPT, tokens(3).withConstraint(any))
                            .withConversation("c"));
            finish(service);
            assertThat(handle.join().newTokens()).hasSize(3);
            assertThat(states).isNotEmpty();
            Patience.await(() -> {
                System.gc();
                return states.stream().allMatch(state -> state.get() == null);
            });
            assertThat(handle.tokens()).hasSize(3);
        }
    }

    private static final class AnyTokens implements TokenConstraint.State {
        @Override
        public void allowed(BitSet tokens) {
            tokens.set(0, Decoders.VOCABULARY);
        }

        @Override
        public void accept(int id) {
            // All may come.
        }

        @Override
        public boolean isComplete() {
            return true;
        }

        @Override
        public boolean canContinue() {
            return true;
        }
    }

    @Test
    void countsTokensAndSteps() {
        try (GenerationService service = byHand().build()) {
            GenerationHandle a = service.generate(request("a", 5));
            GenerationHandle b = service.generate(request("b", 2));
            assertThat(service.stats().all().waiting()).isEqualTo(2);
            assertThat(service.step()).isTrue();
            assertThat(service.stats().all().running()).isEqualTo(2);
            assertThat(a.tokens()).hasSize(1);
            assertThat(service.cachedTokens()).isEqualTo(7 + 4);
            assertThat(finish(service)).isEqualTo(4);
            assertThat(b.result().join().newTokens()).isEqualTo(alone("b", PROMPT, 2));
            ServingStats stats = service.stats();
            assertThat(stats.adapter("a").units()).isEqualTo(3 + 5);
            assertThat(stats.adapter("b").units()).isEqualTo(3 + 2);
            assertThat(stats.batchUnits().sum()).isEqualTo(13);
            assertThat(stats.batchRequests().count()).isEqualTo(5);
            assertThat(stats.batchRequests().max()).isEqualTo(2);
        }
    }

    /** All tokens of a step count, also those that came without logits. */
    @Test
    void countsTokensThatAConstraintForces() {
        TokenConstraint fixed = maxTokens -> new TokenConstraint.State() {
            private int count;

            @Override
            public void allowed(BitSet tokens) {
                tokens.clear();
                tokens.set(count, count == 3 ? 9 : count + 1);
            }

            @Override
            public void accept(int id) {
                count++;
            }

            @Override
            public boolean isComplete() {
                return count == 7;
            }

            @Override
            public boolean canContinue() {
                return count < 7;
            }
        };
        try (GenerationService service = byHand().build()) {
            GenerationHandle forced =
                    service.generate(GenerationRequest.of("a", PROMPT, tokens(9).withConstraint(fixed)));
            GenerationHandle free = service.generate(request("b", 2));
            assertThat(finish(service)).isEqualTo(2);
            assertThat(forced.join().newTokens()).hasSize(7).startsWith(0, 1, 2).endsWith(4, 5, 6);
            assertThat(free.join().newTokens()).isEqualTo(alone("b", PROMPT, 2));
            assertThat(service.stats().adapter("a").units()).isEqualTo(3 + 7);
            assertThat(service.stats().adapter("b").units()).isEqualTo(3 + 2);
            assertThat(service.stats().batchUnits().sum()).isEqualTo(15);
        }
    }

    private static void note(GenerationHandle handle, String name, List<String> order) {
        // The action is all that it is for.
        CompletableFuture<Void> unused = handle.result().thenRun(() -> order.add(name));
    }

    /** One adapter has many requests; each of another one starts when the next place is free. */
    @Test
    void anAdapterThatFloodsWaitsForItself() {
        List<String> order = new ArrayList<>();
        try (GenerationService service = byHand().maxRunning(2).build()) {
            for (int i = 0; i < 40; i++) {
                note(service.generate(request("a", 3)), "a", order);
            }
            service.step();
            note(service.generate(request("b", 3)), "b", order);
            finish(service);
            assertThat(order).hasSize(41);
            // The two that ran already, then the other one beside the next.
            assertThat(order.indexOf("b")).isBetween(2, 3);
            for (int i = 0; i < 3; i++) {
                note(service.generate(request("a", 3)), "a", order);
                note(service.generate(request("b", 3)), "b", order);
            }
            finish(service);
            assertThat(order.subList(41, 47)).containsExactly("a", "b", "a", "b", "a", "b");
        }
    }

    @Test
    void aCancelledRequestNeverComputesOrEndsBeforeItsNextToken() {
        try (GenerationService service = byHand().maxRunning(1).build()) {
            GenerationHandle running = service.generate(request("a", 30));
            GenerationHandle waiting = service.generate(request("a", 30));
            GenerationHandle byFuture = service.generate(request("b", 30));
            service.step();
            waiting.cancel();
            assertThat(byFuture.result().cancel(false)).isTrue();
            assertThat(waiting.result().join()).isEqualTo(new Generation(List.of(), Finish.CANCELLED, 3, 0));
            assertThat(waiting.stream()).isEmpty();
            assertThat(service.stats().all().waiting()).isZero();
            running.cancel();
            assertThat(finish(service)).isEqualTo(1);
            assertThat(running.result().join().finish()).isEqualTo(Finish.CANCELLED);
            assertThat(running.result().join().newTokens()).isEqualTo(alone("a", PROMPT, 1));
            assertThat(service.stats().all().cancelled()).isEqualTo(3);
            assertThat(service.stats().adapter("b").units()).isZero();
        }
    }

    /** On a busy machine the time can be over before the first token. Then the test takes a longer one. */
    @Test
    void aLateRequestEnds() throws Exception {
        long millis = 50;
        while (!isLateAfterAToken(Duration.ofMillis(millis))) {
            millis *= 2;
        }
    }

    private boolean isLateAfterAToken(Duration time) throws Exception {
        RequestOptions soon = RequestOptions.defaults().withTimeout(time);
        try (GenerationService service = byHand().maxRunning(1).build()) {
            GenerationHandle running = service.generate(request("a", 70).withOptions(soon));
            GenerationHandle waiting = service.generate(request("b", 70).withOptions(soon));
            service.step();
            if (running.result().isDone()) {
                // It was late before its first step, and the other one has its place, which only a step can end.
                finish(service);
                return false;
            }
            // The time of the other one ended before.
            assertFailed(failure(waiting.result()), Reason.LATE);
            finish(service);
            assertFailed(failure(running.result()), Reason.LATE);
            assertThat(running.tokens()).hasSizeLessThan(70);
            assertThatExceptionOfType(ServingException.class)
                    .isThrownBy(() -> running.stream().forEach(token -> {}));
            assertThat(service.stats().all().late()).isEqualTo(2);
            assertThat(service.stats().adapter("b").units()).isZero();
            return !running.tokens().isEmpty();
        }
    }

    @Test
    void aConversationIsContinuedAndBelongsToTheContentOfItsAdapter() {
        try (GenerationService service = byHand().build()) {
            GenerationHandle first = service.generate(request("a", 6).withConversation("c"));
            finish(service);
            assertThat(first.result().join().reusedTokens()).isZero();
            int[] next = IntStream.concat(
                            IntStream.concat(
                                    IntStream.of(PROMPT),
                                    IntStream.of(first.result().join().ids())),
                            IntStream.of(4, 5))
                    .toArray();
            GenerationRequest second =
                    GenerationRequest.of("a", next, tokens(4)).withConversation("c");
            GenerationHandle continued = service.generate(second);
            finish(service);
            // The last new token was only chosen.
            assertThat(continued.result().join().reusedTokens()).isEqualTo(3 + 5);
            assertThat(continued.result().join().newTokens()).isEqualTo(alone("a", next, 4));
            GenerationHandle ofOther =
                    service.generate(GenerationRequest.of("b", next, tokens(4)).withConversation("c"));
            finish(service);
            assertThat(ofOther.result().join().reusedTokens()).isZero();
            assertThat(ofOther.result().join().newTokens()).isEqualTo(alone("b", next, 4));
            model.replace("a", data(9));
            GenerationHandle replaced = service.generate(second);
            finish(service);
            assertThat(replaced.result().join().reusedTokens()).isZero();
            assertThat(replaced.result().join().newTokens()).isEqualTo(alone("a", next, 4));
            assertThat(service.stats().adapter("a").units()).isEqualTo((3 + 6) + (11 - 8 + 4) + (11 + 4));
        }
    }

    @Test
    void theConversationThatWasNotUsedForTheLongestTimeGoesFirst() {
        try (GenerationService service = byHand().maxCachedTokens(40).build()) {
            for (String id : List.of("c", "d", "c", "e")) {
                // Room for 16 tokens of each.
                service.generate(request("a", 6).withConversation(id));
                finish(service);
                assertThat(service.cachedTokens()).isLessThanOrEqualTo(40);
            }
            GenerationHandle kept = service.generate(request("a", 6).withConversation("c"));
            finish(service);
            assertThat(kept.result().join().reusedTokens()).isEqualTo(2);
            GenerationHandle gone = service.generate(request("a", 6).withConversation("d"));
            finish(service);
            assertThat(gone.result().join().reusedTokens()).isZero();
        }
    }

    @Test
    void twoRequestsOfOneConversationAtTheSameTimeShareNothing() {
        try (GenerationService service = byHand().build()) {
            GenerationHandle one = service.generate(request("a", 5).withConversation("c"));
            GenerationHandle other = service.generate(request("a", 5).withConversation("c"));
            finish(service);
            assertThat(one.result().join().newTokens()).isEqualTo(alone("a", PROMPT, 5));
            assertThat(other.result().join().newTokens()).isEqualTo(alone("a", PROMPT, 5));
        }
    }

    @Test
    void keepsToTheLimitOfCachedTokens() {
        try (GenerationService service = byHand().maxCachedTokens(20).build()) {
            assertThatExceptionOfType(ServingException.class)
                    .isThrownBy(() -> service.generate(request("a", 19)))
                    .withMessage("the prompt and the new tokens must be at most 21 tokens together, found 3 and 19")
                    .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.INVALID_INPUT));
            List<GenerationHandle> handles = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                handles.add(service.generate(request(i % 2 == 0 ? "a" : "b", 6)));
            }
            while (service.step()) {
                assertThat(service.cachedTokens()).isBetween(0L, 20L);
                assertThat(service.stats().all().running()).isLessThanOrEqualTo(2);
            }
            for (int i = 0; i < 5; i++) {
                assertThat(handles.get(i).result().join().newTokens())
                        .isEqualTo(alone(i % 2 == 0 ? "a" : "b", PROMPT, 6));
            }
            // Without a limit of its own, as many as there is room for.
            GenerationHandle longest = service.generate(GenerationRequest.of("a", PROMPT, GenerationOptions.greedy()));
            finish(service);
            assertThat(longest.result().join().newTokens()).hasSize(18);
        }
    }

    @Test
    void tooManyWaitingTokensAreRejected() {
        try (GenerationService service =
                byHand().maxWaitingTokens(12).maxWaitingTokensPerAdapter(6).build()) {
            service.generate(request("a", 5));
            service.generate(request("a", 5));
            assertThatExceptionOfType(ServingException.class)
                    .isThrownBy(() -> service.generate(request("a", 5)))
                    .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.ADAPTER_BUSY));
            service.generate(request("b", 5));
            service.generate(request("b", 5));
            assertThatExceptionOfType(ServingException.class)
                    .isThrownBy(() -> service.generate(request("b", 5)))
                    .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.SERVICE_BUSY));
            finish(service);
            assertThat(service.stats().all().completed()).isEqualTo(4);
            assertThat(service.stats().all().rejected()).isEqualTo(2);
        }
    }

    @Test
    void wrongRequestsAreRefusedWithATextForClients() {
        try (GenerationService service = byHand().build()) {
            assertThatExceptionOfType(ServingException.class)
                    .isThrownBy(() -> service.generate(request("nobody", 5)))
                    .withMessage("there is no adapter 'nobody'");
            assertThatExceptionOfType(ServingException.class)
                    .isThrownBy(() -> service.generate(request(LoRAModel.BASE, 5)))
                    .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.UNKNOWN_ADAPTER));
            assertThatExceptionOfType(ServingException.class)
                    .isThrownBy(() -> service.generate(GenerationRequest.of("a", new int[] {1, 19}, tokens(5))))
                    .withMessage(
                            "the input does not fit the model, which takes sequences of tokens below 19, not longer"
                                    + " than it has positions for")
                    .satisfies(e -> assertThat(e.getCause()).hasMessageContaining("found 19 at 1"));
            assertThatExceptionOfType(ServingException.class)
                    .isThrownBy(() -> service.generate(request("a", POSITIONS)))
                    .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.INVALID_INPUT));
            assertThat(service.stats().all().failed()).isEqualTo(4);
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> GenerationService.builder(model).maxRunning(0))
                .withMessage("maxRunning must be at least 1, found 0");
    }

    @Test
    void aFailureEndsOneGenerationOnly() {
        try (GenerationService service = byHand().build()) {
            GenerationHandle bad = service.generate(request("a", 5).withConsumer(token -> {
                throw new UnsupportedOperationException("of the consumer");
            }));
            GenerationHandle good = service.generate(request("a", 5));
            GenerationHandle deleted = service.generate(request("b", 5));
            model.delete("b");
            finish(service);
            assertFailed(failure(bad.result()), Reason.INTERNAL);
            assertThat(failure(bad.result()).getCause()).hasMessage("of the consumer");
            assertFailed(failure(deleted.result()), Reason.UNKNOWN_ADAPTER);
            assertThat(good.result().join().newTokens()).isEqualTo(alone("a", PROMPT, 5));
        }
    }

    /** A consumer in another language can throw what Java would have to declare. */
    static List<Throwable> whatJavaCannotThrow() {
        return List.of(new IOException("gone"), new AssertionError("gone"));
    }

    @ParameterizedTest
    @MethodSource("whatJavaCannotThrow")
    void whateverAConsumerThrowsEndsOneGenerationOnly(Throwable thrown) {
        try (GenerationService service = GenerationService.builder(model).build()) {
            GenerationHandle bad =
                    service.generate(request("a", 5).withConsumer(token -> GenerationServiceTest.<Error>sneak(thrown)));
            GenerationHandle good = service.generate(request("a", 5));
            assertFailed(failure(bad.result()), Reason.INTERNAL);
            assertThat(failure(bad.result())).hasRootCause(thrown);
            assertThat(good.result().join().newTokens()).isEqualTo(alone("a", PROMPT, 5));
            assertThat(service.generate(request("b", 5)).result().join().newTokens())
                    .isEqualTo(alone("b", PROMPT, 5));
        }
    }

    @ParameterizedTest
    @MethodSource("whatJavaCannotThrow")
    void whateverAListenerThrowsEndsNoGeneration(Throwable thrown) {
        ServingListener listener = new ServingListener() {
            @Override
            public void onFailure(String adapter, Throwable failure) {
                GenerationServiceTest.<Error>sneak(thrown);
            }
        };
        try (GenerationService service =
                GenerationService.builder(model).listener(listener).build()) {
            GenerationHandle bad = service.generate(request("a", 5).withConsumer(token -> {
                throw new UnsupportedOperationException("of the consumer");
            }));
            assertFailed(failure(bad.result()), Reason.INTERNAL);
            assertThat(service.generate(request("a", 5)).result().join().newTokens())
                    .isEqualTo(alone("a", PROMPT, 5));
        }
    }

    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
    private static <E extends Throwable> void sneak(Throwable thrown) throws E {
        throw (E) thrown;
    }

    @Test
    void adaptersAreLoadedWhileOthersGenerate() throws Exception {
        CountDownLatch letGo = new CountDownLatch(1);
        LoRAAdapter slow = data(5);
        AdapterCache cache = AdapterCache.builder(model, (name, base, options) -> {
                    if (!name.equals("slow")) {
                        throw new IllegalArgumentException("no " + name);
                    }
                    try {
                        letGo.await();
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                    return slow;
                })
                .maxBytes(0)
                .build();
        try (GenerationService service =
                GenerationService.builder(model).adapters(cache).build()) {
            GenerationHandle loading = service.generate(request("slow", 5));
            GenerationHandle unknown = service.generate(request("nobody", 5));
            assertThat(service.generate(request("a", 5)).result().get().newTokens())
                    .isEqualTo(alone("a", PROMPT, 5));
            assertFailed(failure(unknown.result()), Reason.UNKNOWN_ADAPTER);
            assertThat(loading.result()).isNotDone();
            assertThat(service.stats().all().waiting()).isEqualTo(1);
            letGo.countDown();
            List<Integer> tokens = loading.result().get().newTokens();
            model.add("same", slow);
            assertThat(tokens).isEqualTo(alone("same", PROMPT, 5));
        }
        assertThat(model.names()).doesNotContain("slow");
    }

    @Test
    void closeWaitsForWhatWasAccepted() throws Exception {
        GenerationService service = GenerationService.builder(model).build();
        GenerationHandle handle = service.generate(request("a", 60));
        CompletableFuture<List<Integer>> streamed =
                inThread(() -> handle.stream().toList());
        service.close();
        assertThat(handle.result().get().newTokens()).hasSize(60);
        assertThat(streamed.get()).isEqualTo(handle.tokens());
        assertThatExceptionOfType(ServingException.class)
                .isThrownBy(() -> service.generate(request("a", 5)))
                .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.CLOSED));
        service.close();
    }

    @Test
    void closeWithATimeoutCancelsWhatIsStillRunning() throws Exception {
        CountDownLatch began = new CountDownLatch(1);
        CountDownLatch stopped = new CountDownLatch(1);
        GenerationService service =
                GenerationService.builder(model).maxRunning(1).build();
        GenerationRequest first = request("a", 60).withConsumer(token -> {
            began.countDown();
            try {
                stopped.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        GenerationHandle running = service.generate(first);
        began.await();
        GenerationHandle waiting = service.generate(request("a", 60));
        CompletableFuture<?> unused = waiting.result().whenComplete((result, failure) -> stopped.countDown());
        service.close(Duration.ofMillis(50));
        Generation cancelled = running.join();
        assertThat(cancelled.finish()).isEqualTo(Generation.Finish.CANCELLED);
        assertThat(cancelled.newTokens()).hasSize(1);
        assertFailed(failure(waiting.result()), Reason.CLOSED);
        assertThatExceptionOfType(ServingException.class)
                .isThrownBy(waiting::join)
                .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.CLOSED));
        assertThat(service.stats().all().waiting()).isZero();
        assertThat(service.stats().all().running()).isZero();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> service.close(Duration.ofMillis(-1)))
                .withMessageContaining("must not be negative");
    }

    @Test
    void stopsTheStreamOfAnInterruptedThread() throws Exception {
        try (GenerationService service = byHand().build()) {
            GenerationHandle handle = service.generate(request("a", 5));
            CompletableFuture<Boolean> interrupted = inThread(() -> {
                Thread.currentThread().interrupt();
                try {
                    return handle.stream().count() < 0;
                } catch (CancellationException e) {
                    return Thread.currentThread().isInterrupted();
                }
            });
            assertThat(interrupted.get()).isTrue();
            finish(service);
        }
    }
}
