package org.lora4j.nn.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.RotaryEmbedding;
import org.lora4j.nn.layer.SelfAttention;
import org.nd4j.linalg.api.buffer.DataType;

/** What the fields of a configuration make of the attentions of its layers. */
class AttentionFieldsTest {
    private static ModelConfig config(String modelType, String fields) {
        return ModelConfig.parse("""
                {"model_type": "%s", "vocab_size": 50, "num_hidden_layers": 4, "hidden_size": 16,
                 "num_attention_heads": 2, "num_key_value_heads": 2, "intermediate_size": 20, "head_dim": 8,
                 %s%s}
                """.formatted(
                        modelType,
                        fields.contains("\"max_position_embeddings") ? "" : "\"max_position_embeddings\": 64, ",
                        fields.isEmpty() ? "\"use_cache\": true" : fields));
    }

    private static List<SelfAttention> attentions(ModelConfig config) {
        Network network = PretrainedModel.initialize(config, DataType.FLOAT, 1).lastHiddenState();
        List<SelfAttention> all = new ArrayList<>();
        network.layers().forEach(layer -> collect(layer, all));
        assertThat(all).hasSize(4);
        return all;
    }

    private static void collect(Layer layer, List<SelfAttention> all) {
        if (layer instanceof SelfAttention attention) {
            all.add(attention);
        }
        layer.children().forEach(child -> collect(child, all));
    }

    /** The windows of the four layers; − for none. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "mistral | \"sliding_window\": 8 | 7 7 7 7",
                "mistral | \"sliding_window\": 64 | - - - -",
                "mistral | \"sliding_window\": null | - - - -",
                "mistral | \"max_position_embeddings\": 9000 | 4095 4095 4095 4095",
                "qwen2 | \"sliding_window\": 8 | - - - -",
                "qwen2 | \"sliding_window\": 8, \"use_sliding_window\": true, \"max_window_layers\": 2 | - - 7 7",
                "qwen3 | \"sliding_window\": 8, \"use_sliding_window\": true | - - - -",
                "qwen3 | \"sliding_window\": 8, \"use_sliding_window\": true,"
                        + " \"layer_types\": [\"sliding_attention\", \"full_attention\", \"full_attention\","
                        + " \"sliding_attention\"] | 7 - - 7",
                "phi3 | \"sliding_window\": 8 | 7 7 7 7",
                "phi3 | \"sliding_window\": null | - - - -",
                "gemma2 | \"sliding_window\": 8 | 7 - 7 -",
                "gemma3_text | \"sliding_window\": 8, \"sliding_window_pattern\": 2 | 7 - 7 -",
                "gemma3_text | \"sliding_window\": 8, \"_sliding_window_pattern\": 3 | 7 7 - 7",
                "gemma3_text | \"sliding_window\": 8, \"use_bidirectional_attention\": true | 4 4 4 4",
                "gemma3_text | \"sliding_window\": 9, \"use_bidirectional_attention\": true | 4 4 4 4",
                "smollm3 | \"sliding_window\": null | - - - -"
            })
    void readsWindows(String modelType, String fields, String windows) {
        List<SelfAttention> attentions = attentions(config(modelType, fields));
        assertThat(attentions.stream()
                        .map(attention -> attention.window() == SelfAttention.NO_WINDOW
                                ? "-"
                                : String.valueOf(attention.window()))
                        .toList())
                .containsExactly(windows.split(" "));
        boolean seesAll = fields.contains("bidirectional");
        assertThat(attentions).allMatch(attention -> attention.isCausal() == !seesAll);
    }

    /** The scale, the bound of scores, and that of logits; 0 for none. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "gemma2 | \"query_pre_attn_scalar\": 16 | 0.25 | 50 | 30",
                "gemma2 | \"attn_logit_softcapping\": null, \"final_logit_softcapping\": null | 0.0625 | 0 | 0",
                "gemma2 | \"attn_logit_softcapping\": 20, \"final_logit_softcapping\": 10 | 0.0625 | 20 | 10",
                "gemma3_text | \"attn_logit_softcapping\": 20 | 0.0625 | 0 | 0",
                "gemma3_text | \"final_logit_softcapping\": 10 | 0.0625 | 0 | 10"
            })
    void readsBoundsOfScores(String modelType, String fields, double scale, double softcap, double finalSoftcap) {
        ModelConfig config = config(modelType, fields);
        for (SelfAttention attention : attentions(config)) {
            assertThat(attention.scale()).isCloseTo(scale, within(1e-15));
            assertThat(attention.softcap()).isEqualTo(softcap == 0 ? SelfAttention.NO_SOFTCAP : softcap);
        }
        Network causal = PretrainedModel.initialize(config, DataType.FLOAT, 1).causal();
        assertThat(
                        causal.stack().softcap() == null
                                ? 0
                                : Objects.requireNonNull(causal.stack().softcap())
                                        .bound())
                .isEqualTo(finalSoftcap);
    }

    /** Layers with a window have a rotation of their own, which no scaling changes. */
    @Test
    void readsTheTwoRotationsOfGemma3() {
        List<SelfAttention> attentions = attentions(config("gemma3_text", """
                "rope_scaling": {"rope_type": "linear", "factor": 8.0}, "rope_theta": 10000.0,
                "rope_local_base_freq": 100.0, "sliding_window_pattern": 2
                """));
        assertThat(attentions.get(0).rotary()).isEqualTo(RotaryEmbedding.of(8, 100));
        assertThat(attentions.get(1).rotary())
                .isEqualTo(RotaryEmbedding.of(8, 10_000).scaledLinearly(8));
    }

    /** Short texts divide by the short factors; √(1 + ln s/ln original) multiplies all of them. */
    @ParameterizedTest
    @CsvSource({"longrope", "su"})
    void readsTheLongropeOfPhi(String type) {
        ModelConfig config = config("phi3", """
                "rope_scaling": {"type": "%s", "short_factor": [1.0, 1.25, 1.5], "long_factor": [2, 4, 8]},
                "partial_rotary_factor": 0.75, "original_max_position_embeddings": 32
                """.formatted(type));
        double constant = Math.sqrt(1 + Math.log(2) / Math.log(32));
        RotaryEmbedding expected = RotaryEmbedding.of(6, 10_000).scaledByFactors(new double[] {1, 1.25, 1.5}, constant);
        assertThat(attentions(config)).allMatch(attention -> expected.equals(attention.rotary()));
        assertThat(expected.amplitude()).isCloseTo(Math.sqrt(1.2), within(1e-12));
        assertThat(expected.dimensions()).isEqualTo(6);
        assertThat(config.maxLength()).as("longer texts have other factors").isEqualTo(32);
        Network network = PretrainedModel.initialize(config, DataType.FLOAT, 1).lastHiddenState();
        assertThat(network.predict(Sequences.of(new int[32])).size(0)).isEqualTo(32);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> network.predict(Sequences.of(new int[33])))
                .withMessageContaining("32");
    }

    /** A model that reads pictures too is the model of its texts. */
    @Test
    void takesTheTextModelOfGemma3() {
        ModelConfig config = ModelConfig.parse("""
                {"model_type": "gemma3", "vision_config": {"model_type": "siglip_vision_model"},
                 "architectures": ["Gemma3ForConditionalGeneration"],
                 "text_config": {"hidden_size": 2560, "num_hidden_layers": 34, "intermediate_size": 10240,
                                 "sliding_window": 1024, "rope_scaling": {"factor": 8.0, "rope_type": "linear"}}}
                """);
        assertThat(config.modelType()).isEqualTo("gemma3_text");
        assertThat(config.hiddenSize()).isEqualTo(2560);
        assertThat(config.isDecoder()).isTrue();
        assertThat(config.maxLength()).isEqualTo(131_072);
        assertThat(config).isNotEqualTo(config("gemma3_text", "")).isNotEqualTo(config("gemma3_text", """
                "layer_types": ["sliding_attention", "full_attention", "full_attention", "sliding_attention"]
                """));
    }
}
