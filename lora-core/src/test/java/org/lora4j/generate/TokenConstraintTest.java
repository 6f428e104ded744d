package org.lora4j.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.LoRAModel;
import org.lora4j.fixtures.Patience;
import org.lora4j.generate.Generation.Finish;
import org.lora4j.nn.Network;
import org.lora4j.nn.compute.internal.Decoders;
import org.nd4j.linalg.api.buffer.DataType;

/** Generations whose tokens are restricted. */
@Tag("numbers")
class TokenConstraintTest {
    private static final int[] PROMPT = {3, 1, 4, 1, 5};
    private static final int STOP = 7;

    private final Network network = Decoders.of(Decoders.Family.LLAMA, 2, DataType.DOUBLE, 60);
    private final int vocabulary = (int) network.outputSize();
    private final Generator generator = Generator.of(network);

    /** Texts of some tokens, from {@code least} to {@code most} of them. */
    private record Some(BitSet tokens, int least, int most) implements TokenConstraint {
        static Some of(int first, int last, int least, int most) {
            BitSet tokens = new BitSet();
            tokens.set(first, last + 1);
            return new Some(tokens, least, most);
        }

        @Override
        public State begin(int maxTokens) {
            if (maxTokens < least) {
                throw new IllegalArgumentException("maxTokens must be at least " + least + ", found " + maxTokens);
            }
            return new State() {
                private int count;

                @Override
                public void allowed(BitSet allowed) {
                    allowed.clear();
                    if (canContinue()) {
                        allowed.or(tokens);
                    }
                }

                @Override
                public void accept(int id) {
                    assertThat(tokens.get(id) && canContinue())
                            .as("%d may come", id)
                            .isTrue();
                    count++;
                }

                @Override
                public boolean isComplete() {
                    return count >= least;
                }

                @Override
                public boolean canContinue() {
                    return count < Math.min(most, maxTokens);
                }
            };
        }
    }

    /** A constraint whose tokens are computed by another thread, one text after the other token. */
    private static final class Later implements TokenConstraint {
        private final TokenConstraint constraint;
        private CompletableFuture<Boolean> pending = new CompletableFuture<>();

        Later(TokenConstraint constraint) {
            this.constraint = constraint;
        }

        @Override
        public State begin(int maxTokens) {
            State state = constraint.begin(maxTokens);
            return new State() {
                @Override
                public @Nullable CompletableFuture<?> pending() {
                    return pending.isDone() ? null : pending;
                }

                private State computed() {
                    return pending.thenApply(done -> state).join();
                }

                @Override
                public void allowed(BitSet tokens) {
                    computed().allowed(tokens);
                }

                @Override
                public void accept(int id) {
                    computed().accept(id);
                    pending = new CompletableFuture<>();
                }

                @Override
                public boolean isComplete() {
                    return computed().isComplete();
                }

                @Override
                public boolean canContinue() {
                    return computed().canContinue();
                }
            };
        }
    }

    @Test
    void aTextStandsAsideWhileItsConstraintIsComputed() {
        GenerationOptions options = GenerationOptions.greedy().withMaxTokens(4);
        TokenConstraint some = Some.of(11, 14, 4, 4);
        Later later = new Later(some);
        BatchGenerator batch = BatchGenerator.of(network);
        RunningGeneration free = batch.add(network, PROMPT, options);
        RunningGeneration slow = batch.add(network, PROMPT, options.withConstraint(later));
        batch.step();
        batch.step();
        assertThat(free.tokens()).hasSize(2);
        assertThat(slow.tokens()).isEmpty();
        assertThat(batch.isStanding()).isFalse();
        for (int i = 1; i <= 4; i++) {
            later.pending.complete(true);
            batch.step();
            batch.step();
            assertThat(slow.tokens()).hasSize(i);
        }
        assertThat(free.isFinished()).isTrue();
        assertThat(batch.isStanding()).isTrue();
        // The text is as long as may be, so its end is known when the last token comes.
        later.pending.complete(true);
        assertThat(batch.step()).isZero();
        assertThat(slow.result())
                .isEqualTo(generator.generate(PROMPT, options.withConstraint(some)))
                .extracting(Generation::finish)
                .isEqualTo(Finish.STOP);
    }

    @Test
    void aTextJoinsWhileAllOthersWait() throws Exception {
        long anHour = 3_600_000;
        BatchGenerator batch = new BatchGenerator(Decoder.of(network), Long.MAX_VALUE, 0, anHour);
        Later later = new Later(Some.of(11, 14, 4, 4));
        GenerationOptions options = GenerationOptions.greedy().withMaxTokens(4);
        RunningGeneration slow = batch.add(network, PROMPT, options.withConstraint(later));
        // The wait of the first step ends at once, because a text has come.
        batch.step();
        Thread steps = new Thread(batch::step);
        steps.start();
        Patience.await(() -> steps.getState() == Thread.State.TIMED_WAITING);
        RunningGeneration free = batch.add(network, PROMPT, options);
        steps.join();
        batch.step();
        assertThat(free.tokens()).hasSize(1);
        assertThat(slow.tokens()).isEmpty();
    }

    @Test
    void aTextAloneWaitsForItsConstraint() throws Exception {
        Later later = new Later(Some.of(11, 14, 0, 2));
        AtomicReference<Generation> result = new AtomicReference<>();
        Thread thread = new Thread(() -> result.set(generator.generate(
                PROMPT, GenerationOptions.greedy().withMaxTokens(9).withConstraint(later))));
        thread.start();
        Patience.await(() -> {
            later.pending.complete(true);
            return result.get() != null;
        });
        thread.join();
        Generation expected = generator.generate(
                PROMPT, GenerationOptions.greedy().withMaxTokens(9).withConstraint(Some.of(11, 14, 0, 2)));
        assertThat(result.get()).extracting(Generation::newTokens).isEqualTo(expected.newTokens());
    }

    @Test
    void whatFailsInAnotherThreadEndsItsTextAlone() {
        TokenConstraint failing = maxTokens -> new TokenConstraint.State() {
            @Override
            public @Nullable CompletableFuture<?> pending() {
                throw new IllegalArgumentException("too large");
            }

            @Override
            public void allowed(BitSet tokens) {
                throw new AssertionError("nothing is computed");
            }

            @Override
            public void accept(int id) {
                throw new AssertionError("nothing is computed");
            }

            @Override
            public boolean isComplete() {
                return false;
            }

            @Override
            public boolean canContinue() {
                return true;
            }
        };
        AtomicBoolean fails = new AtomicBoolean();
        TokenConstraint later = maxTokens -> {
            TokenConstraint.State state = failing.begin(maxTokens);
            TokenConstraint.State waiting = new Later(Some.of(11, 14, 0, 2)).begin(maxTokens);
            return new TokenConstraint.State() {
                @Override
                public @Nullable CompletableFuture<?> pending() {
                    return fails.get() ? state.pending() : waiting.pending();
                }

                @Override
                public void allowed(BitSet tokens) {
                    state.allowed(tokens);
                }

                @Override
                public void accept(int id) {
                    state.accept(id);
                }

                @Override
                public boolean isComplete() {
                    return state.isComplete();
                }

                @Override
                public boolean canContinue() {
                    return state.canContinue();
                }
            };
        };
        GenerationOptions options = GenerationOptions.greedy().withMaxTokens(4);
        BatchGenerator batch = BatchGenerator.of(network);
        RunningGeneration free = batch.add(network, PROMPT, options);
        RunningGeneration slow = batch.add(network, PROMPT, options.withConstraint(later));
        batch.step();
        fails.set(true);
        batch.step();
        assertThat(free.tokens()).hasSize(2);
        assertThatIllegalArgumentException().isThrownBy(slow::result).withMessage("too large");
    }

    static List<GenerationOptions> options() {
        GenerationOptions sampling = GenerationOptions.sampling(5).withMaxTokens(12);
        return List.of(
                GenerationOptions.greedy().withMaxTokens(12),
                GenerationOptions.greedy().withMaxTokens(12).withRepetitionPenalty(1.3),
                sampling,
                sampling.withTemperature(3).withTopK(9),
                sampling.withTopP(0.7).withMinP(0.01),
                sampling.withTemperature(2)
                        .withRepetitionPenalty(0.8)
                        .withTopK(40)
                        .withTopP(0.95)
                        .withMinP(0.001));
    }

    @ParameterizedTest
    @MethodSource("options")
    void aConstraintThatAllowsAllChangesNothing(GenerationOptions options) {
        TokenConstraint all = Some.of(0, vocabulary - 1, 0, 100);
        assertThat(generator.generate(PROMPT, options.withConstraint(all)).newTokens())
                .isEqualTo(generator.generate(PROMPT, options).newTokens());
        double[] logits = {0.25, -3, 0.1, 7};
        double[] masked = logits.clone();
        ConstrainedChoice choice = new ConstrainedChoice(Some.of(0, 3, 0, 9).begin(9), Set.of(), 4);
        assertThat(choice.only()).isEqualTo(ConstrainedChoice.SEVERAL);
        choice.mask(masked);
        assertThat(masked).containsExactly(logits);
    }

    @ParameterizedTest
    @MethodSource("options")
    void onlyAllowedTokensCome(GenerationOptions options) {
        Generation result = generator.generate(PROMPT, options.withConstraint(Some.of(11, 14, 0, 100)));
        assertThat(result.newTokens()).hasSize(12).allMatch(id -> id >= 11 && id <= 14);
        assertThat(result.finish()).isEqualTo(Finish.STOP);
    }

    /** The order of the allowed tokens is that of the model. */
    @Test
    void theMostProbableAllowedTokenIsChosen() {
        int free = generator
                .generate(PROMPT, GenerationOptions.greedy().withMaxTokens(1))
                .newTokens()
                .get(0);
        BitSet others = new BitSet();
        others.set(0, vocabulary);
        others.clear(free);
        GenerationOptions options = GenerationOptions.greedy().withMaxTokens(1);
        int second = generator
                .generate(PROMPT, options.withConstraint(new Some(others, 0, 5)))
                .newTokens()
                .get(0);
        double free1 = generator.score(PROMPT, new int[] {free}).sum();
        double best = generator.score(PROMPT, new int[] {second}).sum();
        assertThat(best).isLessThanOrEqualTo(free1);
        for (int id = 0; id < vocabulary; id++) {
            if (id != free) {
                assertThat(generator.score(PROMPT, new int[] {id}).sum()).isLessThanOrEqualTo(best);
            }
        }
    }

    @Test
    void endsWhenNothingCanFollow() {
        Generation result = generator.generate(
                PROMPT, GenerationOptions.greedy().withMaxTokens(9).withConstraint(Some.of(2, 9, 3, 4)));
        assertThat(result.newTokens()).hasSize(4);
        assertThat(result.finish()).isEqualTo(Finish.STOP);
    }

    @Test
    void anEmptyTextEndsBeforeItsFirstToken() {
        GenerationOptions options = GenerationOptions.greedy().withMaxTokens(9).withConstraint(Some.of(2, 9, 0, 0));
        assertThat(generator.generate(PROMPT, options).newTokens()).isEmpty();
        BatchGenerator batch = BatchGenerator.of(network);
        RunningGeneration running = batch.add(network, PROMPT, options);
        assertThat(batch.step()).isZero();
        assertThat(running.result().finish()).isEqualTo(Finish.STOP);
    }

    /** A stop id is allowed if the text is complete, and only then, even if it is one of the tokens of the text. */
    @Test
    void stopIdsComeOnlyBehindACompleteText() {
        int stopped = 0;
        for (int seed = 0; seed < 40; seed++) {
            Generation result = generator.generate(
                    PROMPT,
                    GenerationOptions.sampling(seed)
                            .withTemperature(5)
                            .withStopIds(STOP)
                            .withMaxTokens(8)
                            .withConstraint(Some.of(6, 9, 3, 6)));
            List<Integer> tokens = result.newTokens();
            assertThat(result.finish()).isEqualTo(Finish.STOP);
            int at = tokens.indexOf(STOP);
            assertThat(at).isIn(-1, tokens.size() - 1);
            assertThat(tokens.size()).isBetween(4, 6);
            stopped += at >= 0 ? 1 : 0;
        }
        assertThat(stopped).isBetween(10, 40);
    }

    @Test
    void tooFewTokensAreRefusedBeforeTheFirstStep() {
        List<Integer> seen = new ArrayList<>();
        GenerationOptions options = GenerationOptions.greedy().withMaxTokens(2).withConstraint(Some.of(2, 9, 3, 4));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> generator.generate(PROMPT, options, seen::add))
                .withMessage("maxTokens must be at least 3, found 2");
        BatchGenerator batch = BatchGenerator.of(network);
        BatchGenerator.PromptCache cache = batch.newPromptCache();
        assertThatIllegalArgumentException().isThrownBy(() -> batch.add(network, PROMPT, options, seen::add, cache));
        assertThat(seen).isEmpty();
        assertThat(batch.step()).isZero();
        // The cache was not taken.
        batch.add(network, PROMPT, options.withMaxTokens(3), seen::add, cache);
        assertThat(batch.step()).isEqualTo(1);
    }

    /** Logits that are not finite make a choice fail, but a single token is no choice. */
    @Test
    void theOnlyTokenIsChosenWithoutLogits() {
        BatchGenerator batch = BatchGenerator.of(network);
        double[] unusable = new double[vocabulary];
        Arrays.fill(unusable, Double.NaN);
        GenerationOptions options = GenerationOptions.sampling(1).withMaxTokens(9);
        RunningGeneration one = batch.add(network, PROMPT, options.withConstraint(Some.of(17, 17, 1, 1)));
        one.takeForced();
        assertThat(one.result().newTokens()).containsExactly(17);
        RunningGeneration two = batch.add(network, PROMPT, options.withConstraint(Some.of(17, 18, 1, 1)));
        two.advance(unusable);
        assertThat(two.isFinished()).isTrue();
        assertThat(two.tokens()).isEmpty();
    }

    @Test
    void constraintsOfAnotherVocabularyAreRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> generator.generate(
                        PROMPT,
                        GenerationOptions.greedy().withMaxTokens(3).withConstraint(Some.of(2, vocabulary, 1, 3))))
                .withMessageContaining(
                        "must allow tokens below the vocabulary of " + vocabulary + ", found " + vocabulary);
        assertThatIllegalStateException()
                .isThrownBy(() -> generator.generate(
                        PROMPT,
                        GenerationOptions.greedy()
                                .withMaxTokens(3)
                                .withStopIds(STOP)
                                .withConstraint(Some.of(STOP, STOP, 1, 3))))
                .withMessageContaining("must allow a token besides the stop ids");
    }

    /** Rows of a batch with constraints of their own get what they get alone. */
    @Test
    void eachRowHasItsConstraint() {
        LoRAModel model = LoRAModel.of(network);
        model.add("a", GeneratorTest.adapter(network, 1));
        BatchGenerator batch = BatchGenerator.of(network);
        List<RunningGeneration> together = new ArrayList<>();
        List<List<Integer>> alone = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            GenerationOptions options = options().get(i % 6);
            if (i % 4 != 3) {
                options =
                        options.withConstraint(Some.of(i, i + 7, i % 3, 4 + i)).withStopIds(i + 2);
            }
            int[] prompt = Arrays.copyOf(PROMPT, 2 + i % 3);
            var view = i % 2 == 0 ? model.base() : model.using("a");
            alone.add(Generator.of(view).generate(prompt, options).newTokens());
            together.add(batch.add(view, prompt, options));
        }
        while (batch.step() > 0) {}
        assertThat(together.stream().map(one -> one.result().newTokens())).isEqualTo(alone);
    }

    @Test
    void optionsKeepTheirOtherValues() {
        TokenConstraint constraint = Some.of(1, 2, 1, 2);
        GenerationOptions options = GenerationOptions.sampling(9).withConstraint(constraint);
        GenerationOptions changed = options.withTemperature(0.5)
                .withTopK(3)
                .withTopP(0.9)
                .withMinP(0.1)
                .withRepetitionPenalty(1.1)
                .withFrequencyPenalty(0.2)
                .withPresencePenalty(-0.3)
                .withLogitBias(Map.of(2, 1.5))
                .withStopIds(4)
                .withMaxTokens(6)
                .withStopWhen(options.stopWhen())
                .withLogProbabilities(7)
                .withPromptLogProbabilities(2);
        assertThat(changed)
                .isEqualTo(new GenerationOptions(
                        0.5,
                        3,
                        0.9,
                        0.1,
                        1.1,
                        0.2,
                        -0.3,
                        Map.of(2, 1.5),
                        Set.of(4),
                        6,
                        9,
                        options.stopWhen(),
                        constraint,
                        OptionalInt.of(7),
                        OptionalInt.of(2)));
        assertThat(changed.withConstraint(null).constraint()).isNull();
    }
}
