package org.lora4j.io.gguf.internal;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An architecture of llama.cpp that this library computes, and what transformers calls its tensors. A name of llama.cpp is that of
 * a tensor without {@code .weight} or {@code .bias}, and of one in a layer without the number.
 */
enum GgufArchitecture {
    LLAMA("llama", "llama", decoder(Map.of())),
    QWEN2("qwen2", "qwen2", decoder(Map.of())),
    QWEN3("qwen3", "qwen3", decoder(headNorms())),
    SMOLLM3("smollm3", "smollm3", decoder(Map.of())),
    GEMMA2("gemma2", "gemma2", gemma(Map.of())),
    GEMMA3("gemma3", "gemma3_text", gemma(headNorms())),
    GEMMA_EMBEDDING("gemma-embedding", "gemma3_text", withDense(gemma(headNorms()))),
    PHI3(
            "phi3",
            "phi3",
            decoder(Map.of("blk.attn_qkv", "layers.N.self_attn.qkv_proj", "blk.ffn_up", "layers.N.mlp.gate_up_proj"))),
    GPT2(
            "gpt2",
            "gpt2",
            Map.ofEntries(
                    Map.entry("token_embd", "wte"),
                    Map.entry("position_embd", "wpe"),
                    Map.entry("output_norm", "ln_f"),
                    Map.entry("output", "lm_head"),
                    Map.entry("blk.attn_norm", "h.N.ln_1"),
                    Map.entry("blk.attn_qkv", "h.N.attn.c_attn"),
                    Map.entry("blk.attn_output", "h.N.attn.c_proj"),
                    Map.entry("blk.ffn_norm", "h.N.ln_2"),
                    Map.entry("blk.ffn_up", "h.N.mlp.c_fc"),
                    Map.entry("blk.ffn_down", "h.N.mlp.c_proj"))),
    BERT(
            "bert",
            "bert",
            Map.ofEntries(
                    Map.entry("token_embd", "embeddings.word_embeddings"),
                    Map.entry("position_embd", "embeddings.position_embeddings"),
                    Map.entry("token_types", "embeddings.token_type_embeddings"),
                    Map.entry("token_embd_norm", "embeddings.LayerNorm"),
                    Map.entry("blk.attn_q", "encoder.layer.N.attention.self.query"),
                    Map.entry("blk.attn_k", "encoder.layer.N.attention.self.key"),
                    Map.entry("blk.attn_v", "encoder.layer.N.attention.self.value"),
                    Map.entry("blk.attn_output", "encoder.layer.N.attention.output.dense"),
                    Map.entry("blk.attn_output_norm", "encoder.layer.N.attention.output.LayerNorm"),
                    Map.entry("blk.ffn_up", "encoder.layer.N.intermediate.dense"),
                    Map.entry("blk.ffn_down", "encoder.layer.N.output.dense"),
                    Map.entry("blk.layer_output_norm", "encoder.layer.N.output.LayerNorm"))),
    NOMIC_BERT(
            "nomic-bert",
            "nomic_bert",
            Map.ofEntries(
                    Map.entry("token_embd", "embeddings.word_embeddings"),
                    Map.entry("token_types", "embeddings.token_type_embeddings"),
                    Map.entry("token_embd_norm", "emb_ln"),
                    Map.entry("blk.attn_qkv", "encoder.layers.N.attn.Wqkv"),
                    Map.entry("blk.attn_output", "encoder.layers.N.attn.out_proj"),
                    Map.entry("blk.attn_output_norm", "encoder.layers.N.norm1"),
                    Map.entry("blk.ffn_up", "encoder.layers.N.mlp.fc11"),
                    Map.entry("blk.ffn_gate", "encoder.layers.N.mlp.fc12"),
                    Map.entry("blk.ffn_down", "encoder.layers.N.mlp.fc2"),
                    Map.entry("blk.layer_output_norm", "encoder.layers.N.norm2"))),
    MODERN_BERT(
            "modern-bert",
            "modernbert",
            Map.ofEntries(
                    Map.entry("token_embd", "embeddings.tok_embeddings"),
                    Map.entry("token_embd_norm", "embeddings.norm"),
                    Map.entry("output_norm", "final_norm"),
                    Map.entry("blk.attn_norm", "layers.N.attn_norm"),
                    Map.entry("blk.attn_qkv", "layers.N.attn.Wqkv"),
                    Map.entry("blk.attn_output", "layers.N.attn.Wo"),
                    Map.entry("blk.ffn_norm", "layers.N.mlp_norm"),
                    Map.entry("blk.ffn_up", "layers.N.mlp.Wi"),
                    Map.entry("blk.ffn_down", "layers.N.mlp.Wo")));

    private static final Pattern IN_LAYER = Pattern.compile("blk\\.(\\d{1,9})\\.(.+)");

    private final String ggufName;
    private final String modelType;

    @SuppressWarnings("ImmutableEnumChecker") // It is a copy that nobody can change.
    private final Map<String, String> names;

    GgufArchitecture(String ggufName, String modelType, Map<String, String> names) {
        this.ggufName = ggufName;
        this.modelType = modelType;
        this.names = Map.copyOf(names);
    }

    private static Map<String, String> decoder(Map<String, String> others) {
        Map<String, String> names = new HashMap<>(Map.ofEntries(
                Map.entry("token_embd", "embed_tokens"),
                Map.entry("output_norm", "norm"),
                Map.entry("output", "lm_head"),
                Map.entry("blk.attn_norm", "layers.N.input_layernorm"),
                Map.entry("blk.attn_q", "layers.N.self_attn.q_proj"),
                Map.entry("blk.attn_k", "layers.N.self_attn.k_proj"),
                Map.entry("blk.attn_v", "layers.N.self_attn.v_proj"),
                Map.entry("blk.attn_output", "layers.N.self_attn.o_proj"),
                Map.entry("blk.ffn_norm", "layers.N.post_attention_layernorm"),
                Map.entry("blk.ffn_gate", "layers.N.mlp.gate_proj"),
                Map.entry("blk.ffn_up", "layers.N.mlp.up_proj"),
                Map.entry("blk.ffn_down", "layers.N.mlp.down_proj")));
        names.putAll(others);
        return names;
    }

    private static Map<String, String> headNorms() {
        return Map.of("blk.attn_q_norm", "layers.N.self_attn.q_norm", "blk.attn_k_norm", "layers.N.self_attn.k_norm");
    }

    private static Map<String, String> gemma(Map<String, String> others) {
        Map<String, String> names = decoder(Map.of());
        names.put("blk.post_attention_norm", "layers.N.post_attention_layernorm");
        names.put("blk.ffn_norm", "layers.N.pre_feedforward_layernorm");
        names.put("blk.post_ffw_norm", "layers.N.post_feedforward_layernorm");
        names.putAll(others);
        return names;
    }

    private static Map<String, String> withDense(Map<String, String> names) {
        names.put("dense_2", "2_Dense/linear");
        names.put("dense_3", "3_Dense/linear");
        return names;
    }

    static Optional<GgufArchitecture> of(String name) {
        return Arrays.stream(values()).filter(one -> one.ggufName.equals(name)).findFirst();
    }

    /** What llama.cpp calls it. */
    String ggufName() {
        return ggufName;
    }

    /** What transformers calls it. */
    String modelType() {
        return modelType;
    }

    boolean isGemma() {
        return this == GEMMA2 || this == GEMMA3 || this == GEMMA_EMBEDDING;
    }

    /** Whether the rows of queries and keys that positions turn together stand one after the other. */
    boolean hasPairs() {
        return this == LLAMA || this == SMOLLM3;
    }

    /** What transformers calls a tensor; nothing if the architecture has none of this name. */
    Optional<String> nameOf(String tensor) {
        int end = tensor.lastIndexOf('.');
        if (end < 0) {
            return Optional.empty();
        }
        Matcher layer = IN_LAYER.matcher(tensor.substring(0, end));
        String name = names.get(layer.matches() ? "blk." + layer.group(2) : tensor.substring(0, end));
        if (name == null) {
            return Optional.empty();
        }
        String plain = layer.matches() ? name.replace(".N.", "." + Integer.parseInt(layer.group(1)) + ".") : name;
        return Optional.of(plain + tensor.substring(end));
    }
}
