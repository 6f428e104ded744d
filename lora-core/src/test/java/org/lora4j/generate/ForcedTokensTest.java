package org.lora4j.generate;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.LoRAModel;
import org.lora4j.generate.Generation.Finish;
import org.lora4j.nn.Model;
import org.lora4j.nn.Network;
import org.lora4j.nn.compute.internal.Decoders;
import org.lora4j.nn.input.Sequences;
import org.nd4j.linalg.api.buffer.DataType;

/** Tokens that are the only ones allowed: no step of the model is computed for them, and nothing else changes. */
@Tag("numbers")
class ForcedTokensTest {
    private static final int[] PROMPT = {3, 1, 4, 1, 5};
    private static final int POSITIONS = 120;

    private final Network network = Decoders.of(Decoders.Family.LLAMA, 2, DataType.DOUBLE, POSITIONS);

    /** A text of as many tokens as there are sets; each is one of its set. */
    private record Script(List<BitSet> sets) implements TokenConstraint {
        static BitSet one(int id) {
            BitSet set = new BitSet();
            set.set(id);
            return set;
        }

        static BitSet any() {
            BitSet set = new BitSet();
            set.set(0, Decoders.VOCABULARY);
            return set;
        }

        /** Runs of forced tokens, and free ones between them. */
        static Script random(SplittableRandom random, int length) {
            List<BitSet> sets = new ArrayList<>();
            while (sets.size() < length) {
                int run = random.nextInt(9);
                for (int i = 0; i < run; i++) {
                    sets.add(one(random.nextInt(Decoders.VOCABULARY)));
                }
                sets.add(any());
            }
            return new Script(sets.subList(0, length));
        }

        /** The steps that the model has to compute. */
        int free() {
            return (int) sets.stream().filter(set -> set.cardinality() > 1).count();
        }

        @Override
        public State begin(int maxTokens) {
            return new State() {
                private int at;

                @Override
                public void allowed(BitSet tokens) {
                    tokens.clear();
                    if (canContinue()) {
                        tokens.or(sets.get(at));
                    }
                }

                @Override
                public void accept(int id) {
                    assertThat(sets.get(at).get(id)).as("%d may come", id).isTrue();
                    at++;
                }

                @Override
                public boolean isComplete() {
                    return at == sets.size();
                }

                @Override
                public boolean canContinue() {
                    return at < sets.size();
                }
            };
        }
    }

    /** What a model generates if it computes the whole text for each token, also for those that are forced. */
    private static List<Integer> stepByStep(Model model, int[] prompt, GenerationOptions options) {
        ConstrainedChoice choice = requireNonNull(ConstrainedChoice.begin(options, POSITIONS, Decoders.VOCABULARY));
        Sampler sampler = new Sampler(options);
        BitSet seen = new BitSet();
        Arrays.stream(prompt).forEach(seen::set);
        int[] ids = prompt;
        List<Integer> tokens = new ArrayList<>();
        while (!choice.hasEnded()) {
            double[] logits =
                    model.predict(Sequences.of(ids)).getRow(ids.length - 1).toDoubleVector();
            choice.mask(logits);
            int id = sampler.choose(logits, seen);
            choice.accept(id);
            sampler.accept(id);
            seen.set(id);
            tokens.add(id);
            ids = Arrays.copyOf(ids, ids.length + 1);
            ids[ids.length - 1] = id;
        }
        return tokens;
    }

    private static GenerationOptions options(SplittableRandom random) {
        GenerationOptions some =
                random.nextBoolean() ? GenerationOptions.greedy() : GenerationOptions.sampling(random.nextLong());
        return random.nextBoolean()
                ? some.withMaxTokens(60)
                : some.withMaxTokens(60).withRepetitionPenalty(1.2).withFrequencyPenalty(0.3);
    }

    /** Log probabilities need the logits of each token. A seed gives the same text with and without them. */
    @Test
    void logProbabilitiesAreThoseOfEachToken() {
        SplittableRandom random = new SplittableRandom(8);
        for (int i = 0; i < 6; i++) {
            Script script = Script.random(random, 1 + random.nextInt(40));
            GenerationOptions options = options(random).withConstraint(script);
            Generation plain = Generator.of(network).generate(PROMPT, options);
            Generation result = Generator.of(network).generate(PROMPT, options.withLogProbabilities(2));
            assertThat(result.newTokens()).isEqualTo(plain.newTokens());
            assertThat(result.logProbabilities()).hasSameSizeAs(plain.newTokens());
            for (int t = 0; t < result.newTokens().size(); t++) {
                assertThat(result.logProbabilities().get(t).chosen().id())
                        .isEqualTo(result.newTokens().get(t));
            }
        }
    }

    /** In a family with windows too, whose runs of forced tokens are longer than the window. */
    @ParameterizedTest
    @EnumSource(Decoders.Family.class)
    @Tag("slow")
    void theTokensAreThoseOfOneStepForEach(Decoders.Family family) {
        SplittableRandom random = new SplittableRandom(4);
        for (int i = 0; i < 6; i++) {
            Network decoder = Decoders.of(family, i, DataType.DOUBLE, POSITIONS);
            Script script = Script.random(random, 1 + random.nextInt(40));
            GenerationOptions options = options(random).withConstraint(script);
            List<Integer> expected = stepByStep(decoder, PROMPT, options);
            List<Integer> handed = new ArrayList<>();
            Generation result = Generator.of(decoder).generate(PROMPT, options, handed::add);
            assertThat(result.newTokens()).isEqualTo(expected);
            assertThat(handed).isEqualTo(expected);
            assertThat(result.finish()).isEqualTo(Finish.STOP);
            BatchGenerator batch = BatchGenerator.of(decoder);
            RunningGeneration running = batch.add(decoder, PROMPT, options);
            int steps = script.free() == 0 ? 0 : 1;
            while (batch.step() > 0) {
                steps++;
            }
            assertThat(steps).isEqualTo(script.free());
            assertThat(running.result().newTokens()).isEqualTo(expected);
        }
    }

    /** Rows with runs of their own join and leave, with adapters of their own. */
    @Test
    void rowsOfABatchHaveRunsOfTheirOwn() {
        LoRAModel model = LoRAModel.of(network);
        model.add("a", GeneratorTest.adapter(network, 1));
        model.add("b", GeneratorTest.adapter(network, 2));
        List<Model> views = List.of(model.base(), model.using("a"), model.using("b"));
        SplittableRandom random = new SplittableRandom(8);
        BatchGenerator batch = BatchGenerator.of(network);
        List<RunningGeneration> all = new ArrayList<>();
        List<List<Integer>> expected = new ArrayList<>();
        while (all.size() < 30 || batch.step() > 0) {
            if (all.size() < 30 && random.nextInt(3) > 0) {
                Model view = views.get(random.nextInt(3));
                int[] prompt = random.ints(1 + random.nextInt(12), 0, Decoders.VOCABULARY)
                        .toArray();
                GenerationOptions options = options(random).withConstraint(Script.random(random, random.nextInt(30)));
                expected.add(stepByStep(view, prompt, options));
                all.add(batch.add(view, prompt, options));
            } else {
                batch.step();
            }
        }
        assertThat(all.stream().map(one -> one.result().newTokens())).isEqualTo(expected);
    }

    /** The model scores the token behind a run as it does behind a prompt with the same tokens. */
    @Test
    void theLogitsBehindARunAreThoseOfAPrompt() {
        int[] run = new SplittableRandom(2).ints(30, 0, Decoders.VOCABULARY).toArray();
        List<double[]> logits = new ArrayList<>();
        DecoderPass pass = new DecoderPass(Decoder.of(network).ofLastTokens());
        for (int known : new int[] {0, 1, PROMPT.length}) {
            CachedSequence text = new CachedSequence(Decoder.of(network), layer -> layer.original(), POSITIONS);
            text.start(layer -> layer.original(), PROMPT, 0);
            if (known > 0) {
                pass.compute(List.of(text), known, (row, unused) -> {});
            }
            Arrays.stream(run).forEach(text::append);
            pass.compute(List.of(text), (row, last) -> logits.add(last.clone()));
        }
        assertThat(logits).hasSize(3);
        assertThat(logits.get(1)).containsExactly(logits.get(0), within(1e-12));
        assertThat(logits.get(2)).containsExactly(logits.get(0), within(1e-12));
    }

    /** Each token has its own draw: tokens that would come anyway can be forced, and the others stay the same. */
    @Test
    void aForcedTokenUsesItsDraw() {
        GenerationOptions sampling = GenerationOptions.sampling(11).withMaxTokens(20);
        List<Integer> free = Generator.of(network).generate(PROMPT, sampling).newTokens();
        List<BitSet> sets = new ArrayList<>();
        for (int i = 0; i < free.size(); i++) {
            sets.add(i % 3 == 0 ? Script.any() : Script.one(free.get(i)));
        }
        GenerationOptions forced = sampling.withConstraint(new Script(sets));
        assertThat(Generator.of(network).generate(PROMPT, forced).newTokens()).isEqualTo(free);
    }

    @Test
    void aTextOfForcedTokensNeedsNoStepAndEndsWhereItIsTold() {
        List<BitSet> sets = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            sets.add(Script.one(i));
        }
        GenerationOptions options = GenerationOptions.greedy().withMaxTokens(12).withConstraint(new Script(sets));
        BatchGenerator batch = BatchGenerator.of(network);
        RunningGeneration whole = batch.add(network, PROMPT, options);
        AtomicInteger handed = new AtomicInteger();
        RunningGeneration cut = batch.add(network, PROMPT, options, id -> handed.incrementAndGet() < 5);
        RunningGeneration stopped = batch.add(network, PROMPT, options.withStopWhen(tokens -> tokens.size() == 3));
        RunningGeneration failed = batch.add(network, PROMPT, options, id -> {
            throw new UnsupportedOperationException("mine");
        });
        assertThat(batch.step()).isZero();
        assertThat(batch.cacheBytes()).isZero();
        assertThat(whole.result().newTokens()).hasSize(12);
        assertThat(whole.result().finish()).isEqualTo(Finish.STOP);
        assertThat(cut.result().newTokens()).containsExactly(0, 1, 2, 3, 4);
        assertThat(cut.result().finish()).isEqualTo(Finish.CANCELLED);
        assertThat(stopped.result().newTokens()).containsExactly(0, 1, 2);
        assertThatExceptionOfType(UnsupportedOperationException.class)
                .isThrownBy(failed::result)
                .withMessage("mine");
    }

    /** A conversation goes on after tokens whose keys and values were not computed. */
    @Test
    void theNextPromptReusesWhatWasComputed() {
        List<BitSet> sets = new ArrayList<>(List.of(Script.any(), Script.one(7), Script.one(8), Script.one(9)));
        GenerationOptions options = GenerationOptions.greedy().withMaxTokens(9).withConstraint(new Script(sets));
        Generator generator = Generator.of(network);
        Generation first = generator.generate(PROMPT, options);
        int[] next = Arrays.copyOf(PROMPT, PROMPT.length + 4);
        for (int i = 0; i < 4; i++) {
            next[PROMPT.length + i] = first.newTokens().get(i);
        }
        Generation second = generator.generate(next, GenerationOptions.greedy().withMaxTokens(6));
        assertThat(second.reusedTokens()).isEqualTo(PROMPT.length);
        assertThat(second.newTokens()).isEqualTo(GeneratorTest.withoutCache(network, next, 6));
    }
}
