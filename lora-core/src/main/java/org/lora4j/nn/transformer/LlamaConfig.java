package org.lora4j.nn.transformer;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.lora4j.internal.Names;
import org.lora4j.io.GgufModel;
import org.lora4j.nn.layer.RotaryEmbedding;

/**
 * The configuration of a model of the Llama family: {@code config.json} of Hugging Face's {@code transformers}. The names of
 * its fields are in brackets.
 *
 * @param modelType {@code llama}, {@code mistral}, {@code qwen2} or {@code qwen3} (model_type)
 * @param vocabularySize the number of tokens (vocab_size)
 * @param hiddenSize the width of a token's vector (hidden_size)
 * @param layers the number of layers (num_hidden_layers)
 * @param heads the number of heads of the queries (num_attention_heads)
 * @param keyValueHeads the number of heads of the keys and values, which divides that of the queries (num_key_value_heads)
 * @param headSize the size of a head, which need not be {@code hiddenSize/heads} (head_dim)
 * @param intermediateSize the width of the feed-forward part (intermediate_size)
 * @param inputBias whether queries, keys and values have biases (attention_bias; always in qwen2)
 * @param outputBias whether the layer that combines the heads has a bias (attention_bias; never in qwen2)
 * @param feedForwardBias whether the feed-forward part has biases (mlp_bias)
 * @param headNorms whether each head of queries and keys is normalized, as in qwen3
 * @param rmsNormEpsilon ε of the normalizations (rms_norm_eps)
 * @param rotary the rotation by positions (rope_theta and rope_scaling, or rope_parameters)
 * @param maxLength the longest sequence that is computed rightly: max_position_embeddings, times the factor of linear scaling,
 *     or sliding_window if it is shorter and in use
 * @param tiedEmbeddings whether the head shares the matrix of the token embeddings (tie_word_embeddings)
 * @param attentionDropout the dropout of attention weights in training (attention_dropout)
 */
public record LlamaConfig(
        String modelType,
        int vocabularySize,
        int hiddenSize,
        int layers,
        int heads,
        int keyValueHeads,
        int headSize,
        int intermediateSize,
        boolean inputBias,
        boolean outputBias,
        boolean feedForwardBias,
        boolean headNorms,
        double rmsNormEpsilon,
        RotaryEmbedding rotary,
        int maxLength,
        boolean tiedEmbeddings,
        double attentionDropout) {
    static final List<String> MODEL_TYPES = List.of("llama", "mistral", "qwen2", "qwen3");

    /** A model has at most this many of anything, so that a wrong file cannot ask for more memory than there is. */
    static final int MOST = 10_000_000;

    /**
     * Checks the values.
     *
     * @param modelType {@code llama}, {@code mistral}, {@code qwen2} or {@code qwen3}
     * @param vocabularySize the number of tokens
     * @param hiddenSize the width of a token's vector
     * @param layers the number of layers
     * @param heads the number of heads of the queries
     * @param keyValueHeads the number of heads of the keys and values
     * @param headSize the size of a head
     * @param intermediateSize the width of the feed-forward part
     * @param inputBias whether queries, keys and values have biases
     * @param outputBias whether the layer that combines the heads has a bias
     * @param feedForwardBias whether the feed-forward part has biases
     * @param headNorms whether each head of queries and keys is normalized
     * @param rmsNormEpsilon ε of the normalizations
     * @param rotary the rotation by positions
     * @param maxLength the longest sequence that is computed rightly
     * @param tiedEmbeddings whether the head shares the matrix of the token embeddings
     * @param attentionDropout the dropout of attention weights in training
     * @throws IllegalArgumentException if a value is wrong, or values do not fit together; the message lists all that is wrong
     */
    public LlamaConfig {
        Objects.requireNonNull(modelType, "modelType must not be null");
        Objects.requireNonNull(rotary, "rotary must not be null");
        List<String> problems = new ArrayList<>();
        if (!MODEL_TYPES.contains(modelType)) {
            problems.add("model_type must be one of " + MODEL_TYPES + ", found " + Names.quote(modelType));
        }
        requireSize(problems, "vocab_size", vocabularySize);
        requireSize(problems, "hidden_size", hiddenSize);
        requireSize(problems, "num_hidden_layers", layers);
        requireSize(problems, "num_attention_heads", heads);
        requireSize(problems, "num_key_value_heads", keyValueHeads);
        requireSize(problems, "head_dim", headSize);
        requireSize(problems, "intermediate_size", intermediateSize);
        if (keyValueHeads > 0 && heads % keyValueHeads != 0) {
            problems.add("num_key_value_heads must divide num_attention_heads " + heads + ", found " + keyValueHeads);
        }
        if (rotary.headSize() != headSize) {
            problems.add("the rotation must be that of head_dim " + headSize + ", found " + rotary.headSize());
        }
        if (maxLength < 1) {
            problems.add("max_position_embeddings and sliding_window must be positive, found " + maxLength);
        }
        if (!(rmsNormEpsilon > 0 && rmsNormEpsilon < 1)) {
            problems.add("rms_norm_eps must be between 0 and 1, found " + rmsNormEpsilon);
        }
        if (!(attentionDropout >= 0 && attentionDropout < 1)) {
            problems.add("attention_dropout must be at least 0 and below 1, found " + attentionDropout);
        }
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException("the configuration must be that of a model of the Llama family, found "
                    + Names.line(String.join("; ", problems)));
        }
    }

    static void requireSize(List<String> problems, String field, int found) {
        if (found < 1 || found > MOST) {
            problems.add(field + " must be between 1 and " + MOST + ", found " + found);
        }
    }

    /**
     * Reads a {@code config.json}, in the form of transformers 4 or 5.
     *
     * @param json its text
     * @return the configuration
     * @throws IllegalArgumentException if it is no JSON object, a field is missing or wrong, or the model is one that this
     *     library does not compute: another model type, activation or rope type, experts, quantised weights. The message names
     *     it
     */
    public static LlamaConfig parse(String json) {
        Objects.requireNonNull(json, "json must not be null");
        return LlamaConfigReader.read(JsonFields.parse(json));
    }

    /**
     * Returns what the GGUF file of an adapter needs to know about the model.
     *
     * @return llama.cpp's name of the architecture, and the heads
     */
    public GgufModel ggufModel() {
        String architecture = modelType.equals("mistral") ? "llama" : modelType;
        return new GgufModel(architecture, heads, keyValueHeads, headSize, tiedEmbeddings);
    }
}
