package org.lora4j.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.LoRAModel;
import org.lora4j.generate.Generation.Finish;
import org.lora4j.nn.Model;
import org.lora4j.nn.Network;
import org.lora4j.nn.SteadyState;
import org.lora4j.nn.compute.internal.Decoders;
import org.nd4j.linalg.api.buffer.DataType;

@Tag("numbers")
class BatchGeneratorTest {
    private static final GenerationOptions GREEDY = GenerationOptions.greedy();

    private final Network network = Decoders.of(Decoders.Family.LLAMA, 2, DataType.DOUBLE, 60);
    private final LoRAModel model = LoRAModel.of(network);

    /** Texts of PyTorch, with and without an adapter, beside each other; some join later. */
    @ParameterizedTest
    @ValueSource(strings = {"decoder_generate", "decoder_generate_gpt2", "smollm3_generate"})
    void choosesTheTokensOfAloneBesideOthers(String name) throws Exception {
        GenerateCase golden = GenerateCase.of(name);
        LoRAModel decoder = golden.model();
        BatchGenerator batch = BatchGenerator.of(decoder);
        Map<String, RunningGeneration> running = new LinkedHashMap<>();
        for (int i = 0; i < GenerateCase.PROMPTS; i++) {
            for (String which : List.of("base", "adapter")) {
                Model view = which.equals("base") ? decoder.base() : decoder.using("peft");
                String ids = which + "_ids_" + i;
                running.put(ids, batch.add(view, golden.prompt(i), GREEDY.withMaxTokens(golden.newTokens())));
                assertThat(batch.step()).isEqualTo(running.size());
            }
        }
        int steps = 0;
        while (batch.step() > 0) {
            steps++;
        }
        assertThat(steps).isEqualTo(golden.newTokens() - 2);
        for (var entry : running.entrySet()) {
            Generation result = entry.getValue().result();
            int[] expected = golden.ids(entry.getKey());
            assertThat(result.ids())
                    .as(entry.getKey())
                    .isEqualTo(Arrays.copyOfRange(expected, result.promptTokens(), expected.length));
        }
        assertThat(batch.cacheBytes()).isZero();
    }

    /** Texts of random lengths and adapters join and leave at random. */
    @ParameterizedTest
    @EnumSource(Decoders.Family.class)
    void textsJoinAndLeave(Decoders.Family family) {
        Network decoder = Decoders.of(family, 4, DataType.DOUBLE, 60);
        LoRAModel adapted = LoRAModel.of(decoder);
        List<Model> views = new ArrayList<>(List.of(decoder, adapted.base()));
        if (!family.isFused()) {
            adapted.add("a", GeneratorTest.adapter(decoder, 1));
            adapted.add("b", GeneratorTest.adapter(decoder, 2));
            views.addAll(List.of(adapted.using("a"), adapted.using("b"), adapted.using("a", "b")));
        }
        SplittableRandom random = new SplittableRandom(9);
        BatchGenerator batch = BatchGenerator.of(decoder);
        List<RunningGeneration> all = new ArrayList<>();
        List<List<Integer>> expected = new ArrayList<>();
        while (all.size() < 25 || batch.step() > 0) {
            if (all.size() < 25 && random.nextInt(3) > 0) {
                Model view = views.get(random.nextInt(views.size()));
                int[] prompt = random.ints(1 + random.nextInt(12), 0, Decoders.VOCABULARY)
                        .toArray();
                int count = 1 + random.nextInt(12);
                all.add(batch.add(view, prompt, GREEDY.withMaxTokens(count)));
                expected.add(Generator.of(view)
                        .generate(prompt, GREEDY.withMaxTokens(count))
                        .newTokens());
            } else {
                batch.step();
            }
        }
        for (int i = 0; i < all.size(); i++) {
            assertThat(all.get(i).result().newTokens()).isEqualTo(expected.get(i));
        }
    }

    @Test
    void aFailureEndsOneTextOnly() {
        BatchGenerator batch = BatchGenerator.of(network);
        RunningGeneration good = batch.add(network, new int[] {1, 2}, GREEDY.withMaxTokens(6));
        RunningGeneration bad = batch.add(network, new int[] {1, 2}, GREEDY.withMaxTokens(6), id -> {
            throw new UnsupportedOperationException("mine");
        });
        Network broken = Decoders.of(Decoders.Family.LLAMA, 2, DataType.DOUBLE, 60);
        model.add("nan", GeneratorTest.adapter(broken, 3));
        model.using("nan").parameters().forEach(parameter -> parameter.value().putScalar(0, Double.NaN));
        RunningGeneration nan = batch.add(model.using("nan"), new int[] {1, 2}, GREEDY.withMaxTokens(6));
        assertThat(batch.step()).isEqualTo(1);
        assertThatExceptionOfType(UnsupportedOperationException.class)
                .isThrownBy(bad::result)
                .withMessage("mine");
        assertThat(bad.tokens()).hasSize(1);
        assertThatExceptionOfType(ArithmeticException.class).isThrownBy(nan::result);
        assertThatIllegalStateException()
                .isThrownBy(good::result)
                .withMessage(
                        "a generation must have ended before its result, found one that goes on; call step until it"
                                + " has");
        while (batch.step() > 0) {
            assertThat(good.isFinished()).isFalse();
        }
        assertThat(good.result().newTokens()).isEqualTo(GeneratorTest.withoutCache(network, new int[] {1, 2}, 6));
    }

    /** A long prompt is computed in several steps. The others go on, and it can be cancelled before its first token. */
    @Test
    @Tag("slow")
    void aLongPromptIsComputedInPartsWhileOthersGoOn() {
        Network decoder = Decoders.of(Decoders.Family.LLAMA, 2, DataType.DOUBLE, 6000);
        BatchGenerator batch = BatchGenerator.of(decoder);
        int[] shortPrompt = {1, 2, 3};
        int[] longPrompt =
                new SplittableRandom(3).ints(5000, 0, Decoders.VOCABULARY).toArray();
        List<Integer> expected = Generator.of(decoder)
                .generate(longPrompt, GREEDY.withMaxTokens(5))
                .newTokens();
        RunningGeneration other = batch.add(decoder, shortPrompt, GREEDY.withMaxTokens(30));
        assertThat(batch.step()).isOne();
        RunningGeneration one = batch.add(decoder, longPrompt, GREEDY.withMaxTokens(5));
        RunningGeneration cancelled = batch.add(decoder, longPrompt, GREEDY.withMaxTokens(5));
        assertThat(batch.step()).isEqualTo(3);
        assertThat(other.tokens()).hasSize(2);
        assertThat(one.tokens()).isEmpty();
        cancelled.cancel();
        int steps = 0;
        while (!one.isFinished()) {
            batch.step();
            steps++;
        }
        assertThat(steps).isBetween(20, 26);
        assertThat(one.tokens()).isEqualTo(expected);
        assertThat(other.tokens()).hasSize(steps + 2);
        assertThat(cancelled.result().finish()).isEqualTo(Finish.CANCELLED);
        assertThat(cancelled.tokens()).isEmpty();
        while (batch.step() > 0) {
            // The rest.
        }
        assertThat(other.tokens())
                .isEqualTo(Generator.of(decoder)
                        .generate(shortPrompt, GREEDY.withMaxTokens(30))
                        .newTokens());
    }

    @Test
    void cancels() {
        BatchGenerator batch = BatchGenerator.of(network);
        RunningGeneration early = batch.add(network, new int[] {1, 2}, GREEDY);
        RunningGeneration late = batch.add(network, new int[] {1, 2}, GREEDY);
        early.cancel();
        assertThat(batch.step()).isEqualTo(1);
        late.cancel();
        assertThat(batch.step()).isZero();
        assertThat(early.result()).isEqualTo(new Generation(List.of(), Finish.CANCELLED, 2, 0));
        assertThat(late.result().newTokens()).hasSize(1);
        assertThat(late.result().finish()).isEqualTo(Finish.CANCELLED);
    }

    @Test
    void keepsToTheLimitOfTheCaches() {
        long perToken = Generator.of(network).cacheBytesPerToken();
        BatchGenerator batch = BatchGenerator.of(network, 20 * perToken);
        RunningGeneration first = batch.add(network, new int[] {1, 2}, GREEDY.withMaxTokens(10));
        assertThatIllegalStateException()
                .isThrownBy(() -> batch.add(network, new int[] {1, 2}, GREEDY.withMaxTokens(9)))
                .withMessageContaining("the keys and values of 10 tokens take " + 10 * perToken
                        + " bytes, and must fit in the " + 9 * perToken + " bytes that are left of the limit");
        batch.add(network, new int[] {1, 2}, GREEDY.withMaxTokens(8));
        while (batch.step() > 0) {
            assertThat(batch.cacheBytes()).isBetween(1L, 20 * perToken);
        }
        assertThat(first.result().newTokens()).hasSize(10);
        batch.add(network, new int[] {1, 2}, GREEDY.withMaxTokens(19));
        assertThat(batch.step()).isEqualTo(1);
    }

    @Test
    void aPromptCacheIsOfOneGenerationAtATimeAndOfTheContentOfTheAdapter() {
        model.add("a", GeneratorTest.adapter(network, 1));
        BatchGenerator batch = BatchGenerator.of(network);
        BatchGenerator.PromptCache cache = batch.newPromptCache();
        assertThat(cache.bytes()).isZero();
        int[] prompt = {1, 2, 3, 4};
        RunningGeneration first = batch.add(model.using("a"), prompt, GREEDY.withMaxTokens(5), id -> true, cache);
        assertThatIllegalStateException()
                .isThrownBy(() -> batch.add(model.using("a"), prompt, GREEDY.withMaxTokens(5), id -> true, cache))
                .withMessageContaining("found one that is in use");
        while (batch.step() > 0) {
            assertThat(cache.bytes()).isPositive();
        }
        RunningGeneration same = batch.add(model.using("a"), prompt, GREEDY.withMaxTokens(5), id -> true, cache);
        assertThat(same.reusedTokens()).isEqualTo(3);
        while (batch.step() > 0) {
            assertThat(same.isFinished()).isFalse();
        }
        assertThat(same.result().newTokens()).isEqualTo(first.result().newTokens());
        model.replace("a", GeneratorTest.adapter(network, 2));
        RunningGeneration replaced = batch.add(model.using("a"), prompt, GREEDY.withMaxTokens(5), id -> true, cache);
        assertThat(replaced.reusedTokens()).isZero();
        while (batch.step() > 0) {
            assertThat(replaced.isFinished()).isFalse();
        }
        assertThat(replaced.result().newTokens())
                .isEqualTo(Generator.of(model.using("a"))
                        .generate(prompt, GREEDY.withMaxTokens(5))
                        .newTokens());
    }

    @Test
    void refusesAnotherBase() {
        Network other = Decoders.of(Decoders.Family.LLAMA, 3, DataType.DOUBLE, 60);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> BatchGenerator.of(network).add(other, new int[] {1}, GREEDY))
                .withMessage(
                        "generation: texts that are generated together must have one and the same base network, found"
                                + " another one; use a BatchGenerator for each base");
    }

    @Test
    void stepsAllocateNoNativeMemory() {
        for (Decoders.Family family : Decoders.Family.values()) {
            Network decoder = Decoders.of(family, 2, DataType.FLOAT, 700);
            LoRAModel adapted = LoRAModel.of(decoder);
            if (!family.isFused()) {
                adapted.add("a", GeneratorTest.adapter(Decoders.of(family, 2, DataType.DOUBLE, 700), 1));
                adapted.add("b", GeneratorTest.adapter(Decoders.of(family, 2, DataType.DOUBLE, 700), 2));
            }
            BatchGenerator batch = BatchGenerator.of(decoder);
            for (int i = 0; i < 4; i++) {
                Model view = family.isFused() || i == 3 ? adapted.base() : adapted.using(i % 2 == 0 ? "a" : "b");
                batch.add(view, new int[] {1, 2, 3 + i}, GREEDY.withMaxTokens(600));
            }
            SteadyState.assertReached(2, () -> {
                for (int i = 0; i < 4; i++) {
                    assertThat(batch.step()).as("%s", family).isEqualTo(4);
                }
            });
        }
    }
}
