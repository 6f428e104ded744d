package org.lora4j.nn.transformer;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.lora4j.nn.layer.Embedding;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.Residual;
import org.lora4j.nn.layer.SelfAttention;
import org.lora4j.nn.layer.TokenEmbeddings;

/**
 * BERT (<a href="https://arxiv.org/abs/1810.04805">arXiv:1810.04805</a>), RoBERTa
 * (<a href="https://arxiv.org/abs/1907.11692">arXiv:1907.11692</a>) and XLM-RoBERTa
 * (<a href="https://arxiv.org/abs/1911.02116">arXiv:1911.02116</a>): encoders that normalize after each sum. RoBERTa counts
 * positions from behind the token of padding, and its classifier has layers of its own in place of the pooler.
 */
final class Bert extends Encoder {
    private static final Map<String, String> ARCHITECTURES =
            Map.of("bert", "Bert", "roberta", "Roberta", "xlm-roberta", "XLMRoberta");

    final String modelType;
    final String activation;
    final int positions;
    final int types;
    final double epsilon;
    final int padding;
    final double hiddenDropout;
    final double attentionDropout;
    final double classifierDropout;

    Bert(JsonFields fields) {
        super(fields);
        modelType = fields.modelType();
        activation = fields.oneOf("hidden_act", "gelu", ModelParts.ACTIVATIONS);
        positions = fields.size("max_position_embeddings", 512);
        types = fields.size("type_vocab_size", 2);
        epsilon = fields.epsilon("layer_norm_eps", 1e-12);
        padding = fields.token("pad_token_id", isRoberta() ? 1 : 0, vocabularySize);
        if (isRoberta() && positions - 1L <= padding) {
            fields.refuse(
                    "max_position_embeddings must be more than pad_token_id + 1, because positions start behind it,"
                            + " found " + positions + " and " + padding);
        }
        hiddenDropout = fields.dropout("hidden_dropout_prob", 0.1);
        attentionDropout = fields.dropout("attention_probs_dropout_prob", 0.1);
        classifierDropout = fields.dropout("classifier_dropout", hiddenDropout);
        fields.requireText("position_embedding_type", "absolute");
        fields.requireOff("is_decoder", "add_cross_attention");
        fields.requireEmpty("pruned_heads");
    }

    private boolean isRoberta() {
        return modelType.contains("roberta");
    }

    @Override
    public String architecture() {
        return Objects.requireNonNull(ARCHITECTURES.get(modelType));
    }

    @Override
    public int maxLength() {
        return isRoberta() ? positions - padding - 1 : positions;
    }

    @Override
    public List<String> defaultTargets() {
        return List.of("query", "value");
    }

    @Override
    public String prefix() {
        return isRoberta() ? "roberta." : "bert.";
    }

    @Override
    public String plainName(String stored) {
        return todaysName(Family.withoutStart("roberta.", Family.withoutStart("bert.", stored)));
    }

    /** The first files of BERT call the vectors of a normalization gamma and beta. */
    static String todaysName(String name) {
        return name.replaceFirst("(LayerNorm|layer_norm)\\.gamma$", "$1.weight")
                .replaceFirst("(LayerNorm|layer_norm)\\.beta$", "$1.bias");
    }

    /** Buffers that are computed, and the heads of the task of pre-training. */
    @Override
    public boolean isOfNoUse(String plain) {
        return plain.endsWith("position_ids")
                || plain.endsWith("token_type_ids")
                || plain.startsWith("cls.")
                || plain.startsWith("lm_head.");
    }

    @Override
    public List<Layer> layers(ModelParts parts) {
        List<Layer> all = new ArrayList<>(embeddings(parts, hiddenSize));
        all.addAll(encoder(parts));
        return all;
    }

    /** The embeddings, of a width. */
    List<Layer> embeddings(ModelParts parts, int width) {
        return List.of(
                new TokenEmbeddings(
                        parts.path("embeddings"),
                        parts.embedding("embeddings.word_embeddings", vocabularySize, width, padding),
                        parts.embedding(
                                "embeddings.position_embeddings",
                                positions,
                                width,
                                isRoberta() ? padding : Embedding.NO_PADDING),
                        parts.embedding("embeddings.token_type_embeddings", types, width, Embedding.NO_PADDING),
                        parts.layerNorm("embeddings.LayerNorm", width, epsilon)),
                parts.dropout("embeddings.dropout", hiddenDropout));
    }

    /** The layers behind the embeddings. */
    List<Layer> encoder(ModelParts parts) {
        List<Layer> all = new ArrayList<>();
        for (int i = 0; i < layers; i++) {
            String layer = "encoder.layer." + i + ".";
            all.add(attention(parts, layer + "attention"));
            all.add(parts.layerNorm(layer + "attention.output.LayerNorm", hiddenSize, epsilon));
            all.add(parts.feedForward(layer, hiddenSize, intermediateSize, activation, hiddenDropout));
            all.add(parts.layerNorm(layer + "output.LayerNorm", hiddenSize, epsilon));
        }
        return all;
    }

    private Layer attention(ModelParts parts, String path) {
        SelfAttention attention = attention(parts, path + ".self", attentionDropout)
                .inputs(
                        parts.linear(path + ".self.query", hiddenSize, hiddenSize, true),
                        parts.linear(path + ".self.key", hiddenSize, hiddenSize, true),
                        parts.linear(path + ".self.value", hiddenSize, hiddenSize, true))
                .output(parts.linear(path + ".output.dense", hiddenSize, hiddenSize, true))
                .build();
        return new Residual(
                parts.path(path), List.of(attention, parts.dropout(path + ".output.dropout", hiddenDropout)));
    }

    @Override
    public List<Layer> pooler(ModelParts parts) {
        return parts.pooler(hiddenSize);
    }

    @Override
    public List<Layer> classifier(ModelParts parts) {
        return isRoberta()
                ? parts.end().denseClassifier(hiddenSize, "tanh", classifierDropout)
                : parts.pooledClassifier(hiddenSize, classifierDropout);
    }

    @Override
    public double classifierDropout() {
        return classifierDropout;
    }
}
