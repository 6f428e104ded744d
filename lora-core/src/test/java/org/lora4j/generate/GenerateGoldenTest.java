package org.lora4j.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.LoRAModel;
import org.lora4j.nn.Model;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Tokens that PyTorch generated. */
@Tag("numbers")
class GenerateGoldenTest {

    private static int[] with(int[] prompt, Generation generation) {
        int[] all = Arrays.copyOf(prompt, prompt.length + generation.newTokens().size());
        System.arraycopy(
                generation.ids(), 0, all, prompt.length, generation.newTokens().size());
        return all;
    }

    @ParameterizedTest
    @ValueSource(strings = {"decoder_generate", "decoder_generate_gpt2", "smollm3_generate"})
    void choosesTheSameTokens(String name) throws Exception {
        GenerateCase golden = GenerateCase.of(name);
        LoRAModel model = golden.model();
        GenerationOptions greedy = GenerationOptions.greedy().withMaxTokens(golden.newTokens());
        int eos = golden.settings().path("eos_of_base_eos").asInt();
        for (var entry :
                Map.of("base", model.base(), "adapter", model.using("peft")).entrySet()) {
            Generator generator = Generator.of(entry.getValue());
            for (int i = 0; i < GenerateCase.PROMPTS; i++) {
                int[] prompt = golden.prompt(i);
                Generation generation = generator.generate(prompt, greedy);
                assertThat(with(prompt, generation)).isEqualTo(golden.ids(entry.getKey() + "_ids_" + i));
                assertThat(generation.finish()).isEqualTo(Generation.Finish.LENGTH);
                assertThat(generation.promptTokens()).isEqualTo(prompt.length);
                if (entry.getKey().equals("base") && golden.io().names().contains("base_eos_ids_" + i)) {
                    int[] expected = golden.ids("base_eos_ids_" + i);
                    Generation stopped = generator.generate(prompt, greedy.withStopIds(eos));
                    assertThat(with(prompt, stopped)).isEqualTo(expected);
                    assertThat(stopped.finish())
                            .isEqualTo(
                                    expected[expected.length - 1] == eos
                                            ? Generation.Finish.STOP
                                            : Generation.Finish.LENGTH);
                }
            }
        }
    }

    /** The logits that each token was chosen from, by the cache. */
    @ParameterizedTest
    @ValueSource(strings = {"decoder_generate", "decoder_generate_gpt2", "smollm3_generate"})
    void computesTheSameLogits(String name) throws Exception {
        GenerateCase golden = GenerateCase.of(name);
        LoRAModel model = golden.model();
        for (String which : List.of("base", "adapter")) {
            Model view = which.equals("base") ? model.base() : model.using("peft");
            Decoder decoder = Decoder.of(view);
            DecoderPass pass = new DecoderPass(decoder.ofLastTokens());
            for (int i = 0; i < GenerateCase.PROMPTS; i++) {
                int[] ids = golden.ids(which + "_ids_" + i);
                int[] prompt = golden.prompt(i);
                CachedSequence text = new CachedSequence(decoder, view.effectiveLayers(), 64);
                text.start(text.layers(), prompt, 0);
                INDArray expected = golden.io().tensor(which + "_logits_" + i);
                double largest = Math.max(1, expected.amaxNumber().doubleValue());
                for (int step = 0; step < golden.newTokens(); step++) {
                    List<double[]> rows = new ArrayList<>();
                    pass.compute(List.of(text), (row, logits) -> rows.add(logits.clone()));
                    assertThat(rows).hasSize(1);
                    assertThat(rows.get(0))
                            .containsExactly(expected.getRow(step).dup().toDoubleVector(), within(1e-5 * largest));
                    text.append(ids[prompt.length + step]);
                }
            }
        }
    }

    @Test
    void drawsFromTheSameProbabilities() throws Exception {
        GenerateCase golden = GenerateCase.of("decoder_sampling");
        INDArray logits = golden.io().tensor("logits");
        INDArray context = golden.io().tensor("context_ids");
        var cases = golden.settings().properties();
        assertThat(cases).hasSize(11);
        for (var entry : cases) {
            var settings = entry.getValue();
            Sampler sampler = new Sampler(GenerationOptions.sampling(1)
                    .withTemperature(settings.path("temperature").asDouble(1))
                    .withTopK(settings.path("top_k").asInt(0))
                    .withTopP(settings.path("top_p").asDouble(1))
                    .withRepetitionPenalty(settings.path("repetition_penalty").asDouble(1)));
            INDArray expected = golden.io().tensor(entry.getKey());
            for (int i = 0; i < 4; i++) {
                BitSet seen = new BitSet();
                Arrays.stream(context.getRow(i).dup().toIntVector()).forEach(seen::set);
                double[] probabilities = logits.getRow(i).dup().toDoubleVector();
                sampler.toProbabilities(probabilities, seen);
                double[] wanted = expected.getRow(i).dup().toDoubleVector();
                if (i == 2) {
                    // All are equal: which of them top-p keeps is not prescribed.
                    Arrays.sort(probabilities);
                    Arrays.sort(wanted);
                }
                assertThat(probabilities).as("%s, row %d", entry, i).containsExactly(wanted, within(1e-6));
            }
        }
    }
}
