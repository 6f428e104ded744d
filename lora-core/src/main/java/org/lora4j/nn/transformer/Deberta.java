package org.lora4j.nn.transformer;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.layer.Embedding;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.LayerNorm;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.layer.Pooling;
import org.lora4j.nn.layer.RelativePositions;
import org.lora4j.nn.layer.Residual;
import org.lora4j.nn.layer.SelfAttention;
import org.lora4j.nn.layer.TokenEmbeddings;

/**
 * DeBERTa version 2 (<a href="https://arxiv.org/abs/2006.03654">arXiv:2006.03654</a>) and 3
 * (<a href="https://arxiv.org/abs/2111.09543">arXiv:2111.09543</a>): a BERT whose attentions compare tokens with the differences
 * of their positions too. An adapter of the layers of queries and keys acts on the vectors of these differences as well. Version
 * 1 has other layers. The dropout of these vectors in the training is left out.
 */
final class Deberta extends Encoder {
    private static final String RELATIVE = "relative_attention";
    private static final String KEYS = "c2p";
    private static final String QUERIES = "p2c";

    private final int embeddingSize;
    private final String activation;
    private final int positions;
    private final boolean hasPositions;
    private final int types;
    private final double epsilon;
    private final int padding;
    private final boolean isRelative;
    private final List<String> kinds;
    private final boolean sharesProjections;
    private final boolean normsPositions;
    private final int buckets;
    private final int farthest;
    private final int poolerSize;
    private final String poolerActivation;
    private final double poolerDropout;
    private final double hiddenDropout;
    private final double attentionDropout;
    private final double classifierDropout;

    Deberta(JsonFields fields) {
        super(fields);
        embeddingSize = fields.size("embedding_size", Math.max(1, hiddenSize));
        activation = fields.oneOf("hidden_act", "gelu", ModelParts.ACTIVATIONS);
        positions = fields.size("max_position_embeddings", 512);
        hasPositions = fields.truth("position_biased_input", true);
        types = fields.integer("type_vocab_size", 0);
        if (types < 0 || types > vocabularySize) {
            fields.refuse("type_vocab_size must be at least 0 and at most the vocabulary, found " + types);
        }
        epsilon = fields.epsilon("layer_norm_eps", 1e-7);
        padding = fields.token("pad_token_id", 0, vocabularySize);
        isRelative = fields.truth(RELATIVE, false);
        kinds = fields.words("pos_att_type");
        kinds.forEach(kind -> fields.requireOneOf("pos_att_type", List.of(KEYS, QUERIES), kind));
        sharesProjections = fields.truth("share_att_key", false);
        List<String> norms = fields.words("norm_rel_ebd");
        norms.forEach(norm -> fields.requireOneOf("norm_rel_ebd", List.of("none", "layer_norm"), norm));
        normsPositions = norms.contains("layer_norm");
        buckets = fields.integer("position_buckets", -1);
        int stated = fields.integer("max_relative_positions", -1);
        farthest = stated < 1 ? positions : stated;
        if (isRelative && buckets > 0 && (buckets < 2 || farthest - 1 <= buckets / 2)) {
            fields.refuse("position_buckets must be at least 2 and less than twice max_relative_positions, found "
                    + buckets + " and " + farthest);
        }
        poolerSize = fields.size("pooler_hidden_size", Math.max(1, hiddenSize));
        poolerActivation = fields.oneOf("pooler_hidden_act", "gelu", ModelParts.POOLER_ACTIVATIONS);
        poolerDropout = fields.dropout("pooler_dropout", 0);
        hiddenDropout = fields.dropout("hidden_dropout_prob", 0.1);
        attentionDropout = fields.dropout("attention_probs_dropout_prob", 0.1);
        classifierDropout = fields.dropout("cls_dropout", hiddenDropout);
        if (poolerSize != hiddenSize) {
            fields.refuse("pooler_hidden_size must be hidden_size " + hiddenSize + ", found " + poolerSize);
        }
        int kernel = fields.integer("conv_kernel_size", 0);
        if (kernel > 0) {
            fields.refuse("conv_kernel_size must be 0, as a convolution is not supported, found " + kernel);
        }
        fields.requireEmpty("pruned_heads");
    }

    @Override
    public String architecture() {
        return "DebertaV2";
    }

    /** Beyond the farthest difference, the buckets of transformers are not those of the authors. */
    @Override
    public int maxLength() {
        return isRelative && buckets > 0 ? Math.min(positions, farthest) : positions;
    }

    @Override
    public List<String> defaultTargets() {
        return List.of("query_proj", "value_proj");
    }

    @Override
    public String prefix() {
        return "deberta.";
    }

    @Override
    public String plainName(String stored) {
        return Bert.todaysName(Family.withoutStart(prefix(), stored));
    }

    /** A buffer that is computed, the heads of the tasks of pre-training, and positions that are not added. */
    @Override
    public boolean isOfNoUse(String plain) {
        return plain.endsWith("position_ids")
                || plain.startsWith("mask_predictions.")
                || plain.startsWith("lm_predictions.")
                || plain.startsWith("cls.")
                || (plain.startsWith("embeddings.position_embeddings.") && !hasPositions);
    }

    @Override
    public List<Layer> layers(ModelParts parts) {
        List<Layer> all = new ArrayList<>(embeddings(parts));
        RelativePositions relative = isRelative ? relative(parts) : null;
        for (int i = 0; i < layers; i++) {
            String layer = "encoder.layer." + i + ".";
            all.add(new Residual(
                    parts.path(layer + "attention"),
                    List.of(
                            attention(parts, layer + "attention", relative),
                            parts.dropout(layer + "attention.output.dropout", hiddenDropout))));
            all.add(parts.layerNorm(layer + "attention.output.LayerNorm", hiddenSize, epsilon));
            all.add(parts.feedForward(layer, hiddenSize, intermediateSize, activation, hiddenDropout));
            all.add(parts.layerNorm(layer + "output.LayerNorm", hiddenSize, epsilon));
        }
        return all;
    }

    private List<Layer> embeddings(ModelParts parts) {
        String path = parts.path("embeddings");
        Embedding word = parts.embedding("embeddings.word_embeddings", vocabularySize, embeddingSize, padding);
        Embedding type = types == 0
                ? null
                : parts.embedding("embeddings.token_type_embeddings", types, embeddingSize, Embedding.NO_PADDING);
        boolean isNarrow = embeddingSize != hiddenSize;
        LayerNorm norm = parts.layerNorm("embeddings.LayerNorm", hiddenSize, epsilon);
        LayerNorm inner = isNarrow ? null : norm;
        List<Layer> all = new ArrayList<>();
        all.add(
                hasPositions
                        ? new TokenEmbeddings(path, word, positions(parts), type, inner)
                        : new TokenEmbeddings(path, word, type, inner, maxLength()));
        if (isNarrow) {
            all.add(parts.linear("embeddings.embed_proj", embeddingSize, hiddenSize, false));
            all.add(norm);
        }
        all.add(parts.dropout("embeddings.dropout", hiddenDropout));
        return all;
    }

    private Embedding positions(ModelParts parts) {
        return parts.embedding("embeddings.position_embeddings", positions, embeddingSize, Embedding.NO_PADDING);
    }

    private RelativePositions relative(ModelParts parts) {
        int span = buckets > 0 ? buckets : farthest;
        Embedding table = parts.embedding("encoder.rel_embeddings", 2L * span, hiddenSize, Embedding.NO_PADDING);
        @Nullable LayerNorm norm = normsPositions ? parts.layerNorm("encoder.LayerNorm", hiddenSize, epsilon) : null;
        return RelativePositions.distances(table, norm, buckets > 0 ? farthest : 0);
    }

    private SelfAttention attention(ModelParts parts, String path, @Nullable RelativePositions relative) {
        String self = path + ".self";
        Linear query = projection(parts, self + ".query_proj");
        Linear key = projection(parts, self + ".key_proj");
        SelfAttention.Builder attention = attention(parts, self, attentionDropout)
                .inputs(query, key, projection(parts, self + ".value_proj"))
                .output(projection(parts, path + ".output.dense"))
                .scale(1 / Math.sqrt((double) hiddenSize / heads * (1 + kinds.size())));
        if (relative != null && kinds.contains(KEYS)) {
            attention.relativeKeys(relative, sharesProjections ? key : projection(parts, self + ".pos_key_proj"));
        }
        if (relative != null && kinds.contains(QUERIES)) {
            attention.relativeQueries(
                    relative, sharesProjections ? query : projection(parts, self + ".pos_query_proj"));
        }
        return attention.build();
    }

    private Linear projection(ModelParts parts, String path) {
        return parts.linear(path, hiddenSize, hiddenSize, true);
    }

    /** A layer and an activation on the vector of the first token. */
    @Override
    public List<Layer> classifier(ModelParts parts) {
        ModelParts end = parts.end();
        return List.of(
                end.pooling("pooler.first", Pooling.Method.FIRST),
                end.dropout("pooler.dropout", poolerDropout),
                end.linear("pooler.dense", hiddenSize, hiddenSize, true),
                end.activation("pooler.activation", poolerActivation),
                end.dropout("dropout", classifierDropout),
                end.labels("classifier", hiddenSize, true));
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
