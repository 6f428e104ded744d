package org.lora4j.nn.transformer;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.nn.layer.Embedding;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.RelativePositions;
import org.lora4j.nn.layer.Residual;
import org.lora4j.nn.layer.SelfAttention;
import org.lora4j.nn.layer.TokenEmbeddings;

/**
 * MPNet (<a href="https://arxiv.org/abs/2004.09297">arXiv:2004.09297</a>): a RoBERTa without types of tokens, whose attentions
 * share a bias for the differences of positions. Token 1 is that of padding, whatever the file says.
 */
final class Mpnet extends Encoder {
    private static final int PADDING = 1;
    private static final int BUCKETS = 32;

    private final String activation;
    private final int positions;
    private final double epsilon;
    private final double hiddenDropout;
    private final double attentionDropout;
    private final double classifierDropout;

    Mpnet(JsonFields fields) {
        super(fields);
        activation = fields.oneOf("hidden_act", "gelu", ModelParts.ACTIVATIONS);
        positions = fields.size("max_position_embeddings", 512);
        if (vocabularySize <= PADDING || positions <= PADDING + 1) {
            fields.refuse("vocab_size must be more than the token of padding, which is 1, and max_position_embeddings"
                    + " more than 2, found " + vocabularySize + " and " + positions);
        }
        epsilon = fields.epsilon("layer_norm_eps", 1e-12);
        int buckets = fields.integer("relative_attention_num_buckets", BUCKETS);
        if (buckets != BUCKETS) {
            fields.refuse("relative_attention_num_buckets must be " + BUCKETS
                    + ", with which transformers always computes, found " + buckets);
        }
        hiddenDropout = fields.dropout("hidden_dropout_prob", 0.1);
        attentionDropout = fields.dropout("attention_probs_dropout_prob", 0.1);
        classifierDropout = fields.dropout("classifier_dropout", hiddenDropout);
        fields.requireEmpty("pruned_heads");
    }

    @Override
    public String architecture() {
        return "MPNet";
    }

    @Override
    public int maxLength() {
        return positions - PADDING - 1;
    }

    /** PEFT has no default; these are the layers of queries and values. */
    @Override
    public List<String> defaultTargets() {
        return List.of("q", "v");
    }

    @Override
    public String prefix() {
        return "mpnet.";
    }

    @Override
    public String plainName(String stored) {
        return Bert.todaysName(Family.withoutStart(prefix(), stored));
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
                parts.embedding("embeddings.word_embeddings", vocabularySize, hiddenSize, PADDING),
                parts.embedding("embeddings.position_embeddings", positions, hiddenSize, PADDING),
                null,
                parts.layerNorm("embeddings.LayerNorm", hiddenSize, epsilon)));
        all.add(parts.dropout("embeddings.dropout", hiddenDropout));
        RelativePositions relative = RelativePositions.buckets(
                parts.embedding("encoder.relative_attention_bias", BUCKETS, heads, Embedding.NO_PADDING));
        for (int i = 0; i < layers; i++) {
            String layer = "encoder.layer." + i + ".";
            all.add(attention(parts, layer + "attention", relative));
            all.add(parts.layerNorm(layer + "attention.LayerNorm", hiddenSize, epsilon));
            all.add(parts.feedForward(layer, hiddenSize, intermediateSize, activation, hiddenDropout));
            all.add(parts.layerNorm(layer + "output.LayerNorm", hiddenSize, epsilon));
        }
        return all;
    }

    private Layer attention(ModelParts parts, String path, RelativePositions relative) {
        String attn = path + ".attn";
        SelfAttention attention = attention(parts, attn, attentionDropout)
                .inputs(
                        parts.linear(attn + ".q", hiddenSize, hiddenSize, true),
                        parts.linear(attn + ".k", hiddenSize, hiddenSize, true),
                        parts.linear(attn + ".v", hiddenSize, hiddenSize, true))
                .output(parts.linear(attn + ".o", hiddenSize, hiddenSize, true))
                .relativeBias(relative)
                .build();
        return new Residual(parts.path(path), List.of(attention, parts.dropout(path + ".dropout", hiddenDropout)));
    }

    @Override
    public List<Layer> pooler(ModelParts parts) {
        return parts.pooler(hiddenSize);
    }

    /** A layer and tanh on the vector of the first token. */
    @Override
    public List<Layer> classifier(ModelParts parts) {
        return parts.end().denseClassifier(hiddenSize, "tanh", classifierDropout);
    }

    /** The dropout is not that of a classifier of texts. */
    @Override
    public List<Layer> tokenClassifier(ModelParts parts) {
        return parts.tokenClassifier("classifier", hiddenSize, hiddenDropout, true);
    }

    @Override
    public double classifierDropout() {
        return classifierDropout;
    }
}
