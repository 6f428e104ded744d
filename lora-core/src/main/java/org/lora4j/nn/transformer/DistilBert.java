package org.lora4j.nn.transformer;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.nn.layer.Embedding;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.Pooling;
import org.lora4j.nn.layer.Residual;
import org.lora4j.nn.layer.TokenEmbeddings;

/**
 * DistilBERT (<a href="https://arxiv.org/abs/1910.01108">arXiv:1910.01108</a>): a BERT with half the layers, without types of
 * tokens and without a pooler. Its classifier has a layer of its own, {@code pre_classifier}.
 */
final class DistilBert extends Encoder {
    /** No field of the configuration says it. */
    private static final double EPSILON = 1e-12;

    private final String activation;
    private final int positions;
    private final int padding;
    private final double dropout;
    private final double attentionDropout;
    private final double classifierDropout;

    DistilBert(JsonFields fields) {
        super(fields, new SizeFields("dim", "n_layers", "n_heads", "hidden_dim", 0));
        activation = fields.oneOf("activation", "gelu", ModelParts.ACTIVATIONS);
        positions = fields.size("max_position_embeddings", 512);
        padding = fields.token("pad_token_id", 0, vocabularySize);
        dropout = fields.dropout("dropout", 0.1);
        attentionDropout = fields.dropout("attention_dropout", 0.1);
        classifierDropout = fields.dropout("seq_classif_dropout", 0.2);
        fields.requireEmpty("pruned_heads");
    }

    @Override
    public String architecture() {
        return "DistilBert";
    }

    @Override
    public int maxLength() {
        return positions;
    }

    /** PEFT has no default; these are the queries and values that it adapts of a BERT. */
    @Override
    public List<String> defaultTargets() {
        return List.of("q_lin", "v_lin");
    }

    @Override
    public String prefix() {
        return "distilbert.";
    }

    @Override
    public String plainName(String stored) {
        return Bert.todaysName(Family.withoutStart(prefix(), stored));
    }

    /** A buffer that is computed, and the head of the task of pre-training. */
    @Override
    public boolean isOfNoUse(String plain) {
        return plain.endsWith("position_ids") || plain.startsWith("vocab_");
    }

    @Override
    public List<Layer> layers(ModelParts parts) {
        List<Layer> all = new ArrayList<>();
        all.add(new TokenEmbeddings(
                parts.path("embeddings"),
                parts.embedding("embeddings.word_embeddings", vocabularySize, hiddenSize, padding),
                parts.embedding("embeddings.position_embeddings", positions, hiddenSize, Embedding.NO_PADDING),
                null,
                parts.layerNorm("embeddings.LayerNorm", hiddenSize, EPSILON)));
        all.add(parts.dropout("embeddings.dropout", dropout));
        for (int i = 0; i < layers; i++) {
            String layer = "transformer.layer." + i + ".";
            all.add(attention(parts, layer + "attention"));
            all.add(parts.layerNorm(layer + "sa_layer_norm", hiddenSize, EPSILON));
            all.add(feedForward(parts, layer + "ffn"));
            all.add(parts.layerNorm(layer + "output_layer_norm", hiddenSize, EPSILON));
        }
        return all;
    }

    private Layer attention(ModelParts parts, String path) {
        return new Residual(
                parts.path(path + ".residual"),
                List.of(attention(parts, path, attentionDropout)
                        .inputs(
                                parts.linear(path + ".q_lin", hiddenSize, hiddenSize, true),
                                parts.linear(path + ".k_lin", hiddenSize, hiddenSize, true),
                                parts.linear(path + ".v_lin", hiddenSize, hiddenSize, true))
                        .output(parts.linear(path + ".out_lin", hiddenSize, hiddenSize, true))
                        .build()));
    }

    private Layer feedForward(ModelParts parts, String path) {
        return new Residual(
                parts.path(path),
                List.of(
                        parts.linear(path + ".lin1", hiddenSize, intermediateSize, true),
                        parts.activation(path + ".activation", activation),
                        parts.linear(path + ".lin2", intermediateSize, hiddenSize, true),
                        parts.dropout(path + ".dropout", dropout)));
    }

    /** A layer and ReLU on the vector of the first token. */
    @Override
    public List<Layer> classifier(ModelParts parts) {
        ModelParts end = parts.end();
        return List.of(
                end.pooling("pre_classifier.first", Pooling.Method.FIRST),
                end.linear("pre_classifier", hiddenSize, hiddenSize, true),
                end.activation("pre_classifier.activation", "relu"),
                end.dropout("dropout", classifierDropout),
                end.labels("classifier", hiddenSize, true));
    }

    /** The dropout is not that of a classifier of texts. */
    @Override
    public List<Layer> tokenClassifier(ModelParts parts) {
        return parts.tokenClassifier("classifier", hiddenSize, dropout, true);
    }

    @Override
    public double classifierDropout() {
        return classifierDropout;
    }
}
