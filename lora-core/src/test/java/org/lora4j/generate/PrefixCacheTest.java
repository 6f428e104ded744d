package org.lora4j.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.nn.Model;
import org.lora4j.nn.Network;
import org.lora4j.nn.compute.internal.Decoders;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.buffer.DataType;

/** Texts of a {@link BatchGenerator} that share the beginnings of their prompts. */
@Tag("numbers")
class PrefixCacheTest {
    private static final GenerationOptions GREEDY = GenerationOptions.greedy();
    private static final int BLOCK = PrefixTree.BLOCK;
    private static final long PLENTY = 1L << 30;

    private final SplittableRandom random = new SplittableRandom(5);
    private final Network network = Decoders.of(Decoders.Family.LLAMA, 2, DataType.DOUBLE, 900);
    private final LoRAModel model = LoRAModel.of(network);

    private int[] ids(int length) {
        return random.ints(length, 0, Decoders.VOCABULARY).toArray();
    }

    private int[] after(int[] prefix, int more) {
        int[] all = Arrays.copyOf(prefix, prefix.length + more);
        System.arraycopy(ids(more), 0, all, prefix.length, more);
        return all;
    }

    private static RunningGeneration add(
            BatchGenerator batch, Model of, int[] prompt, int tokens, @Nullable Object owner) {
        GenerationOptions options = GREEDY.withMaxTokens(tokens).withLogProbabilities(1);
        return batch.add(of, prompt, options, token -> true, null, owner);
    }

    private static RunningGeneration finished(
            BatchGenerator batch, Model of, int[] prompt, int tokens, @Nullable Object owner) {
        RunningGeneration added = add(batch, of, prompt, tokens, owner);
        finish(batch);
        return added;
    }

    private static void finish(BatchGenerator batch) {
        while (batch.step() > 0) {
            // Until all have ended.
        }
    }

    private static void assertAsAlone(RunningGeneration generation, Model of, int[] prompt) {
        Generation result = generation.result();
        Generation expected = Generator.of(of)
                .generate(
                        prompt, GREEDY.withMaxTokens(result.newTokens().size()).withLogProbabilities(1));
        assertThat(result.newTokens()).isEqualTo(expected.newTokens());
        for (int i = 0; i < result.newTokens().size(); i++) {
            assertThat(result.logProbabilities().get(i).chosen().logProbability())
                    .isCloseTo(expected.logProbabilities().get(i).chosen().logProbability(), within(1e-9));
        }
        assertThat(generation.reusedTokens() + generation.computedTokens())
                .isEqualTo(result.promptTokens())
                .isEqualTo(prompt.length);
    }

    /** Prompts that begin alike, of several adapters, join at random steps. */
    @ParameterizedTest
    @EnumSource(Decoders.Family.class)
    void textsAreThoseOfAlone(Decoders.Family family) {
        Network decoder = Decoders.of(family, 4, DataType.DOUBLE, 600);
        LoRAModel adapted = LoRAModel.of(decoder);
        List<Model> views = new ArrayList<>(List.of(adapted.base()));
        if (!family.isFused()) {
            adapted.add("a", GeneratorTest.adapter(decoder, 1));
            adapted.add("b", GeneratorTest.adapter(decoder, 2));
            views.addAll(List.of(adapted.using("a"), adapted.using("b")));
        }
        // Of about 40 blocks.
        BatchGenerator batch = BatchGenerator.of(decoder, PLENTY, 40 * BLOCK * 600);
        int[] system = ids(300);
        List<RunningGeneration> all = new ArrayList<>();
        List<Runnable> checks = new ArrayList<>();
        while (all.size() < 20 || batch.step() > 0) {
            if (all.size() < 20 && random.nextInt(3) > 0) {
                int view = random.nextInt(views.size());
                int[] prompt = after(Arrays.copyOf(system, random.nextInt(system.length)), 1 + random.nextInt(60));
                RunningGeneration added = add(batch, views.get(view), prompt, 1 + random.nextInt(6), view);
                all.add(added);
                checks.add(() -> assertAsAlone(added, views.get(view), prompt));
            }
            assertThat(batch.prefixBytes()).isLessThanOrEqualTo(40 * BLOCK * 600);
        }
        checks.forEach(Runnable::run);
        int reused = all.stream().mapToInt(RunningGeneration::reusedTokens).sum();
        // The windows of the others are smaller than a block.
        boolean hasSmallWindow = family == Decoders.Family.GEMMA || family == Decoders.Family.PHI;
        assertThat(reused).isGreaterThan(hasSmallWindow ? -1 : 600);
    }

    @Test
    void allButTheLastBlockIsKnown() {
        BatchGenerator batch = BatchGenerator.of(model, PLENTY, PLENTY);
        int[] prompt = ids(100);
        for (int length : new int[] {100, 100, 95, 50, 31, 16, 1}) {
            int[] part = Arrays.copyOf(prompt, length);
            RunningGeneration one = finished(batch, model.base(), part, 3, "owner");
            assertAsAlone(one, model.base(), part);
            assertThat(batch.prefixBytes()).isPositive();
        }
        assertThat(finished(batch, model.base(), prompt, 1, "owner").reusedTokens())
                .isEqualTo(80);
        assertThat(finished(batch, model.base(), Arrays.copyOf(prompt, 95), 1, "owner")
                        .reusedTokens())
                .isEqualTo(64);
        assertThat(finished(batch, model.base(), Arrays.copyOf(prompt, 31), 1, "owner")
                        .reusedTokens())
                .isZero();
        int[] longer = after(prompt, 20);
        assertThat(finished(batch, model.base(), longer, 1, "owner").reusedTokens())
                .isEqualTo(96);
        prompt[40]++;
        assertThat(finished(batch, model.base(), prompt, 1, "owner").reusedTokens())
                .isEqualTo(32);
    }

    /** The one that comes first computes for all. */
    @Test
    void promptsAtTheSameTimeAreComputedOnce() {
        BatchGenerator batch = BatchGenerator.of(model, PLENTY, PLENTY);
        int[] system = ids(700);
        List<int[]> prompts = new ArrayList<>();
        List<RunningGeneration> all = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            prompts.add(after(system, 20));
            all.add(add(batch, model.base(), prompts.get(i), 4, "owner"));
        }
        finish(batch);
        assertThat(all.get(0).reusedTokens()).isZero();
        for (int i = 0; i < all.size(); i++) {
            assertAsAlone(all.get(i), model.base(), prompts.get(i));
            assertThat(all.get(i).computedTokens()).isLessThanOrEqualTo(i == 0 ? 720 : 20 + 2 * BLOCK);
        }
    }

    @Test
    void ownersShareNothing() {
        model.add("a", GeneratorTest.adapter(network, 1));
        BatchGenerator batch = BatchGenerator.of(model, PLENTY, PLENTY);
        int[] prompt = ids(200);
        assertThat(finished(batch, model.using("a"), prompt, 2, List.of("a", "one"))
                        .reusedTokens())
                .isZero();
        RunningGeneration other = finished(batch, model.using("a"), prompt, 2, List.of("a", "other"));
        assertThat(other.reusedTokens()).isZero();
        assertThat(finished(batch, model.using("a"), prompt, 2, null).reusedTokens())
                .isZero();
        // Also at the same time.
        List<RunningGeneration> all = new ArrayList<>();
        int[] next = ids(200);
        for (String owner : List.of("x", "y")) {
            all.add(add(batch, model.using("a"), next, 2, owner));
        }
        finish(batch);
        assertThat(all).allMatch(each -> each.reusedTokens() == 0);
    }

    /** Prefixes belong to the content, not to the name. */
    @Test
    void anotherContentComputesAnew() {
        model.add("a", GeneratorTest.adapter(network, 1));
        BatchGenerator batch = BatchGenerator.of(model, PLENTY, PLENTY);
        int[] prompt = ids(300);
        RunningGeneration before = finished(batch, model.using("a"), prompt, 3, "a");
        assertThat(finished(batch, model.using("a"), prompt, 3, "a").reusedTokens())
                .isEqualTo(272);
        model.replace("a", GeneratorTest.adapter(network, 2));
        RunningGeneration replaced = finished(batch, model.using("a"), prompt, 3, "a");
        assertThat(replaced.reusedTokens()).isZero();
        assertAsAlone(replaced, model.using("a"), prompt);
        assertThat(replaced.logProbabilities(0)).isNotEqualTo(before.logProbabilities(0));
    }

    /** A training writes to the arrays of its adapter. */
    @Test
    void aTrainedAdapterComputesAnew() {
        LoRAConfig config = LoRAConfig.builder()
                .rank(2)
                .alpha(8)
                .targetModules("q", "v")
                .init(LoRAInit.random())
                .seed(1)
                .build();
        Model view = model.add("trains", config);
        BatchGenerator batch = BatchGenerator.of(model, PLENTY, PLENTY);
        int[] prompt = ids(300);
        finished(batch, view, prompt, 3, "owner");
        assertThat(finished(batch, view, prompt, 3, "owner").reusedTokens()).isEqualTo(272);
        Parameter factor = model.using("trains").parameters().get(0);
        factor.value().addi(0.5);
        RunningGeneration trained = finished(batch, view, prompt, 3, "owner");
        assertThat(trained.reusedTokens()).isZero();
        assertAsAlone(trained, view, prompt);
    }

    /** A text that computes with a content that was replaced takes nothing of the new one, and adds nothing to it. */
    @Test
    void aTextOfAContentThatWasReplacedAddsNothing() {
        model.add("a", GeneratorTest.adapter(network, 1));
        BatchGenerator batch = BatchGenerator.of(model, PLENTY, PLENTY);
        int[] prompt = ids(600);
        Model old = model.snapshot().model("a");
        RunningGeneration first = add(batch, old, prompt, 3, "a");
        batch.step();
        model.replace("a", GeneratorTest.adapter(network, 2));
        Model now = model.snapshot().model("a");
        RunningGeneration second = add(batch, now, prompt, 3, "a");
        assertThat(second.reusedTokens()).isZero();
        finish(batch);
        assertAsAlone(first, old, prompt);
        assertAsAlone(second, now, prompt);
        assertThat(first.reusedTokens()).isZero();
        RunningGeneration third = finished(batch, now, prompt, 3, "a");
        assertThat(third.reusedTokens()).isEqualTo(576);
        assertAsAlone(third, now, prompt);
    }

    @Test
    void dropsWhatHasNoOwnerAnyMore() {
        model.add("a", GeneratorTest.adapter(network, 1));
        BatchGenerator batch = BatchGenerator.of(model, PLENTY, PLENTY);
        int[] prompt = ids(200);
        finished(batch, model.base(), prompt, 2, "base");
        long ofOne = batch.prefixBytes();
        RunningGeneration running = add(batch, model.using("a"), prompt, 2, "a");
        finish(batch);
        assertThat(batch.prefixBytes()).isEqualTo(2 * ofOne);
        Map<Object, Model> models = Map.of("base", model.base(), "a", model.using("a"));
        batch.retainPrefixes(models::get);
        assertThat(batch.prefixBytes()).isEqualTo(2 * ofOne);
        RunningGeneration late = add(batch, model.using("a"), after(prompt, 600), 2, "a");
        batch.retainPrefixes(owner -> owner.equals("a") ? null : model.base());
        assertThat(batch.prefixBytes()).isEqualTo(ofOne);
        finish(batch);
        assertThat(running.isFinished() && late.isFinished()).isTrue();
        assertThat(batch.prefixBytes()).as("it adds nothing any more").isEqualTo(ofOne);
        batch.retainPrefixes(owner -> model.using("a"));
        assertThat(batch.prefixBytes())
                .as("the model of the owner is another one")
                .isZero();
    }

    /** With room for 20 blocks. */
    @Test
    void theOldestBlocksLeaveFirst() {
        BatchGenerator measure = BatchGenerator.of(model, PLENTY, PLENTY);
        finished(measure, model.base(), ids(BLOCK), 1, "owner");
        long block = measure.prefixBytes();
        BatchGenerator batch = BatchGenerator.of(model, PLENTY, 20 * block);
        int[] first = ids(10 * BLOCK);
        int[] second = ids(10 * BLOCK);
        finished(batch, model.base(), first, 1, "owner");
        finished(batch, model.base(), second, 1, "owner");
        assertThat(batch.prefixBytes()).isEqualTo(20 * block);
        assertThat(finished(batch, model.base(), first, 1, "owner").reusedTokens())
                .isEqualTo(9 * BLOCK);
        // The last block of the first one was not used again, but is as old as a use of all those above it.
        finished(batch, model.base(), ids(5 * BLOCK), 1, "owner");
        assertThat(batch.prefixBytes()).isEqualTo(20 * block);
        assertThat(finished(batch, model.base(), first, 1, "owner").reusedTokens())
                .isEqualTo(9 * BLOCK);
        assertThat(finished(batch, model.base(), second, 1, "owner").reusedTokens())
                .isLessThanOrEqualTo(5 * BLOCK);
        // One prompt that is larger than all: its beginning stays.
        int[] large = ids(50 * BLOCK);
        RunningGeneration one = finished(batch, model.base(), large, 1, "owner");
        assertAsAlone(one, model.base(), large);
        assertThat(batch.prefixBytes()).isEqualTo(20 * block);
        assertThat(finished(batch, model.base(), large, 1, "owner").reusedTokens())
                .isEqualTo(20 * BLOCK);
        BatchGenerator none = BatchGenerator.of(model, PLENTY, 0);
        finished(none, model.base(), first, 1, "owner");
        RunningGeneration again = finished(none, model.base(), first, 1, "owner");
        assertThat(again.reusedTokens()).isZero();
        assertThat(none.prefixBytes()).isZero();
        assertAsAlone(again, model.base(), first);
    }

    /** What one has computed until it was cancelled is known to the next one. */
    @Test
    void aCancelledTextLeavesWhatItComputed() {
        BatchGenerator batch = BatchGenerator.of(model, PLENTY, PLENTY);
        int[] prompt = ids(700);
        RunningGeneration cancelled = add(batch, model.base(), prompt, 3, "owner");
        RunningGeneration waiting = add(batch, model.base(), prompt, 3, "owner");
        batch.step();
        cancelled.cancel();
        finish(batch);
        assertThat(cancelled.computedTokens()).isEqualTo(256);
        assertThat(waiting.reusedTokens()).isEqualTo(256);
        assertAsAlone(waiting, model.base(), prompt);
    }

    /** What was generated is computed in another way, so it is only known to its conversation. */
    @Test
    void conversationsAddTheirPromptsOnly() {
        BatchGenerator batch = BatchGenerator.of(model, PLENTY, PLENTY);
        int[] prompt = ids(100);
        BatchGenerator.PromptCache conversation = batch.newPromptCache();
        GenerationOptions options = GREEDY.withMaxTokens(40);
        RunningGeneration first = batch.add(model.base(), prompt, options, token -> true, conversation, "owner");
        finish(batch);
        int[] answer = first.result().ids();
        int[] next = after(prompt, answer.length + 30);
        System.arraycopy(answer, 0, next, prompt.length, answer.length);
        RunningGeneration second = batch.add(model.base(), next, options, token -> true, conversation, "owner");
        assertThat(second.reusedTokens()).isEqualTo(100 + 39);
        finish(batch);
        assertThat(second.computedTokens()).isEqualTo(31);
        RunningGeneration other = finished(batch, model.base(), next, 2, "owner");
        assertThat(other.reusedTokens()).isEqualTo(96);
        assertAsAlone(other, model.base(), next);
        // A conversation takes what others know and it does not.
        int[] third = after(next, 20);
        RunningGeneration last =
                batch.add(model.base(), third, options, token -> true, batch.newPromptCache(), "owner");
        assertThat(last.reusedTokens()).isEqualTo(160);
        finish(batch);
        assertThat(last.result().newTokens())
                .isEqualTo(Generator.of(model.base()).generate(third, options).newTokens());
    }

    @Test
    void refusesANegativeLimit() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> BatchGenerator.of(model, 5, -2))
                .withMessage("generation: the limit of the cache must not be negative, found -2");
    }
}
