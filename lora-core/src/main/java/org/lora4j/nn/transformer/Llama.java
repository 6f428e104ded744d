package org.lora4j.nn.transformer;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.lora4j.io.gguf.GgufModel;
import org.lora4j.nn.layer.Embedding;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.Residual;
import org.lora4j.nn.layer.RotaryEmbedding;
import org.lora4j.nn.layer.SelfAttention;
import org.lora4j.nn.layer.SwiGLU;
import org.lora4j.nn.layer.TokenEmbeddings;

/**
 * Llama (<a href="https://arxiv.org/abs/2302.13971">arXiv:2302.13971</a>), Mistral, Qwen2 and Qwen3: decoders that normalize
 * before each part, turn queries and keys by their positions, and have a gated feed-forward part. Qwen2 has biases for queries,
 * keys and values, and Qwen3 normalizes each head of queries and keys.
 */
final class Llama implements DecoderFamily {
    private static final Map<String, String> ARCHITECTURES =
            Map.of("llama", "Llama", "mistral", "Mistral", "qwen2", "Qwen2", "qwen3", "Qwen3");
    private static final Map<String, Integer> DEFAULT_POSITIONS =
            Map.of("llama", 2048, "mistral", 131_072, "qwen2", 32_768, "qwen3", 32_768);

    /** Mistral's default; null in the file means none. */
    private static final int DEFAULT_WINDOW = 4096;

    private final String modelType;
    private final int vocabularySize;
    private final int hiddenSize;
    private final int layers;
    private final int heads;
    private final int keyValueHeads;
    private final int headSize;
    private final int intermediateSize;
    private final boolean inputBias;
    private final boolean outputBias;
    private final boolean feedForwardBias;
    private final double epsilon;
    private final RotaryEmbedding rotary;
    private final int maxLength;
    private final boolean tied;
    private final double attentionDropout;

    Llama(JsonFields fields) {
        modelType = fields.modelType();
        vocabularySize = fields.size("vocab_size");
        hiddenSize = fields.size("hidden_size");
        layers = fields.layers("num_hidden_layers");
        heads = fields.size("num_attention_heads");
        keyValueHeads = fields.size("num_key_value_heads", heads);
        fields.requireDivides("num_key_value_heads", keyValueHeads, "num_attention_heads", heads);
        headSize = fields.headSize("head_dim", modelType.equals("qwen3") ? 128 : 0, hiddenSize, heads);
        intermediateSize = fields.size("intermediate_size");
        fields.oneOf("hidden_act", "silu", List.of("silu"));
        boolean isLlama = modelType.equals("llama");
        outputBias = (isLlama || modelType.equals("qwen3")) && fields.truth("attention_bias", false);
        inputBias = outputBias || modelType.equals("qwen2");
        feedForwardBias = isLlama && fields.truth("mlp_bias", false);
        epsilon = fields.epsilon("rms_norm_eps", 1e-6);
        int positions = fields.positive("max_position_embeddings", DEFAULT_POSITIONS.get(modelType));
        RotaryFields rotation = RotaryFields.read(fields, headSize, positions);
        rotary = rotation.rotary();
        // Full attention is right as long as no sequence is longer than the window.
        maxLength = Math.min(rotation.maxLength(), window(fields));
        tied = fields.truth("tie_word_embeddings", false);
        attentionDropout = fields.dropout("attention_dropout", 0);
        fields.requireOff("is_encoder_decoder", "add_cross_attention");
        fields.requireEmpty("quantization_config");
        for (String experts : List.of("num_experts", "num_local_experts")) {
            int found = fields.integer(experts, 0);
            if (found != 0) {
                fields.refuse(experts + " must be 0, as mixtures of experts are not supported, found " + found);
            }
        }
    }

    private int window(JsonFields fields) {
        boolean isUsed = modelType.equals("mistral") || fields.truth("use_sliding_window", false);
        boolean isNull = fields.mentions("sliding_window") && !fields.has("sliding_window");
        return isUsed && !isNull ? fields.positive("sliding_window", DEFAULT_WINDOW) : Integer.MAX_VALUE;
    }

    @Override
    public String architecture() {
        return Objects.requireNonNull(ARCHITECTURES.get(modelType));
    }

    @Override
    public int hiddenSize() {
        return hiddenSize;
    }

    @Override
    public int maxLength() {
        return maxLength;
    }

    @Override
    public boolean isTied() {
        return tied;
    }

    @Override
    public List<String> defaultTargets() {
        return List.of("q_proj", "v_proj");
    }

    @Override
    public String prefix() {
        return "model.";
    }

    /** Frequencies, which files of 2023 hold. */
    @Override
    public boolean isOfNoUse(String plain) {
        return plain.endsWith(".rotary_emb.inv_freq");
    }

    @Override
    public List<Layer> layers(Parts parts) {
        List<Layer> all = new ArrayList<>();
        all.add(new TokenEmbeddings(
                parts.path("embeddings"),
                parts.embedding("embed_tokens", vocabularySize, hiddenSize, Embedding.NO_PADDING),
                maxLength));
        for (int i = 0; i < layers; i++) {
            String layer = "layers." + i + ".";
            all.add(new Residual(
                    parts.path(layer + "attention"),
                    List.of(
                            parts.rmsNorm(layer + "input_layernorm", hiddenSize, epsilon),
                            attention(parts, layer + "self_attn."))));
            all.add(new Residual(
                    parts.path(layer + "feed_forward"),
                    List.of(
                            parts.rmsNorm(layer + "post_attention_layernorm", hiddenSize, epsilon),
                            feedForward(parts, layer + "mlp"))));
        }
        all.add(parts.rmsNorm("norm", hiddenSize, epsilon));
        return all;
    }

    private Layer attention(Parts parts, String path) {
        long queries = (long) heads * headSize;
        long keys = (long) keyValueHeads * headSize;
        SelfAttention.Builder attention = SelfAttention.builder(
                        parts.path(path.substring(0, path.length() - 1)), heads, keyValueHeads, headSize)
                .inputs(
                        parts.linear(path + "q_proj", hiddenSize, queries, inputBias),
                        parts.linear(path + "k_proj", hiddenSize, keys, inputBias),
                        parts.linear(path + "v_proj", hiddenSize, keys, inputBias))
                .output(parts.linear(path + "o_proj", queries, hiddenSize, outputBias))
                .rotary(rotary)
                .causal()
                .dropout(attentionDropout, Parts.DROPOUT_SEED);
        if (modelType.equals("qwen3")) {
            attention.norms(
                    parts.rmsNorm(path + "q_norm", headSize, epsilon),
                    parts.rmsNorm(path + "k_norm", headSize, epsilon));
        }
        return attention.build();
    }

    private Layer feedForward(Parts parts, String path) {
        return new SwiGLU(
                parts.path(path),
                parts.linear(path + ".gate_proj", hiddenSize, intermediateSize, feedForwardBias),
                parts.linear(path + ".up_proj", hiddenSize, intermediateSize, feedForwardBias),
                parts.linear(path + ".down_proj", intermediateSize, hiddenSize, feedForwardBias));
    }

    @Override
    public Optional<GgufModel> gguf() {
        String name = modelType.equals("mistral") ? "llama" : modelType;
        return Optional.of(new GgufModel(
                name,
                prefix(),
                "embed_tokens",
                "layers",
                Map.of(
                        "self_attn.q_proj", "attn_q",
                        "self_attn.k_proj", "attn_k",
                        "self_attn.v_proj", "attn_v",
                        "self_attn.o_proj", "attn_output",
                        "mlp.gate_proj", "ffn_gate",
                        "mlp.up_proj", "ffn_up",
                        "mlp.down_proj", "ffn_down"),
                name.equals("llama") ? Map.of("self_attn.q_proj", heads, "self_attn.k_proj", keyValueHeads) : Map.of(),
                headSize,
                tied));
    }
}
