package org.lora4j.documentation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.generate.BatchGenerator;
import org.lora4j.generate.Generation;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.generate.Generator;
import org.lora4j.generate.LogProbabilities;
import org.lora4j.generate.RunningGeneration;
import org.lora4j.nn.compute.internal.Decoders;
import org.nd4j.linalg.api.buffer.DataType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The programs of the guide to generation. */
class GenerateGuideTest {
    private static final Logger log = LoggerFactory.getLogger(GenerateGuideTest.class);

    @Test
    void generates() {
        LoRAModel model = LoRAModel.of(Decoders.of(Decoders.Family.LLAMA, 1, DataType.FLOAT, 100));
        model.add(
                "support", LoRAConfig.builder().rank(2).targetModules("q", "v").build());
        int[] prompt = {1, 2, 3, 4};
        int[] question = {5, 6, 7};
        int end = 18;
        List<Integer> shown = new ArrayList<>();
        AtomicBoolean cancelled = new AtomicBoolean();

        Generator generator = Generator.of(model.using("support"));
        GenerationOptions options = GenerationOptions.greedy().withMaxTokens(16).withStopIds(end);
        Generation reply = generator.generate(prompt, options);

        GenerationOptions sampled = GenerationOptions.sampling(42)
                .withTemperature(0.8)
                .withTopK(40)
                .withTopP(0.95)
                .withRepetitionPenalty(1.1)
                .withMaxTokens(16);

        generator.generate(prompt, sampled, token -> {
            shown.add(token);
            return !cancelled.get();
        });
        assertThat(shown).hasSize(16);

        generator.generate(prompt, options);
        int[] nextTurn = Stream.of(prompt, reply.ids(), question)
                .flatMapToInt(IntStream::of)
                .toArray();
        Generation second = generator.generate(nextTurn, options);
        log.info("{} of {} tokens were known", second.reusedTokens(), second.promptTokens());
        assertThat(second.reusedTokens())
                .isEqualTo(prompt.length + reply.newTokens().size() - 1);

        BatchGenerator batch = BatchGenerator.of(model);
        RunningGeneration first = batch.add(model.using("support"), prompt, options);
        RunningGeneration other = batch.add(model.base(), question, sampled);
        while (batch.step() > 0) {
            log.info("{} and {}", first, other);
        }
        assertThat(first.result().newTokens()).isEqualTo(reply.newTokens());

        LogProbabilities scored = generator.score(prompt, question);
        log.info("log p {}, perplexity {}", scored.sum(), scored.perplexity());
        assertThat(scored.tokens()).hasSize(3);
    }
}
