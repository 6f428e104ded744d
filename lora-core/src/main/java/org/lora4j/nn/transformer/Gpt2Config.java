package org.lora4j.nn.transformer;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.lora4j.internal.Names;
import org.lora4j.io.GgufModel;

/**
 * The configuration of a GPT-2: {@code config.json} of Hugging Face's {@code transformers}. The names of its fields are in
 * brackets.
 *
 * @param vocabularySize the number of tokens (vocab_size)
 * @param hiddenSize the width of a token's vector (n_embd)
 * @param layers the number of layers (n_layer)
 * @param heads the number of attention heads, which divides the width (n_head)
 * @param intermediateSize the width of the feed-forward part (n_inner; four times the width if absent)
 * @param activation {@code gelu_new}, {@code gelu_pytorch_tanh}, {@code gelu} or {@code relu} (activation_function)
 * @param maxPositions the number of positions (n_positions)
 * @param layerNormEpsilon ε of the normalizations (layer_norm_epsilon)
 * @param tiedEmbeddings whether the head shares the matrix of the token embeddings (tie_word_embeddings; true if absent)
 * @param embeddingDropout the dropout of the embeddings in training (embd_pdrop)
 * @param residualDropout the dropout before each sum in training (resid_pdrop)
 * @param attentionDropout the dropout of attention weights in training (attn_pdrop)
 */
public record Gpt2Config(
        int vocabularySize,
        int hiddenSize,
        int layers,
        int heads,
        int intermediateSize,
        String activation,
        int maxPositions,
        double layerNormEpsilon,
        boolean tiedEmbeddings,
        double embeddingDropout,
        double residualDropout,
        double attentionDropout) {
    private static final Set<String> ACTIVATIONS = Set.of("gelu_new", "gelu_pytorch_tanh", "gelu", "relu");

    /**
     * Checks the values.
     *
     * @param vocabularySize the number of tokens
     * @param hiddenSize the width of a token's vector
     * @param layers the number of layers
     * @param heads the number of attention heads
     * @param intermediateSize the width of the feed-forward part
     * @param activation {@code gelu_new}, {@code gelu_pytorch_tanh}, {@code gelu} or {@code relu}
     * @param maxPositions the number of positions
     * @param layerNormEpsilon ε of the normalizations
     * @param tiedEmbeddings whether the head shares the matrix of the token embeddings
     * @param embeddingDropout the dropout of the embeddings in training
     * @param residualDropout the dropout before each sum in training
     * @param attentionDropout the dropout of attention weights in training
     * @throws IllegalArgumentException if a value is wrong; the message lists all that is wrong
     */
    public Gpt2Config {
        Objects.requireNonNull(activation, "activation must not be null");
        List<String> problems = new ArrayList<>();
        LlamaConfig.requireSize(problems, "vocab_size", vocabularySize);
        LlamaConfig.requireSize(problems, "n_embd", hiddenSize);
        LlamaConfig.requireSize(problems, "n_layer", layers);
        LlamaConfig.requireSize(problems, "n_head", heads);
        LlamaConfig.requireSize(problems, "n_inner", intermediateSize);
        LlamaConfig.requireSize(problems, "n_positions", maxPositions);
        if (heads > 0 && hiddenSize % heads != 0) {
            problems.add("n_head must divide n_embd " + hiddenSize + ", found " + heads);
        }
        if (!ACTIVATIONS.contains(activation)) {
            problems.add("activation_function must be one of "
                    + ACTIVATIONS.stream().sorted().toList() + ", found " + Names.quote(activation));
        }
        if (!(layerNormEpsilon > 0 && layerNormEpsilon < 1)) {
            problems.add("layer_norm_epsilon must be between 0 and 1, found " + layerNormEpsilon);
        }
        for (double dropout : new double[] {embeddingDropout, residualDropout, attentionDropout}) {
            if (!(dropout >= 0 && dropout < 1)) {
                problems.add("dropout must be at least 0 and below 1, found " + dropout);
            }
        }
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(
                    "the configuration must be that of a GPT-2, found " + Names.line(String.join("; ", problems)));
        }
    }

    /**
     * Reads a {@code config.json}.
     *
     * @param json its text
     * @return the configuration
     * @throws IllegalArgumentException if it is no JSON object, a field is missing or wrong, or the model is one that this
     *     library does not compute: another model type or activation, other scales of the attention, cross attention, quantised
     *     weights. The message names it
     */
    public static Gpt2Config parse(String json) {
        Objects.requireNonNull(json, "json must not be null");
        return read(JsonFields.parse(json));
    }

    static Gpt2Config read(ObjectNode json) {
        JsonFields fields = new JsonFields(json);
        fields.requireOneOf("model_type", List.of("gpt2"), fields.text("model_type", "gpt2"));
        List.of("add_cross_attention", "scale_attn_by_inverse_layer_idx").forEach(fields::requireOff);
        fields.requireEmpty("quantization_config");
        if (!fields.truth("scale_attn_weights", true)) {
            fields.refuse("scale_attn_weights must be true, found false");
        }
        fields.requireNoProblems("this library computes decoders like GPT-2");
        int hidden = fields.integer("n_embd");
        int inner = fields.integer("n_inner", (int) Math.min(Integer.MAX_VALUE, 4L * hidden));
        int vocabulary = fields.integer("vocab_size");
        int layers = fields.integer("n_layer");
        int heads = fields.integer("n_head");
        String activation = fields.text("activation_function", "gelu_new");
        int positions = fields.integer("n_positions", 1024);
        double epsilon = fields.number("layer_norm_epsilon", 1e-5);
        boolean tied = fields.truth("tie_word_embeddings", true);
        double embeddingDropout = fields.number("embd_pdrop", 0.1);
        double residualDropout = fields.number("resid_pdrop", 0.1);
        double attentionDropout = fields.number("attn_pdrop", 0.1);
        fields.requireNoProblems("each field must have its type");
        return new Gpt2Config(
                vocabulary,
                hidden,
                layers,
                heads,
                inner,
                activation,
                positions,
                epsilon,
                tied,
                embeddingDropout,
                residualDropout,
                attentionDropout);
    }

    /**
     * Returns the same with another dropout of embeddings, sums and attention weights.
     *
     * @param probability at least 0 and below 1; 0 trains without dropout
     * @return a new configuration
     */
    public Gpt2Config withDropout(double probability) {
        return new Gpt2Config(
                vocabularySize,
                hiddenSize,
                layers,
                heads,
                intermediateSize,
                activation,
                maxPositions,
                layerNormEpsilon,
                tiedEmbeddings,
                probability,
                probability,
                probability);
    }

    /**
     * Returns what the GGUF file of an adapter needs to know about the model.
     *
     * @return llama.cpp's name of the architecture, and the heads
     */
    public GgufModel ggufModel() {
        return new GgufModel("gpt2", heads, heads, hiddenSize / heads, tiedEmbeddings);
    }
}
