package org.lora4j.nn.transformer;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.lora4j.io.gguf.GgufModel;
import org.lora4j.nn.layer.Embedding;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.Residual;
import org.lora4j.nn.layer.SelfAttention;
import org.lora4j.nn.layer.TokenEmbeddings;

/**
 * GPT-2 (Radford et al., <i>Language Models are Unsupervised Multitask Learners</i>, 2019): a decoder with a table of positions
 * that normalizes before each part. {@code c_attn} is one layer for queries, keys and values.
 */
final class Gpt2 implements DecoderFamily {
    /** The causal mask, which old files hold. */
    private static final Pattern MASK = Pattern.compile("h\\.\\d+\\.attn\\.(bias|masked_bias)");

    private final int vocabularySize;
    private final int hiddenSize;
    private final int layers;
    private final int heads;
    private final int intermediateSize;
    private final String activation;
    private final int positions;
    private final double epsilon;
    private final boolean tied;
    private final double embeddingDropout;
    private final double residualDropout;
    private final double attentionDropout;
    private final TokenHead tokenHead;

    Gpt2(JsonFields fields) {
        vocabularySize = fields.size("vocab_size");
        hiddenSize = fields.size("n_embd");
        layers = fields.layers("n_layer");
        heads = fields.size("n_head");
        fields.requireDivides("n_head", heads, "n_embd", hiddenSize);
        intermediateSize = fields.size("n_inner", (int) Math.min(Integer.MAX_VALUE, 4L * hiddenSize));
        activation = fields.oneOf("activation_function", "gelu_new", ModelParts.ACTIVATIONS);
        positions = fields.size("n_positions", 1024);
        epsilon = fields.epsilon("layer_norm_epsilon", 1e-5);
        tied = fields.truth("tie_word_embeddings", true);
        embeddingDropout = fields.dropout("embd_pdrop", 0.1);
        residualDropout = fields.dropout("resid_pdrop", 0.1);
        attentionDropout = fields.dropout("attn_pdrop", 0.1);
        tokenHead = TokenHead.read(fields);
        if (!fields.truth("scale_attn_weights", true)) {
            fields.refuse("scale_attn_weights must be true, found false");
        }
        fields.requireOff("add_cross_attention", "scale_attn_by_inverse_layer_idx");
        fields.requireEmpty("quantization_config");
    }

    @Override
    public String architecture() {
        return "GPT2";
    }

    @Override
    public String causalArchitecture() {
        return "GPT2LMHeadModel";
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
    public TokenHead tokenHead() {
        return tokenHead;
    }

    /** Its class has the name of an encoder's layer, and always a bias. */
    @Override
    public List<Layer> tokenClassifier(ModelParts parts) {
        return parts.tokenClassifier("classifier", hiddenSize, tokenHead.dropout(), true);
    }

    @Override
    public boolean isTied() {
        return tied;
    }

    @Override
    public List<String> defaultTargets() {
        return List.of("c_attn");
    }

    @Override
    public String prefix() {
        return "transformer.";
    }

    @Override
    public boolean isOfNoUse(String plain) {
        return MASK.matcher(plain).matches();
    }

    /** The sums of all layers have the deviation of one. */
    @Override
    public double initialDeviation(String plain, double range) {
        return plain.endsWith("c_proj.weight") ? range / Math.sqrt(2 * layers) : range;
    }

    @Override
    public List<Layer> layers(ModelParts parts) {
        List<Layer> all = new ArrayList<>();
        all.add(new TokenEmbeddings(
                parts.path("embeddings"),
                parts.embedding("wte", vocabularySize, hiddenSize, Embedding.NO_PADDING),
                parts.embedding("wpe", positions, hiddenSize, Embedding.NO_PADDING),
                null,
                null));
        all.add(parts.dropout("drop", embeddingDropout));
        for (int i = 0; i < layers; i++) {
            String layer = "h." + i + ".";
            all.add(new Residual(
                    parts.path(layer + "attention"),
                    List.of(
                            parts.layerNorm(layer + "ln_1", hiddenSize, epsilon),
                            attention(parts, layer + "attn"),
                            parts.dropout(layer + "attn.resid_dropout", residualDropout))));
            all.add(feedForward(parts, layer));
        }
        all.add(parts.layerNorm("ln_f", hiddenSize, epsilon));
        return all;
    }

    private Layer attention(ModelParts parts, String path) {
        return SelfAttention.builder(parts.path(path), heads, heads, hiddenSize / heads)
                .input(parts.conv1d(path + ".c_attn", hiddenSize, 3L * hiddenSize))
                .output(parts.conv1d(path + ".c_proj", hiddenSize, hiddenSize))
                .causal()
                .dropout(attentionDropout, ModelParts.DROPOUT_SEED)
                .build();
    }

    private Layer feedForward(ModelParts parts, String layer) {
        String path = layer + "mlp.";
        return new Residual(
                parts.path(layer + "feed_forward"),
                List.of(
                        parts.layerNorm(layer + "ln_2", hiddenSize, epsilon),
                        parts.conv1d(path + "c_fc", hiddenSize, intermediateSize),
                        parts.activation(path + "act", activation),
                        parts.conv1d(path + "c_proj", intermediateSize, hiddenSize),
                        parts.dropout(path + "dropout", residualDropout)));
    }

    @Override
    public Optional<GgufModel> gguf() {
        return Optional.of(new GgufModel(
                "gpt2",
                prefix(),
                "wte",
                "h",
                Map.of(
                        "attn.c_attn", "attn_qkv",
                        "attn.c_proj", "attn_output",
                        "mlp.c_fc", "ffn_up",
                        "mlp.c_proj", "ffn_down"),
                Map.of(),
                hiddenSize / heads,
                tied));
    }
}
