package org.lora4j.nn.transformer;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.Names;

/**
 * The configuration of a model: {@code config.json} of Hugging Face's {@code transformers}. The names of its fields are in
 * brackets.
 *
 * @param modelType {@code bert}, {@code roberta} or {@code xlm-roberta} (model_type)
 * @param vocabularySize the number of tokens (vocab_size)
 * @param hiddenSize the width of a token's vector (hidden_size)
 * @param layers the number of layers (num_hidden_layers)
 * @param heads the number of attention heads, which divides the width (num_attention_heads)
 * @param intermediateSize the width of the feed-forward part (intermediate_size)
 * @param activation {@code gelu}, the exact one, or {@code relu} (hidden_act)
 * @param maxPositions the number of positions (max_position_embeddings)
 * @param types the number of token types (type_vocab_size)
 * @param layerNormEpsilon ε of the normalizations (layer_norm_eps)
 * @param paddingToken the token of padding, whose vector does not train (pad_token_id)
 * @param hiddenDropout the dropout of hidden states in training (hidden_dropout_prob)
 * @param attentionDropout the dropout of attention weights in training (attention_probs_dropout_prob)
 * @param classifierDropout the dropout before a classifier; null for that of hidden states (classifier_dropout)
 */
public record BertConfig(
        String modelType,
        int vocabularySize,
        int hiddenSize,
        int layers,
        int heads,
        int intermediateSize,
        String activation,
        int maxPositions,
        int types,
        double layerNormEpsilon,
        int paddingToken,
        double hiddenDropout,
        double attentionDropout,
        @Nullable Double classifierDropout) {
    private static final Set<String> MODEL_TYPES = Set.of("bert", "roberta", "xlm-roberta");
    private static final Set<String> ACTIVATIONS = Set.of("gelu", "relu");

    /** A model has at most this many of anything, so that a wrong file cannot ask for more memory than there is. */
    private static final int MOST = 10_000_000;

    /**
     * Checks the values.
     *
     * @param modelType {@code bert}, {@code roberta} or {@code xlm-roberta}
     * @param vocabularySize the number of tokens
     * @param hiddenSize the width of a token's vector
     * @param layers the number of layers
     * @param heads the number of attention heads
     * @param intermediateSize the width of the feed-forward part
     * @param activation {@code gelu} or {@code relu}
     * @param maxPositions the number of positions
     * @param types the number of token types
     * @param layerNormEpsilon ε of the normalizations
     * @param paddingToken the token of padding
     * @param hiddenDropout the dropout of hidden states
     * @param attentionDropout the dropout of attention weights
     * @param classifierDropout the dropout before a classifier, or null
     * @throws IllegalArgumentException if a value is outside its range; the message lists all
     */
    public BertConfig {
        Objects.requireNonNull(modelType, "modelType must not be null");
        Objects.requireNonNull(activation, "activation must not be null");
        List<String> problems = new ArrayList<>();
        requireOneOf(problems, "model_type", MODEL_TYPES, modelType);
        requireOneOf(problems, "hidden_act", ACTIVATIONS, activation);
        requireSize(problems, "vocab_size", vocabularySize);
        requireSize(problems, "hidden_size", hiddenSize);
        requireSize(problems, "num_hidden_layers", layers);
        requireSize(problems, "num_attention_heads", heads);
        requireSize(problems, "intermediate_size", intermediateSize);
        requireSize(problems, "max_position_embeddings", maxPositions);
        requireSize(problems, "type_vocab_size", types);
        if (heads > 0 && hiddenSize % heads != 0) {
            problems.add("num_attention_heads must divide hidden_size " + hiddenSize + ", found " + heads);
        }
        if (!(layerNormEpsilon > 0 && layerNormEpsilon < 1)) {
            problems.add("layer_norm_eps must be between 0 and 1, found " + layerNormEpsilon);
        }
        if (paddingToken < 0 || paddingToken >= vocabularySize) {
            problems.add("pad_token_id must be a token below " + vocabularySize + ", found " + paddingToken);
        }
        if (!modelType.equals("bert") && maxPositions - 1L <= paddingToken) {
            problems.add(
                    "max_position_embeddings must be more than pad_token_id + 1, because positions start behind it,"
                            + " found " + maxPositions + " and " + paddingToken);
        }
        requireProbability(problems, "hidden_dropout_prob", hiddenDropout);
        requireProbability(problems, "attention_probs_dropout_prob", attentionDropout);
        if (classifierDropout != null) {
            requireProbability(problems, "classifier_dropout", classifierDropout);
        }
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException("the configuration must be that of a model of the BERT family, found "
                    + Names.line(String.join("; ", problems)));
        }
    }

    private static void requireOneOf(List<String> problems, String field, Set<String> allowed, String found) {
        if (!allowed.contains(found)) {
            problems.add(
                    field + " must be one of " + allowed.stream().sorted().toList() + ", found " + Names.quote(found));
        }
    }

    private static void requireSize(List<String> problems, String field, int found) {
        if (found < 1 || found > MOST) {
            problems.add(field + " must be between 1 and " + MOST + ", found " + found);
        }
    }

    private static void requireProbability(List<String> problems, String field, double found) {
        if (!(found >= 0 && found < 1)) {
            problems.add(field + " must be at least 0 and below 1, found " + found);
        }
    }

    /**
     * Reads a {@code config.json}.
     *
     * @param json its text
     * @return the configuration
     * @throws IllegalArgumentException if it is no JSON object, a field is missing or wrong, or the model is one that this
     *     library does not compute: another model type or activation, relative positions, a decoder, cross attention, pruned
     *     heads, quantised weights. The message names it
     */
    public static BertConfig parse(String json) {
        Objects.requireNonNull(json, "json must not be null");
        return BertConfigReader.read(JsonFields.parse(json));
    }

    /**
     * Returns the same with another dropout of hidden states and attention weights.
     *
     * @param probability at least 0 and below 1; 0 trains without dropout
     * @return a new configuration
     */
    public BertConfig withDropout(double probability) {
        return new BertConfig(
                modelType,
                vocabularySize,
                hiddenSize,
                layers,
                heads,
                intermediateSize,
                activation,
                maxPositions,
                types,
                layerNormEpsilon,
                paddingToken,
                probability,
                probability,
                probability);
    }

    boolean isRoberta() {
        return !modelType.equals("bert");
    }

    double headDropout() {
        return classifierDropout == null ? hiddenDropout : classifierDropout;
    }

    /** Writes the fields into a configuration file's object. */
    void writeTo(ObjectNode json) {
        json.put("model_type", modelType);
        json.put("vocab_size", vocabularySize);
        json.put("hidden_size", hiddenSize);
        json.put("num_hidden_layers", layers);
        json.put("num_attention_heads", heads);
        json.put("intermediate_size", intermediateSize);
        json.put("hidden_act", activation);
        json.put("max_position_embeddings", maxPositions);
        json.put("type_vocab_size", types);
        json.put("layer_norm_eps", layerNormEpsilon);
        json.put("pad_token_id", paddingToken);
        json.put("hidden_dropout_prob", hiddenDropout);
        json.put("attention_probs_dropout_prob", attentionDropout);
        if (classifierDropout != null) {
            json.put("classifier_dropout", classifierDropout);
        }
        json.put("position_embedding_type", "absolute");
    }
}
