package org.lora4j.nn.transformer;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.nn.layer.Embedding;
import org.lora4j.nn.layer.GatedFeedForward;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.Residual;
import org.lora4j.nn.layer.RotaryEmbedding;
import org.lora4j.nn.layer.SelfAttention;
import org.lora4j.nn.layer.TokenEmbeddings;

/**
 * GTE (<a href="https://arxiv.org/abs/2407.19669">arXiv:2407.19669</a>), whose {@code model_type} is {@code new}: a BERT that turns
 * queries and keys by their positions, with a gated feed-forward part. {@code qkv_proj} is one layer for queries, keys and
 * values, and {@code up_gate_proj} one for {@code up} and, in its second half, the gate.
 */
final class Gte extends Encoder {
    private static final String SCALING = "rope_scaling";

    private final String gate;
    private final int positions;
    private final int types;
    private final double epsilon;
    private final int padding;
    private final RotaryEmbedding rotary;
    private final double hiddenDropout;
    private final double attentionDropout;
    private final double classifierDropout;

    Gte(JsonFields fields) {
        super(fields);
        gate = fields.oneOf("hidden_act", "gelu", ModelParts.GATES);
        positions = fields.size("max_position_embeddings", 8192);
        types = fields.integer("type_vocab_size", 1);
        if (types < 0) {
            fields.refuse("type_vocab_size must not be negative, found " + types);
        }
        epsilon = fields.epsilon("layer_norm_eps", 1e-12);
        padding = fields.token("pad_token_id", 0, vocabularySize);
        hiddenDropout = fields.dropout("hidden_dropout_prob", 0.1);
        attentionDropout = fields.dropout("attention_probs_dropout_prob", 0);
        classifierDropout = fields.dropout("classifier_dropout", hiddenDropout);
        fields.requireText("position_embedding_type", "rope");
        fields.requireText("layer_norm_type", "layer_norm");
        fields.requireOff("logn_attention_scale");
        if (!fields.truth("pack_qkv", true)) {
            fields.refuse("pack_qkv must be true, found false");
        }
        rotary = rotary(fields, headSize());
    }

    /** The type {@code ntk} acts at every length: frequencies of {@code θ·f}, divided by {@code f^(2/d)}. */
    private static RotaryEmbedding rotary(JsonFields fields, int headSize) {
        double theta = fields.number("rope_theta", 10_000.0);
        JsonFields scaling = fields.object(SCALING);
        double factor = 1;
        if (scaling != null) {
            scaling.requireOneOf("type", List.of("ntk"), scaling.text("type", ""));
            factor = scaling.number("factor");
            scaling.requireEmpty("mixed_b");
        }
        if (!(factor > 0)) {
            fields.refuse(SCALING + ".factor must be positive, found " + factor);
        }
        return RotaryFields.plain(fields, headSize, "rope_theta", theta * factor)
                .scaledLinearly(Math.pow(factor, 2.0 / headSize));
    }

    @Override
    public String architecture() {
        return "New";
    }

    @Override
    public int maxLength() {
        return positions;
    }

    /** PEFT has no default; this is the layer of queries, keys and values. */
    @Override
    public List<String> defaultTargets() {
        return List.of("qkv_proj");
    }

    @Override
    public String prefix() {
        return "new.";
    }

    /** A buffer that is computed, and the head of the task of pre-training. */
    @Override
    public boolean isOfNoUse(String plain) {
        return plain.endsWith("position_ids") || plain.startsWith("lm_head.");
    }

    @Override
    public List<Layer> layers(ModelParts parts) {
        List<Layer> all = new ArrayList<>();
        all.add(new TokenEmbeddings(
                parts.path("embeddings"),
                parts.embedding("embeddings.word_embeddings", vocabularySize, hiddenSize, padding),
                types == 0
                        ? null
                        : parts.embedding("embeddings.token_type_embeddings", types, hiddenSize, Embedding.NO_PADDING),
                parts.layerNorm("embeddings.LayerNorm", hiddenSize, epsilon),
                positions));
        all.add(parts.dropout("embeddings.dropout", hiddenDropout));
        for (int i = 0; i < layers; i++) {
            String layer = "encoder.layer." + i + ".";
            all.add(attention(parts, layer + "attention"));
            all.add(parts.layerNorm(layer + "attn_ln", hiddenSize, epsilon));
            all.add(feedForward(parts, layer + "mlp"));
            all.add(parts.layerNorm(layer + "mlp_ln", hiddenSize, epsilon));
        }
        return all;
    }

    private Layer attention(ModelParts parts, String path) {
        SelfAttention attention = attention(parts, path, attentionDropout)
                .input(parts.linear(path + ".qkv_proj", hiddenSize, 3L * hiddenSize, true))
                .output(parts.linear(path + ".o_proj", hiddenSize, hiddenSize, true))
                .rotary(rotary)
                .build();
        return new Residual(
                parts.path(path + ".residual"), List.of(attention, parts.dropout(path + ".dropout", hiddenDropout)));
    }

    private Layer feedForward(ModelParts parts, String path) {
        return new Residual(
                parts.path(path + ".residual"),
                List.of(
                        GatedFeedForward.ofOne(
                                parts.path(path),
                                ModelParts.gate(gate),
                                parts.linear(path + ".up_gate_proj", hiddenSize, 2L * intermediateSize, false),
                                false,
                                parts.linear(path + ".down_proj", intermediateSize, hiddenSize, true)),
                        parts.dropout(path + ".hidden_dropout", hiddenDropout)));
    }

    @Override
    public List<Layer> pooler(ModelParts parts) {
        return parts.pooler(hiddenSize);
    }

    @Override
    public List<Layer> classifier(ModelParts parts) {
        return parts.pooledClassifier(hiddenSize, classifierDropout);
    }

    @Override
    public double classifierDropout() {
        return classifierDropout;
    }
}
