package org.lora4j.onednn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.generate.BatchGenerator;
import org.lora4j.generate.Generation;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.generate.Generator;
import org.lora4j.generate.RunningGeneration;
import org.lora4j.linalg.ProductEngine;
import org.lora4j.nn.Model;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.nn.weight.internal.Engines;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * A prompt whose beginning was computed for another one has the bits of one that is computed as a whole, if the last rows of a product
 * have those of the others. Else only roundings differ.
 */
@Tag("slow")
class SharedPromptBitsTest {
    private static final String LLAMA_LIKE = """
            {"vocab_size": 300, "hidden_size": 256, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
             "head_dim": 64, "intermediate_size": 512, "max_position_embeddings": 900, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
             "tie_word_embeddings": true, "hidden_act": "silu"
            """;

    private static final GenerationOptions OPTIONS =
            GenerationOptions.greedy().withMaxTokens(5).withLogProbabilities(3);

    private final SplittableRandom random = new SplittableRandom(4);

    @BeforeEach
    void requireEngine() {
        engine();
    }

    private static ModelConfig config(String family) {
        return ModelConfig.parse(
                switch (family) {
                    case "gpt2" -> """
                    {"model_type": "gpt2", "vocab_size": 300, "n_embd": 256, "n_layer": 2, "n_head": 4, "n_positions": 900,
                     "layer_norm_epsilon": 1e-5, "activation_function": "gelu_new"}
                    """;
                    case "gemma3_text" ->
                        LLAMA_LIKE.replace("hidden_act", "hidden_activation").replace("silu", "gelu_pytorch_tanh")
                                + """
                            , "model_type": "gemma3_text", "query_pre_attn_scalar": 64, "sliding_window": 100,
                            "sliding_window_pattern": 2, "rope_local_base_freq": 10000.0}
                            """;
                    case "mistral" -> LLAMA_LIKE + ", \"model_type\": \"mistral\", \"sliding_window\": 100}";
                    default -> LLAMA_LIKE + ", \"model_type\": \"" + family + "\"}";
                });
    }

    private int[] ids(int[] prefix, int more) {
        int[] all = Arrays.copyOf(prefix, prefix.length + more);
        Arrays.setAll(all, i -> i < prefix.length ? prefix[i] : random.nextInt(300));
        return all;
    }

    private static Generation generate(BatchGenerator batch, Model of, int[] prompt, @Nullable Object owner) {
        RunningGeneration running = batch.add(of, prompt, OPTIONS, token -> true, null, owner);
        while (batch.step() > 0) {
            // Until it has ended.
        }
        return running.result();
    }

    /** Whether a product of matrices that are not packed gives its last row the bits that it has before others. */
    private static boolean lastRowsHaveTheBitsOfOthers() {
        INDArray a = Matrices.random(1, 12, 64);
        INDArray b = Matrices.random(2, 64, 128);
        return Arrays.equals(rowOfProduct(a, b, 6), rowOfProduct(a.get(NDArrayIndex.interval(0, 7)), b, 6));
    }

    private static float[] rowOfProduct(INDArray a, INDArray b, int row) {
        INDArray c = Nd4j.createUninitialized(DataType.FLOAT, new long[] {a.rows(), b.columns()}, 'c');
        assertThat(engine().multiply(a, false, b, false, 1, 0, c)).isTrue();
        return c.getRow(row).dup().toFloatVector();
    }

    private static ProductEngine engine() {
        ProductEngine engine = Engines.engine();
        assumeTrue(engine != null, "oneDNN is fast on this processor");
        return Objects.requireNonNull(engine);
    }

    private static void assertSame(Generation found, Generation expected, String what) {
        assertThat(found.newTokens()).as(what).isEqualTo(expected.newTokens());
        if (lastRowsHaveTheBitsOfOthers()) {
            assertThat(found.logProbabilities()).as(what).isEqualTo(expected.logProbabilities());
            return;
        }
        for (int i = 0; i < expected.newTokens().size(); i++) {
            assertThat(found.logProbabilities().get(i).chosen().logProbability())
                    .as("token %s of %s", i, what)
                    .isCloseTo(expected.logProbabilities().get(i).chosen().logProbability(), within(1e-5));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "qwen2", "qwen3", "mistral", "gemma3_text", "gpt2"})
    void continuesWithTheBitsOfTheWhole(String family) {
        LoRAModel model = LoRAModel.of(
                PretrainedModel.initialize(config(family), DataType.FLOAT, 1).causal());
        LoRAConfig adapter = LoRAConfig.builder()
                .rank(8)
                .alpha(16)
                .targetModules(family.equals("gpt2") ? new String[] {"c_attn"} : new String[] {"q_proj", "v_proj"})
                .init(LoRAInit.random())
                .seed(1)
                .build();
        model.add("a", LoRAAdapter.initialize(model.network(), adapter).adapter());
        int[] system = ids(new int[0], 700);
        for (String name : List.of(LoRAModel.BASE, "a")) {
            Model view = model.snapshot().model(name);
            BatchGenerator batch = BatchGenerator.of(model.base(), 1L << 30, 1L << 30);
            List<Integer> reused = new ArrayList<>();
            for (int shared : new int[] {700, 690, 333, 128, 30, 700}) {
                int[] prompt = ids(Arrays.copyOf(system, shared), 16 + random.nextInt(40));
                Generation known = generate(batch, view, prompt, name);
                Generation anew = generate(batch, view, prompt, null);
                reused.add(known.reusedTokens());
                assertSame(known, anew, prompt.length + " with " + name);
                assertSame(Generator.of(view).generate(prompt, OPTIONS), anew, prompt.length + " alone with " + name);
            }
            // With a window the rest of a part is known only to its end: what the tokens before see was left out.
            boolean hasWindow = family.equals("mistral") || family.equals("gemma3_text");
            assertThat(reused)
                    .isEqualTo(hasWindow ? List.of(0, 512, 256, 0, 0, 512) : List.of(0, 688, 320, 128, 16, 688));
        }
    }
}
