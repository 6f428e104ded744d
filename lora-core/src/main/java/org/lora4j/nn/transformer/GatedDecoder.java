package org.lora4j.nn.transformer;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.io.gguf.GgufModel;
import org.lora4j.nn.layer.Embedding;
import org.lora4j.nn.layer.GatedFeedForward;
import org.lora4j.nn.layer.GatedFeedForward.Gate;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.RMSNorm;
import org.lora4j.nn.layer.Residual;
import org.lora4j.nn.layer.RotaryEmbedding;
import org.lora4j.nn.layer.SelfAttention;
import org.lora4j.nn.layer.TokenEmbeddings;

/**
 * What the families around Llama share: decoders that normalize before each part, turn queries and keys by their positions, and
 * have a gated feed-forward part.
 */
abstract class GatedDecoder implements DecoderFamily {
    final String modelType;
    final int vocabularySize;
    final int hiddenSize;
    final int layers;
    final int heads;
    final int keyValueHeads;
    final int headSize;
    final int intermediateSize;
    final double epsilon;
    final RotaryEmbedding rotary;
    final int positions;
    final boolean tied;
    final double attentionDropout;
    private final TokenHead tokenHead;

    /**
     * What a family takes where its file says nothing.
     *
     * @param headSize the size of a head; 0 for the width divided by the heads
     * @param positions the positions
     * @param theta θ of the rotation
     * @param tied whether the head shares the matrix of the token embeddings
     * @param sizes by their fields, for families whose files leave them out
     */
    record Defaults(int headSize, int positions, double theta, boolean tied, Map<String, Integer> sizes) {
        Defaults(int headSize, int positions, double theta, boolean tied) {
            this(headSize, positions, theta, tied, Map.of());
        }
    }

    /** Reads the rotation of a family. */
    @FunctionalInterface
    interface Rotation {
        RotaryFields read(JsonFields fields, int headSize, int positions, double theta);
    }

    GatedDecoder(JsonFields fields, Defaults defaults) {
        this(fields, defaults, RotaryFields::read);
        fields.oneOf("hidden_act", "silu", List.of("silu"));
    }

    GatedDecoder(JsonFields fields, Defaults defaults, Rotation rotations) {
        Map<String, Integer> sizes = defaults.sizes();
        modelType = fields.modelType();
        vocabularySize = fields.size("vocab_size", sizes.get("vocab_size"));
        hiddenSize = fields.size("hidden_size", sizes.get("hidden_size"));
        layers = fields.layers("num_hidden_layers", sizes.get("num_hidden_layers"));
        heads = fields.size("num_attention_heads", sizes.get("num_attention_heads"));
        keyValueHeads = fields.size("num_key_value_heads", sizes.getOrDefault("num_key_value_heads", heads));
        fields.requireDivides("num_key_value_heads", keyValueHeads, "num_attention_heads", heads);
        headSize = fields.headSize("head_dim", defaults.headSize(), hiddenSize, heads);
        intermediateSize = fields.size("intermediate_size", sizes.get("intermediate_size"));
        epsilon = fields.epsilon("rms_norm_eps", 1e-6);
        int stated = fields.positive("max_position_embeddings", defaults.positions());
        RotaryFields rotation = rotations.read(fields, headSize, stated, defaults.theta());
        rotary = rotation.rotary();
        positions = rotation.maxLength();
        tied = fields.truth("tie_word_embeddings", defaults.tied());
        attentionDropout = fields.dropout("attention_dropout", 0);
        tokenHead = TokenHead.read(fields);
        fields.requireOff("is_encoder_decoder", "add_cross_attention");
        fields.requireEmpty("quantization_config");
        fields.requireNoExperts("num_experts", "num_local_experts");
    }

    @Override
    public int hiddenSize() {
        return hiddenSize;
    }

    @Override
    public int maxLength() {
        return positions;
    }

    @Override
    public final TokenHead tokenHead() {
        return tokenHead;
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
    public List<Layer> layers(ModelParts parts) {
        List<Layer> all = new ArrayList<>();
        all.add(new TokenEmbeddings(
                parts.path("embeddings"),
                parts.embedding("embed_tokens", vocabularySize, hiddenSize, Embedding.NO_PADDING),
                maxLength()));
        afterEmbeddings(parts).forEach(all::add);
        for (int i = 0; i < layers; i++) {
            String layer = "layers." + i + ".";
            all.add(new Residual(parts.path(layer + "attention"), attentionPart(parts, layer, i)));
            all.add(new Residual(parts.path(layer + "feed_forward"), feedForwardPart(parts, layer)));
        }
        all.add(norm(parts, "norm", hiddenSize));
        return all;
    }

    /** What follows on the embeddings. */
    List<Layer> afterEmbeddings(ModelParts parts) {
        return List.of();
    }

    /** What is added to the vectors first in the i-th layer. */
    List<Layer> attentionPart(ModelParts parts, String layer, int i) {
        return List.of(norm(parts, layer + "input_layernorm", hiddenSize), attention(parts, layer + "self_attn", i));
    }

    /** What is added to the vectors then. */
    List<Layer> feedForwardPart(ModelParts parts, String layer) {
        return List.of(norm(parts, layer + "post_attention_layernorm", hiddenSize), feedForward(parts, layer + "mlp"));
    }

    RMSNorm norm(ModelParts parts, String path, int width) {
        return parts.rmsNorm(path, width, epsilon);
    }

    /** The attention of the i-th layer. */
    abstract SelfAttention attention(ModelParts parts, String path, int i);

    final SelfAttention.Builder attention(ModelParts parts, String path) {
        return SelfAttention.builder(parts.path(path), heads, keyValueHeads, headSize)
                .dropout(attentionDropout, ModelParts.DROPOUT_SEED);
    }

    /** An attention with a layer for queries, keys and values each. It sees the tokens behind its own too. */
    final SelfAttention.Builder attention(
            ModelParts parts, String path, boolean inputBias, boolean outputBias, @Nullable RotaryEmbedding turn) {
        long queries = (long) heads * headSize;
        long keys = (long) keyValueHeads * headSize;
        SelfAttention.Builder attention = attention(parts, path)
                .inputs(
                        parts.linear(path + ".q_proj", hiddenSize, queries, inputBias),
                        parts.linear(path + ".k_proj", hiddenSize, keys, inputBias),
                        parts.linear(path + ".v_proj", hiddenSize, keys, inputBias))
                .output(parts.linear(path + ".o_proj", queries, hiddenSize, outputBias));
        return turn == null ? attention : attention.rotary(turn);
    }

    /** The feed-forward part of a layer. */
    abstract Layer feedForward(ModelParts parts, String path);

    final Layer feedForward(ModelParts parts, String path, boolean bias) {
        return feedForward(parts, path, Gate.SILU, bias);
    }

    final Layer feedForward(ModelParts parts, String path, Gate gate, boolean bias) {
        return GatedFeedForward.of(
                parts.path(path),
                gate,
                parts.linear(path + ".gate_proj", hiddenSize, intermediateSize, bias),
                parts.linear(path + ".up_proj", hiddenSize, intermediateSize, bias),
                parts.linear(path + ".down_proj", intermediateSize, hiddenSize, bias));
    }

    /**
     * The names in GGUF files.
     *
     * @param isInterleaved whether these have the rows of queries and keys in pairs
     */
    final GgufModel gguf(String name, boolean isInterleaved) {
        Map<String, String> weights = Map.of(
                "self_attn.q_proj", "attn_q",
                "self_attn.k_proj", "attn_k",
                "self_attn.v_proj", "attn_v",
                "self_attn.o_proj", "attn_output",
                "mlp.gate_proj", "ffn_gate",
                "mlp.up_proj", "ffn_up",
                "mlp.down_proj", "ffn_down");
        Map<String, Integer> interleaved =
                isInterleaved ? Map.of("self_attn.q_proj", heads, "self_attn.k_proj", keyValueHeads) : Map.of();
        return gguf(name, weights, interleaved);
    }

    final GgufModel gguf(String name, Map<String, String> weights, Map<String, Integer> interleaved) {
        return new GgufModel(name, prefix(), "embed_tokens", "layers", weights, interleaved, headSize, tied);
    }
}
