package org.lora4j.io.gguf.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.lora4j.io.gguf.model.GgufException;

/** What keys say that the cases do not have. */
class GgufConfigTest {
    private static final Object NONE = List.of();

    private static Map<String, String> files(String name, Map<String, Object> changes) throws IOException {
        try (GgufReader reader = ChangedGguf.of(name, changes)) {
            return GgufFiles.of(reader);
        }
    }

    private static JsonNode json(String name, String file, Map<String, Object> changes) throws IOException {
        return new ObjectMapper().readTree(files(name, changes).get(file));
    }

    private static JsonNode config(String name, String key, Object value) throws IOException {
        return json(name, "config.json", Map.of(key, value));
    }

    private static void assertRefused(String name, String key, Object value, String message) {
        assertThatThrownBy(() -> files(name, Map.of(key, value)))
                .isInstanceOf(GgufException.class)
                .hasMessageStartingWith("changed.gguf: ")
                .hasMessageContaining(message);
    }

    @Test
    void readsWindows() throws IOException {
        assertThat(config("phi3_q4_k_m", "phi3.attention.sliding_window", 8)
                        .get("sliding_window")
                        .asInt())
                .isEqualTo(8);
        // The converter of llama.cpp writes 0 for a model without a window.
        assertThat(config("phi3_q4_k_m", "phi3.attention.sliding_window", 0).has("sliding_window"))
                .isFalse();
        String pattern = "gemma3.attention.sliding_window_pattern";
        assertThat(config("gemma3_q4_k_m", pattern, new boolean[] {false, true})
                        .get("layer_types")
                        .toString())
                .isEqualTo("[\"full_attention\",\"sliding_attention\"]");
        // Files of Gemma 3 do not have the key: each sixth layer sees all.
        assertThat(config("gemma3_q4_k_m", pattern, NONE).get("layer_types").toString())
                .isEqualTo("[\"sliding_attention\",\"sliding_attention\"]");
        assertRefused(
                "gemma3_q4_k_m",
                pattern,
                new boolean[] {true},
                pattern + ": must have a value for each of the 2 layers");
    }

    @Test
    void readsRotations() throws IOException {
        JsonNode scaling = json(
                        "qwen2_q4_k_m",
                        "config.json",
                        Map.of("qwen2.rope.scaling.type", "linear", "qwen2.rope.scaling.factor", 4f))
                .get("rope_scaling");
        assertThat(scaling.get("rope_type").asText()).isEqualTo("linear");
        assertThat(scaling.get("factor").asDouble()).isEqualTo(4);
        // Without a type it is linear, and old files have another key.
        assertThat(config("qwen2_q4_k_m", "qwen2.rope.scaling.factor", 4f)
                        .at("/rope_scaling/factor")
                        .asDouble())
                .isEqualTo(4);
        assertThat(config("qwen2_q4_k_m", "qwen2.rope.scale_linear", 2f)
                        .at("/rope_scaling/factor")
                        .asDouble())
                .isEqualTo(2);
        assertThat(config("qwen2_q4_k_m", "qwen2.rope.scale_linear", 0f).has("rope_scaling"))
                .isFalse();
        assertThat(config("phi3_q4_k_m", "phi3.rope.dimension_count", 32)
                        .get("partial_rotary_factor")
                        .asDouble())
                .isEqualTo(0.5);
        assertRefused("qwen2_q4_k_m", "qwen2.rope.scaling.type", "yarn", "must be none or linear, found 'yarn'");
        assertRefused("llama_q8_0", "llama.rope.dimension_count", 32, "must be the size of a head, 64, found 32");
    }

    @Test
    void readsHeads() throws IOException {
        assertThat(config("llama_q8_0", "llama.attention.head_count_kv", new int[] {2, 2})
                        .get("num_key_value_heads")
                        .asInt())
                .isEqualTo(2);
        assertThat(config("llama_q8_0", "llama.attention.head_count_kv", NONE)
                        .get("num_key_value_heads")
                        .asInt())
                .isEqualTo(4);
        assertRefused(
                "llama_q8_0", "llama.attention.head_count_kv", new int[] {2, 1}, "must be the same in all layers");
        assertRefused("llama_q8_0", "llama.attention.value_length", 32, "must be that of the keys, 64, found 32");
        assertRefused("llama_q8_0", "llama.attention.head_count", 0, "must be at least 1, found 0");
        assertRefused(
                "llama_q8_0", "llama.attention.layer_norm_rms_epsilon", NONE, "must be a number, found no such key");
        assertRefused("llama_q8_0", "llama.context_length", "128", "must be a whole number, found the string '128'");
    }

    @Test
    void readsThePooling() throws IOException {
        assertThat(json("bert_q4_0", "1_Pooling/config.json", Map.of("bert.pooling_type", 3))
                        .get("pooling_mode")
                        .asText())
                .isEqualTo("lasttoken");
        assertThat(files("bert_q4_0", Map.of("bert.pooling_type", 0))).doesNotContainKeys("modules.json");
        assertThat(files("bert_q4_0", Map.of("bert.pooling_type", NONE))).doesNotContainKeys("modules.json");
        assertRefused("bert_q4_0", "bert.pooling_type", 4, "must be 0 to 3");
        assertRefused("bert_q4_0", "bert.attention.causal", NONE, "must be false for an encoder");
    }

    @Test
    void readsWhatAChatNeeds() throws IOException {
        String template = "{{ messages[0].content }}";
        JsonNode tokenizer = json("llama_q8_0", "tokenizer_config.json", Map.of("tokenizer.chat_template", template));
        assertThat(tokenizer.get("chat_template").asText()).isEqualTo(template);
        assertThat(tokenizer.get("eos_token").asText()).isEqualTo("</s>");
        assertThat(json("llama_q8_0", "generation_config.json", Map.of("tokenizer.ggml.eot_token_id", 7))
                        .get("eos_token_id")
                        .toString())
                .isEqualTo("[2,7,428]");
        assertRefused(
                "llama_q8_0", "tokenizer.ggml.bos_token_id", 99_999, "must be one of the 429 tokens, found 99999");
        assertRefused(
                "llama_q8_0", "general.architecture", "mamba", "must be one that this library computes: llama, qwen2");
    }
}
