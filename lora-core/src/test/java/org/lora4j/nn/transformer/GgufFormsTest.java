package org.lora4j.nn.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.fixtures.Differences;
import org.lora4j.io.ModelSource;
import org.lora4j.io.gguf.GgufSample;
import org.lora4j.io.gguf.model.GgufException;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.nn.input.Sequences;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The same model as safetensors and as GGUF, written here as the converters of llama.cpp write it. */
class GgufFormsTest {
    private static final Sequences TOKENS =
            Sequences.of(new int[][] {{2, 7, 1, 8, 28, 18, 3, 40, 5, 9, 11}, {5, 6, 4}});

    private static final Map<String, String> IN_LAYER = Map.ofEntries(
            Map.entry("self_attn.q_proj", "attn_q"),
            Map.entry("self_attn.k_proj", "attn_k"),
            Map.entry("self_attn.v_proj", "attn_v"),
            Map.entry("self_attn.o_proj", "attn_output"),
            Map.entry("self_attn.q_norm", "attn_q_norm"),
            Map.entry("self_attn.k_norm", "attn_k_norm"),
            Map.entry("mlp.gate_proj", "ffn_gate"),
            Map.entry("mlp.up_proj", "ffn_up"),
            Map.entry("mlp.down_proj", "ffn_down"),
            Map.entry("input_layernorm", "attn_norm"),
            Map.entry("pre_feedforward_layernorm", "ffn_norm"),
            Map.entry("post_feedforward_layernorm", "post_ffw_norm"));

    @TempDir
    private Path temp;

    private static boolean isGemma(String architecture) {
        return architecture.startsWith("gemma");
    }

    private static String name(String architecture, String stored) {
        String plain = stored.substring("model.".length(), stored.lastIndexOf('.'));
        String end = stored.substring(stored.lastIndexOf('.'));
        if (!plain.startsWith("layers.")) {
            return Map.of("embed_tokens", "token_embd", "norm", "output_norm").get(plain) + end;
        }
        String[] parts = plain.split("\\.", 3);
        String after = isGemma(architecture) ? "post_attention_norm" : "ffn_norm";
        return "blk." + parts[1] + "." + (parts[2].equals("post_attention_layernorm") ? after : IN_LAYER.get(parts[2]))
                + end;
    }

    /** {@code LlamaModel.permute}: the two halves of a head become pairs. */
    private static INDArray permuted(INDArray weight, int heads) {
        int half = (int) weight.size(0) / heads / 2;
        return weight.dup('c')
                .reshape('c', heads, 2, half, weight.size(1))
                .permute(0, 2, 1, 3)
                .dup('c')
                .reshape('c', weight.shape());
    }

    private static GgufSample sample(String architecture, Path folder) throws IOException {
        JsonNode config = new ObjectMapper().readTree(Files.readString(folder.resolve("config.json")));
        int heads = config.get("num_attention_heads").asInt();
        int ofKeys = config.get("num_key_value_heads").asInt();
        String start = architecture + ".";
        GgufSample sample = new GgufSample()
                .key("general.architecture", architecture)
                .key(
                        start + "context_length",
                        config.get("max_position_embeddings").asInt())
                .key(start + "embedding_length", config.get("hidden_size").asInt())
                .key(start + "block_count", config.get("num_hidden_layers").asInt())
                .key(
                        start + "feed_forward_length",
                        config.get("intermediate_size").asInt())
                .key(start + "attention.head_count", heads)
                .key(start + "attention.head_count_kv", ofKeys)
                .key(start + "attention.layer_norm_rms_epsilon", (float)
                        config.get("rms_norm_eps").asDouble());
        if (config.has("head_dim")) {
            sample.key(start + "attention.key_length", config.get("head_dim").asInt());
            sample.key(start + "attention.value_length", config.get("head_dim").asInt());
        }
        if (isGemma(architecture)) {
            sample.key(
                    start + "attention.sliding_window",
                    config.get("sliding_window").asInt());
        } else {
            sample.key(
                    start + "rope.freq_base", (float) config.get("rope_theta").asDouble());
            sample.key(start + "rope.dimension_count", config.get("hidden_size").asInt() / heads);
        }
        if (architecture.equals("gemma2")) {
            for (String cap : new String[] {"attn_logit_softcapping", "final_logit_softcapping"}) {
                sample.key(start + cap, (float) config.get(cap).asDouble());
            }
        }
        SafeTensors stored = SafeTensors.read(folder.resolve("model.safetensors"));
        for (String tensor : stored.names()) {
            INDArray value = stored.tensor(tensor);
            if (isGemma(architecture) && tensor.endsWith("norm.weight")) {
                value = value.add(1);
            } else if (!isGemma(architecture) && tensor.contains("q_proj")) {
                value = permuted(value, heads);
            } else if (!isGemma(architecture) && tensor.contains("k_proj")) {
                value = permuted(value, ofKeys);
            }
            sample.tensor(name(architecture, tensor), value);
        }
        return sample;
    }

    /** A GGUF file has no key for the scale of Gemma's attention, which is that of a head's size. */
    private Path folder(String golden) throws Exception {
        ChangedModel model = ChangedModel.of(golden, temp);
        if (golden.startsWith("gemma2")) {
            model.config("\"query_pre_attn_scalar\": 12", "\"query_pre_attn_scalar\": 8");
        }
        return model.folder();
    }

    @ParameterizedTest
    @CsvSource({"gemma2_forward, gemma2", "smollm3_forward, smollm3"})
    void bothFormsComputeTheSame(String golden, String architecture) throws Exception {
        Path folder = folder(golden);
        Path file = sample(architecture, folder).write(temp.resolve("model.gguf"));
        PretrainedModel model = PretrainedModel.load(file);
        INDArray expected = PretrainedModel.load(folder).causal().predict(TOKENS);
        assertThat(Differences.greatest(model.causal().predict(TOKENS), expected))
                .isLessThan(2e-5);
        assertThat(expected.maxNumber().doubleValue()).isGreaterThan(0.1);
        assertThat(model.config().ggufModel().architecture()).isEqualTo(architecture);
        assertThat(model.config().modelType()).isEqualTo(architecture);
    }

    /** What no key says: the largest Gemma 2 scales by the width of a head that its size would have. */
    @Test
    void theLargestGemma2HasAScaleOfItsOwn() throws Exception {
        Path folder = folder("gemma2_forward");
        GgufSample sample = sample("gemma2", folder).key("gemma2.block_count", 46);
        for (int i = 0; i < 46; i++) {
            sample.tensor("blk." + i + ".attn_norm.weight", Nd4j.ones(16));
        }
        JsonNode config = config(sample);
        assertThat(config.get("query_pre_attn_scalar").asInt()).isEqualTo(16 / 4);
        assertThat(config.get("layer_types")).hasSize(46);
        assertThat(config.get("layer_types").get(0).asText()).isEqualTo("sliding_attention");
        assertThat(config.get("layer_types").get(1).asText()).isEqualTo("full_attention");
    }

    @Test
    void whatOldFilesOfGemma2DoNotSayIsItsDefault() throws Exception {
        JsonNode stored = new ObjectMapper()
                .readTree(Files.readString(folder("gemma2_forward").resolve("config.json")));
        GgufSample sample = new GgufSample()
                .key("general.architecture", "gemma2")
                .key("gemma2.context_length", 64)
                .key("gemma2.embedding_length", 16)
                .key("gemma2.block_count", 1)
                .key("gemma2.feed_forward_length", 18)
                .key("gemma2.attention.head_count", 4)
                .key("gemma2.attention.layer_norm_rms_epsilon", 1e-6f)
                .tensor("token_embd.weight", Nd4j.ones(41, 16));
        JsonNode config = config(sample);
        assertThat(config.get("vocab_size")).isEqualTo(stored.get("vocab_size"));
        assertThat(config.get("sliding_window").asInt()).isEqualTo(4096);
        assertThat(config.get("attn_logit_softcapping").asDouble()).isEqualTo(50);
        assertThat(config.get("final_logit_softcapping").asDouble()).isEqualTo(30);
        assertThat(config.get("rope_theta").asDouble()).isEqualTo(10_000);
        Path other = sample.key("gemma2.rope.freq_base_swa", 5000f).write(temp.resolve("other.gguf"));
        assertThatThrownBy(() -> ModelConfig.read(other))
                .isInstanceOf(GgufException.class)
                .hasMessageContaining("gemma2.rope.freq_base_swa: must be that of all layers, 10000.0, found 5000.0");
    }

    private JsonNode config(GgufSample sample) throws IOException {
        Path file = sample.write(temp.resolve("changed.gguf"));
        return new ObjectMapper()
                .readTree(ModelSource.of(file).open("config.json").readAllBytes());
    }
}
