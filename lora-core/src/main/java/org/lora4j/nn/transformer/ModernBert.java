package org.lora4j.nn.transformer;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.nn.layer.GatedFeedForward;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.LayerNorm;
import org.lora4j.nn.layer.Pooling;
import org.lora4j.nn.layer.Residual;
import org.lora4j.nn.layer.RotaryEmbedding;
import org.lora4j.nn.layer.SelfAttention;
import org.lora4j.nn.layer.TokenEmbeddings;

/**
 * ModernBERT (<a href="https://arxiv.org/abs/2412.13663">arXiv:2412.13663</a>): an encoder that normalizes before each part, turns
 * queries and keys by their positions, and has a gated feed-forward part. In each third layer a token sees all others; in the
 * other layers those of a window around it. {@code Wqkv} is one layer for queries, keys and values, and {@code Wi} one for the
 * gate and, in its second half, what it is multiplied with.
 */
final class ModernBert extends Encoder {
    private final String gate;
    private final String classifierActivation;
    private final int positions;
    private final int padding;
    private final double epsilon;
    private final boolean normBias;
    private final boolean attentionBias;
    private final boolean feedForwardBias;
    private final boolean classifierBias;
    private final LayerTypes types;
    private final int window;
    private final RotaryEmbedding global;
    private final RotaryEmbedding local;
    private final Pooling.Method pooling;
    private final double embeddingDropout;
    private final double attentionDropout;
    private final double feedForwardDropout;
    private final double classifierDropout;

    ModernBert(JsonFields fields) {
        super(fields);
        gate = fields.oneOf("hidden_activation", "gelu", ModelParts.GATES);
        classifierActivation = fields.oneOf("classifier_activation", "gelu", ModelParts.ACTIVATIONS);
        positions = fields.size("max_position_embeddings", 8192);
        padding = fields.token("pad_token_id", 0, vocabularySize);
        epsilon = fields.epsilon("norm_eps", 1e-5);
        normBias = fields.truth("norm_bias", false);
        attentionBias = fields.truth("attention_bias", false);
        feedForwardBias = fields.truth("mlp_bias", false);
        classifierBias = fields.truth("classifier_bias", false);
        int globalEvery = fields.positive("global_attn_every_n_layers", 3);
        types = LayerTypes.read(fields, layers, i -> i % globalEvery != 0);
        window = fields.positive("local_attention", 128) / 2;
        boolean isCls = fields.oneOf("classifier_pooling", "cls", List.of("cls", "mean"))
                .equals("cls");
        pooling = isCls ? Pooling.Method.FIRST : Pooling.Method.MEAN;
        embeddingDropout = fields.dropout("embedding_dropout", 0);
        attentionDropout = fields.dropout("attention_dropout", 0);
        feedForwardDropout = fields.dropout("mlp_dropout", 0);
        classifierDropout = fields.dropout("classifier_dropout", 0);
        fields.requireEmpty("rope_scaling");
        global = RotaryFields.ofType(fields, headSize(), LayerTypes.FULL, "global_rope_theta", 160_000.0);
        local = RotaryFields.ofType(fields, headSize(), LayerTypes.SLIDING, "local_rope_theta", 10_000.0);
    }

    @Override
    public String architecture() {
        return "ModernBert";
    }

    @Override
    public int maxLength() {
        return positions;
    }

    /** PEFT has no default; this is the layer of queries, keys and values. */
    @Override
    public List<String> defaultTargets() {
        return List.of("Wqkv");
    }

    @Override
    public String prefix() {
        return "model.";
    }

    /** The last layer of the task of pre-training, whose other layers have the names of a classifier's. */
    @Override
    public boolean isOfNoUse(String plain) {
        return plain.startsWith("decoder.");
    }

    @Override
    public List<Layer> layers(ModelParts parts) {
        List<Layer> all = new ArrayList<>();
        all.add(new TokenEmbeddings(
                parts.path("embeddings"),
                parts.embedding("embeddings.tok_embeddings", vocabularySize, hiddenSize, padding),
                null,
                norm(parts, "embeddings.norm"),
                positions));
        all.add(parts.dropout("embeddings.drop", embeddingDropout));
        for (int i = 0; i < layers; i++) {
            String layer = "layers." + i + ".";
            List<Layer> attention = new ArrayList<>();
            if (i > 0) {
                attention.add(norm(parts, layer + "attn_norm"));
            }
            attention.add(attention(parts, layer + "attn", i));
            all.add(new Residual(parts.path(layer + "attention"), attention));
            all.add(new Residual(
                    parts.path(layer + "feed_forward"),
                    List.of(
                            norm(parts, layer + "mlp_norm"),
                            feedForward(parts, layer + "mlp"),
                            parts.dropout(layer + "mlp.drop", feedForwardDropout))));
        }
        all.add(norm(parts, "final_norm"));
        return all;
    }

    private LayerNorm norm(ModelParts parts, String path) {
        return parts.layerNorm(path, hiddenSize, epsilon, normBias);
    }

    private SelfAttention attention(ModelParts parts, String path, int i) {
        boolean isGlobal = !types.slides(i);
        SelfAttention.Builder attention = attention(parts, path, attentionDropout)
                .input(parts.linear(path + ".Wqkv", hiddenSize, 3L * hiddenSize, attentionBias))
                .output(parts.linear(path + ".Wo", hiddenSize, hiddenSize, attentionBias))
                .rotary(isGlobal ? global : local);
        return (isGlobal ? attention : attention.window(window)).build();
    }

    private Layer feedForward(ModelParts parts, String path) {
        return GatedFeedForward.ofOne(
                parts.path(path),
                ModelParts.gate(gate),
                parts.linear(path + ".Wi", hiddenSize, 2L * intermediateSize, feedForwardBias),
                true,
                parts.linear(path + ".Wo", intermediateSize, hiddenSize, feedForwardBias));
    }

    /** A layer, an activation and a normalization on the first token or the mean. */
    @Override
    public List<Layer> classifier(ModelParts parts) {
        List<Layer> all = new ArrayList<>();
        all.add(parts.end().pooling("head.pooling", pooling));
        all.addAll(tokenClassifier(parts));
        return all;
    }

    /** The same on each token. */
    @Override
    public List<Layer> tokenClassifier(ModelParts parts) {
        ModelParts end = parts.end();
        return List.of(
                end.linear("head.dense", hiddenSize, hiddenSize, classifierBias),
                end.activation("head.act", classifierActivation),
                norm(end, "head.norm"),
                end.dropout("drop", classifierDropout),
                end.labels("classifier", hiddenSize, true));
    }

    @Override
    public double classifierDropout() {
        return classifierDropout;
    }
}
