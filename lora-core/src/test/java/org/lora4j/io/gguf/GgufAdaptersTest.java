package org.lora4j.io.gguf;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;
import static org.lora4j.Refusals.argument;
import static org.lora4j.Refusals.table;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.BiasTraining;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAConfigBuilder;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.adapter.TrainableTokens;
import org.lora4j.internal.Logged;
import org.lora4j.internal.math.HalfFloats;
import org.lora4j.io.peft.PeftAdapters;
import org.lora4j.io.safetensors.Dtype;
import org.lora4j.io.safetensors.RawFile;
import org.lora4j.nn.Network;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.nn.transformer.PretrainedModel;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Files for llama.cpp. The fixtures are files that llama.cpp's own program wrote. */
class GgufAdaptersTest {
    private static final String SIZES = """
            "vocab_size": 11, "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2,
            "num_key_value_heads": 1, "intermediate_size": 12, "max_position_embeddings": 16, "head_dim": 4,
            """;

    private static final GgufModel LLAMA = model(4, false);

    @TempDir
    private Path folder;

    private static GgufModel model(int headSize, boolean tied) {
        GgufModel model = ModelConfig.parse(config("llama", tied)).ggufModel();
        return new GgufModel(
                model.architecture(),
                model.prefix(),
                model.embedding(),
                model.layers(),
                model.weights(),
                model.interleavedHeads(),
                headSize,
                tied);
    }

    private static Network llama(String modelType, boolean tied) {
        return PretrainedModel.initialize(ModelConfig.parse(config(modelType, tied)), DataType.FLOAT, 1)
                .causal();
    }

    private static String config(String modelType, boolean tied) {
        return "{" + SIZES + "\"model_type\": \"" + modelType + "\", \"tie_word_embeddings\": " + tied + "}";
    }

    private static PretrainedModel gpt2() throws Exception {
        return PretrainedModel.load(RawFile.golden("decoder_gpt2_lora"));
    }

    private static LoRAConfigBuilder builder(String... targets) {
        return LoRAConfig.builder().rank(2).alpha(3).targetModules(targets);
    }

    /** An adapter whose B is not zero. */
    private static LoRAAdapter trained(Network base, LoRAConfig config) {
        LoRAAdapter adapter = LoRAAdapter.initialize(base, config).adapter();
        Map<String, LoRAWeights> weights = new LinkedHashMap<>();
        adapter.weights()
                .forEach((path, at) -> weights.put(
                        path,
                        new LoRAWeights(
                                at.kind(),
                                at.loraA(),
                                Nd4j.rand(at.loraB().dataType(), at.loraB().shape()),
                                at.magnitude(),
                                at.loraBBias())));
        return new LoRAAdapter(config, weights, adapter.biases(), adapter.savedModules(), adapter.tokenRows());
    }

    /** The same arrays with an α that no training takes, as files can have it. */
    private static LoRAAdapter withConfig(LoRAAdapter adapter, LoRAConfigBuilder config) {
        return new LoRAAdapter(config.build(), adapter.weights());
    }

    private static LoRAWeights at(LoRAAdapter adapter, String path) {
        return requireNonNull(adapter.weights().get(path));
    }

    private GgufContent saved(LoRAAdapter adapter, GgufModel model) throws Exception {
        Path file = folder.resolve("a.gguf");
        GgufAdapters.save(adapter, model, file);
        return GgufContent.read(file);
    }

    /** What llama.cpp's program wrote is the adapter that it wrote it of, up to halves. */
    @ParameterizedTest
    @CsvSource({
        "decoder_lora_qv, adapter, F32",
        "decoder_mixed, second, F32",
        "decoder_lora_all_linear, adapter, F32",
        "decoder_mixed, second, F16",
        "decoder_embedding_lora, adapter, F16",
    })
    void aFileOfLlamaCppIsTheAdapterOfPeft(String name, String sub, Dtype precision) throws Exception {
        Path golden = RawFile.golden(name);
        Network base = PretrainedModel.load(golden).causal();
        LoRAAdapter expected = PeftAdapters.load(golden.resolve(sub), base);
        LoRAAdapter found = GgufAdapters.load(
                Path.of(requireNonNull(getClass().getResource("/gguf/" + name + "." + precision + ".gguf"))
                        .toURI()),
                ModelConfig.parse(Files.readString(golden.resolve("config.json")))
                        .ggufModel());
        assertThat(found.weights().keySet())
                .containsExactlyInAnyOrderElementsOf(expected.weights().keySet());
        for (String path : expected.weights().keySet()) {
            LoRAWeights factors = at(expected, path);
            assertThat(at(found, path).kind()).isEqualTo(factors.kind());
            assertThat(at(found, path).loraA()).isEqualTo(inPrecision(factors.loraA(), precision));
            assertThat(at(found, path).loraB()).isEqualTo(inPrecision(factors.loraB(), precision));
        }
        LoRAModel model = LoRAModel.of(base);
        model.add("found", found);
        assertThat(model.names()).containsExactly("found");
    }

    private static INDArray inPrecision(INDArray array, Dtype precision) {
        INDArray rounded = array.dup('c');
        if (precision == Dtype.F16) {
            for (long i = 0; i < rounded.length(); i++) {
                rounded.putScalar(
                        i, Float.intBitsToFloat(HalfFloats.toFloatBits(HalfFloats.of(rounded.getFloat(i)) & 0xFFFF)));
            }
        }
        return rounded;
    }

    @Test
    void whatIsSavedIsLoadedWithItsScales() throws Exception {
        Network base = llama("llama", false);
        LoRAConfig config = builder("q_proj", "k_proj", "down_proj", "embed_tokens", "lm_head")
                .rankPattern(Map.of("down_proj", 3))
                .alphaPattern(Map.of("k_proj", 5.0))
                .build();
        LoRAAdapter adapter = trained(base, config);
        Path file = folder.resolve("a.gguf");
        GgufAdapters.save(adapter, LLAMA, file);
        assertThat(GgufAdapters.isAdapter(file)).isTrue();
        LoRAAdapter found = GgufAdapters.load(file, LLAMA);
        assertThat(found.weights().keySet())
                .containsExactlyInAnyOrderElementsOf(adapter.weights().keySet());
        for (String path : adapter.weights().keySet()) {
            INDArray expected = delta(adapter, path);
            assertThat(delta(found, path).distance2(expected))
                    .as(path)
                    .isLessThanOrEqualTo(1e-6 * expected.norm2Number().doubleValue());
        }
        LoRAAdapter stored = GgufAdapters.loadAsStored(file);
        assertThat(stored.weights()).containsKeys("blk.0.attn_q.weight", "output.weight", "token_embd.weight");
        assertThat(at(stored, "blk.0.attn_q.weight").loraB())
                .isNotEqualTo(at(found, "model.layers.0.self_attn.q_proj").loraB());
    }

    private static INDArray delta(LoRAAdapter adapter, String path) {
        LoRAWeights factors = at(adapter, path);
        return factors.loraB().mmul(factors.loraA()).mul(adapter.config().scaleOf(path));
    }

    /** llama.cpp neither multiplies nor divides then. */
    @ParameterizedTest
    @CsvSource({"true, 0", "false, 0"})
    void withoutAlphaTheScaleIsOne(boolean isStated, float alpha) throws Exception {
        GgufSample sample = sample();
        if (isStated) {
            sample.key("adapter.lora.alpha", alpha);
        }
        LoRAAdapter found = GgufAdapters.load(sample.write(folder.resolve("a.gguf")), LLAMA);
        assertThat(found.config().scaleOf("model.layers.0.self_attn.v_proj")).isEqualTo(1);
        assertThat(found.config().scaleOf("model.layers.1.mlp.up_proj")).isEqualTo(1);
        assertThat(at(found, "model.layers.1.mlp.up_proj").loraB().size(1)).isEqualTo(3);
    }

    private static GgufSample sample() {
        return new GgufSample()
                .key("general.architecture", "llama")
                .key("general.type", "adapter")
                .key("adapter.type", "lora")
                .tensor("blk.0.attn_v.weight.lora_a", Nd4j.rand(DataType.FLOAT, 2, 8))
                .tensor("blk.0.attn_v.weight.lora_b", Nd4j.rand(DataType.FLOAT, 4, 2))
                .tensor("blk.1.ffn_up.weight.lora_a", Nd4j.rand(DataType.FLOAT, 3, 8))
                .tensor("blk.1.ffn_up.weight.lora_b", Nd4j.rand(DataType.FLOAT, 12, 3));
    }

    @TestFactory
    Stream<DynamicTest> refusesWhatIsNoAdapterOfTheModel() {
        INDArray two = Nd4j.rand(DataType.FLOAT, 2, 8);
        Map<String, UnaryOperator<GgufSample>> changes = new LinkedHashMap<>();
        changes.put("general.type: must be 'adapter', found 'model'", s -> s.key("general.type", "model"));
        changes.put(
                "adapter.type: must be 'lora', found 'control_vector'", s -> s.key("adapter.type", "control_vector"));
        changes.put(
                "general.architecture: must be 'llama', found 'qwen2'", s -> s.key("general.architecture", "qwen2"));
        changes.put(
                "adapter.alora.invocation_tokens: must not be there",
                s -> s.key("adapter.alora.invocation_tokens", List.of(1, 2)));
        changes.put(
                "must be pairs of NAME.lora_a and NAME.lora_b, found 'blk.0.attn_q.weight.lora_a'",
                s -> s.tensor("blk.0.attn_q.weight.lora_a", two));
        changes.put(
                "must be pairs of NAME.lora_a and NAME.lora_b, found 'blk.0.attn_q.weight'",
                s -> s.tensor("blk.0.attn_q.weight", two));
        changes.put(
                "must be those of weights that llama.cpp adapts in the architecture llama, found 'blk.00.ffn_up",
                s -> s.tensor("blk.00.ffn_up.weight.lora_a", two).tensor("blk.00.ffn_up.weight.lora_b", two));
        changes.put(
                "'blk.0.attn_v.weight' must have factors of one rank, found 2 and 8",
                s -> s.tensor("blk.0.attn_v.weight.lora_b", two));
        changes.put(
                "must have the 8 rows of the model, found 6",
                s -> s.tensor("blk.0.attn_q.weight.lora_a", two)
                        .tensor("blk.0.attn_q.weight.lora_b", Nd4j.rand(DataType.FLOAT, 6, 2)));
        changes.put(
                "must be a matrix, found 1 dimensions",
                s -> s.tensor("blk.0.attn_v.weight.lora_a", Nd4j.rand(DataType.FLOAT, 8)));
        changes.put(
                "must hold finite numbers",
                s -> s.tensor("blk.0.attn_v.weight.lora_a", two.dup().putScalar(3, Float.NaN)));
        return changes.entrySet().stream()
                .map(change -> DynamicTest.dynamicTest(change.getKey(), () -> {
                    Path file = change.getValue().apply(sample()).write(folder.resolve("a.gguf"));
                    assertThatIOException()
                            .isThrownBy(() -> GgufAdapters.load(file, LLAMA))
                            .withMessageContaining(file.toString())
                            .withMessageContaining(change.getKey());
                }));
    }

    @Test
    void aNormIsLeftOutAsInLlamaCpp() throws Exception {
        Path file = sample().tensor("blk.0.attn_norm.weight", Nd4j.ones(DataType.FLOAT, 8))
                .write(folder.resolve("a.gguf"));
        try (Logged logged = Logged.by(GgufAdapterReader.class)) {
            assertThat(GgufAdapters.load(file, LLAMA).weights()).hasSize(2);
            assertThat(logged.messages()).singleElement().asString().contains("blk.0.attn_norm.weight");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "decoder_lora_qv, adapter, F32",
        "decoder_mixed, second, F32",
        "decoder_mixed, second, F16",
        "decoder_lora_all_linear, adapter, F32",
        "decoder_embedding_lora, adapter, F16",
    })
    void theFileIsThatOfLlamaCpp(String name, String sub, Dtype precision) throws Exception {
        Path golden = RawFile.golden(name);
        LoRAAdapter adapter = PeftAdapters.load(
                golden.resolve(sub), PretrainedModel.load(golden).causal());
        LoRAConfig plain = adapter.config().toBuilder()
                .rankStabilized(false)
                .alphaPattern(Map.of())
                .build();
        Path file = folder.resolve("Adapter.gguf");
        GgufAdapters.save(
                new LoRAAdapter(plain, adapter.weights()),
                ModelConfig.parse(Files.readString(golden.resolve("config.json")))
                        .ggufModel(),
                precision,
                file);
        Path expected = Path.of(requireNonNull(getClass().getResource("/gguf/" + name + "." + precision + ".gguf"))
                .toURI());
        assertThat(file).hasSameBinaryContentAs(expected);
        assertThat(folder).isDirectoryContaining(file::equals).isDirectoryNotContaining(other -> !other.equals(file));
    }

    @Test
    void aScaleThatIsNotAlphaByRankIsInB() throws Exception {
        Network base = llama("qwen2", false);
        LoRAConfig config = builder("q_proj", "up_proj", "down_proj")
                .rankStabilized(true)
                .rankPattern(Map.of("down_proj", 3))
                .alphaPattern(Map.of("layers.1.mlp.up_proj", 0.7))
                .build();
        LoRAAdapter adapter = withConfig(
                trained(base, config),
                config.toBuilder().alphaPattern(Map.of("layers.1.mlp.up_proj", 0.7, "layers.0.mlp.up_proj", -0.0)));
        GgufContent content =
                saved(adapter, ModelConfig.parse(config("qwen2", false)).ggufModel());
        assertThat(content.metadata())
                .containsEntry("general.architecture", "qwen2")
                .containsEntry("general.name", "a");
        Map.of(
                        "model.layers.0.self_attn.q_proj", "blk.0.attn_q.weight",
                        "model.layers.0.mlp.up_proj", "blk.0.ffn_up.weight",
                        "model.layers.1.mlp.up_proj", "blk.1.ffn_up.weight",
                        "model.layers.1.mlp.down_proj", "blk.1.ffn_down.weight")
                .forEach((path, weight) -> {
                    INDArray expected = adapter.delta(base.baseLayer(path));
                    assertThat(content.update(weight).distance2(expected))
                            .as(path)
                            .isCloseTo(0, within(1e-6));
                });
        // Where α/r is the scale, B is untouched.
        assertThat(content.tensor("blk.1.attn_q.weight.lora_b"))
                .isEqualTo(at(adapter, "model.layers.1.self_attn.q_proj").loraB());
    }

    @Test
    void anAlphaOfZeroIsNotAScaleOfOne() throws Exception {
        GgufContent content = saved(
                withConfig(
                        trained(llama("qwen3", false), builder("v_proj").build()),
                        builder("v_proj").alpha(0)),
                ModelConfig.parse(config("qwen3", false)).ggufModel());
        assertThat(content.alpha()).isNotZero();
        assertThat(content.update("blk.0.attn_v.weight").norm1Number().doubleValue())
                .isZero();
    }

    @Test
    void theFactorsOfAGpt2AreNotTransposed() throws Exception {
        LoRAAdapter adapter = trained(
                gpt2().causal(),
                builder("c_attn", "c_proj", "c_fc").fanInFanOut(true).build());
        GgufContent content = saved(adapter, gpt2().config().ggufModel());
        assertThat(content.tensors()).hasSize(16);
        Map.of(
                        "transformer.h.0.attn.c_attn", "blk.0.attn_qkv.weight",
                        "transformer.h.0.attn.c_proj", "blk.0.attn_output.weight",
                        "transformer.h.1.mlp.c_fc", "blk.1.ffn_up.weight",
                        "transformer.h.1.mlp.c_proj", "blk.1.ffn_down.weight")
                .forEach((path, weight) -> {
                    LoRAWeights weights = at(adapter, path);
                    assertThat(content.tensor(weight + ".lora_a")).isEqualTo(weights.loraA());
                    assertThat(content.tensor(weight + ".lora_b")).isEqualTo(weights.loraB());
                });
    }

    @Test
    void theLayersOfADecoderAloneHaveTheSameNames() throws Exception {
        PretrainedModel model =
                PretrainedModel.initialize(ModelConfig.parse(config("mistral", true)), DataType.DOUBLE, 1);
        LoRAConfig config = builder("k_proj").build();
        GgufContent alone =
                saved(trained(model.lastHiddenState(), config), model.config().ggufModel());
        assertThat(alone.metadata()).containsEntry("general.architecture", "llama");
        assertThat(alone.tensors())
                .containsOnlyKeys(
                        "blk.0.attn_k.weight.lora_a",
                        "blk.0.attn_k.weight.lora_b",
                        "blk.1.attn_k.weight.lora_a",
                        "blk.1.attn_k.weight.lora_b");
    }

    @Test
    void everyHalfIsRoundedToTheNearest() {
        for (int half = 0; half < 0x7BFF; half++) {
            float value = Float.intBitsToFloat(HalfFloats.toFloatBits(half));
            float next = Float.intBitsToFloat(HalfFloats.toFloatBits(half + 1));
            float middle = (value + next) / 2;
            assertThat(HalfFloats.of(value)).isEqualTo((short) half);
            assertThat(HalfFloats.of(-value)).isEqualTo((short) (half | 0x8000));
            assertThat(HalfFloats.of(middle)).isEqualTo((short) (half + half % 2));
            assertThat(HalfFloats.of(Math.nextDown(middle))).isEqualTo((short) half);
            assertThat(HalfFloats.of(-Math.nextUp(middle))).isEqualTo((short) (half + 1 | 0x8000));
        }
    }

    private void assertRefused(LoRAAdapter adapter, GgufModel model, Dtype precision, String... messages)
            throws Exception {
        Path file = folder.resolve("good.gguf");
        Files.writeString(file, "good");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> GgufAdapters.save(adapter, model, precision, file))
                .satisfies(e -> assertThat(e).hasMessageContainingAll(messages));
        assertThat(file).hasContent("good");
        assertThat(folder).isDirectoryNotContaining(other -> !other.equals(file));
    }

    @Test
    void whatAGgufFileCannotHoldIsRefusedByName() throws Exception {
        Network base = llama("llama", false);
        GgufModel tied = model(4, true);
        assertRefused(
                trained(
                        base,
                        builder("q_proj")
                                .dora(true)
                                .modulesToSave("lm_head")
                                .trainableTokens(TrainableTokens.of(3))
                                .build()),
                LLAMA,
                Dtype.F32,
                "a GGUF file must be able to hold the whole adapter, found magnitudes (DoRA) of"
                        + " 'model.layers.0.self_attn.q_proj', 'model.layers.1.self_attn.q_proj'",
                "layers trained in full (modules_to_save) of 'lm_head'",
                "rows of tokens (trainable_token_indices) of 'model.embed_tokens'");
        assertRefused(
                trained(
                        gpt2().causal(),
                        builder("c_attn").bias(BiasTraining.LORA_ONLY).build()),
                gpt2().config().ggufModel(),
                Dtype.F32,
                "biases of 'transformer.h.0.attn.c_attn'");
        assertRefused(
                trained(gpt2().causal(), builder("wpe", "c_fc").build()),
                LLAMA,
                Dtype.F32,
                "layers that llama.cpp does not adapt in the architecture llama: updates of"
                        + " 'transformer.wpe', 'transformer.h.0.mlp.c_fc'");
        LoRAAdapter both = trained(base, builder("embed_tokens", "lm_head").build());
        assertRefused(
                both,
                tied,
                Dtype.F32,
                "an update of 'lm_head', where embedding and head share one matrix, which llama.cpp cannot adapt",
                "an update of 'model.embed_tokens', where");
        assertRefused(
                trained(base, builder("q_proj").build()),
                model(2, false),
                Dtype.F32,
                "an update of 'model.layers.0.self_attn.q_proj' with 8 rows, where the model has 4");
        LoRAAdapter linear = new LoRAAdapter(
                builder("embed_tokens").build(),
                Map.of("model.embed_tokens", new LoRAWeights(Nd4j.ones(2, 11), Nd4j.ones(8, 2))));
        assertRefused(linear, LLAMA, Dtype.F32, "as of a layer of the kind LINEAR");
    }

    @Test
    void numbersThatThePrecisionDoesNotHoldAreRefused() throws Exception {
        LoRAAdapter adapter = trained(llama("llama", false), builder("v_proj").build());
        LoRAWeights first = at(adapter, "model.layers.0.self_attn.v_proj");
        first.loraB().putScalar(2, 1, 70_000f);
        assertRefused(
                adapter,
                LLAMA,
                Dtype.F16,
                "'blk.0.attn_v.weight.lora_b': elements must be at most 65504.0 in F16, found 70000.0; write the file in F32");
        first.loraB().putScalar(2, 1, Float.NaN);
        assertRefused(adapter, LLAMA, Dtype.F32, "must hold finite numbers");
        first.loraB().putScalar(2, 1, 1);
        assertRefused(adapter, LLAMA, Dtype.BF16, "precision must be F32 or F16, found BF16");
    }

    /** llama.cpp turns pairs of neighbours in the heads of SmolLM3, as in those of Llama. */
    @Test
    void smolLm3HasTheOrderOfLlama() {
        GgufModel smol = ModelConfig.parse(config("smollm3", true)).ggufModel();
        assertThat(smol.architecture()).isEqualTo("smollm3");
        assertThat(smol.interleavedHeads()).isEqualTo(LLAMA.interleavedHeads()).hasSize(2);
        assertThat(smol.weights()).isEqualTo(LLAMA.weights());
    }

    /** Gemma's and Phi's heads keep their order. */
    @Test
    void gemmaAndPhiHaveNamesOfTheirOwn() {
        for (String type : List.of("gemma2", "gemma3")) {
            GgufModel gemma = ModelConfig.parse(config(type.equals("gemma3") ? "gemma3_text" : type, true))
                    .ggufModel();
            assertThat(gemma.architecture()).isEqualTo(type);
            assertThat(gemma.interleavedHeads()).isEmpty();
            assertThat(gemma.weights()).isEqualTo(LLAMA.weights());
        }
        GgufModel phi = ModelConfig.parse(config("phi3", false)).ggufModel();
        assertThat(phi.architecture()).isEqualTo("phi3");
        assertThat(phi.interleavedHeads()).isEmpty();
        assertThat(phi.weights())
                .isEqualTo(Map.of(
                        "self_attn.qkv_proj", "attn_qkv",
                        "self_attn.o_proj", "attn_output",
                        "mlp.gate_up_proj", "ffn_up",
                        "mlp.down_proj", "ffn_down"));
    }

    @TestFactory
    List<DynamicTest> theModelIsChecked() {
        return table(
                argument(() -> model(3, false))
                        .says("the size of a head must be even, because positions rotate pairs, found 3"),
                argument(() -> new GgufModel(
                                "llama", "", "embed", "layers", Map.of(), Map.of("self_attn.q_proj", 0), 4, false))
                        .says("the number of heads must be positive, found 0 of 'self_attn.q_proj'"));
    }
}
