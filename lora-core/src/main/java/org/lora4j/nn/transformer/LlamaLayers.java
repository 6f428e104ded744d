package org.lora4j.nn.transformer;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.nn.layer.Embedding;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.RMSNorm;
import org.lora4j.nn.layer.Residual;
import org.lora4j.nn.layer.SelfAttention;
import org.lora4j.nn.layer.SwiGLU;
import org.lora4j.nn.layer.TokenEmbeddings;
import org.nd4j.linalg.api.buffer.DataType;

/** Creates the layers of a model of the Llama family around its arrays. */
final class LlamaLayers {
    private static final long DROPOUT_SEED = 0;

    private final LlamaConfig config;
    private final ModelParts parts;
    private final String prefix;

    LlamaLayers(LlamaConfig config, ModelTensors tensors, String prefix) {
        this.config = config;
        this.prefix = prefix;
        parts = new ModelParts(tensors, prefix);
    }

    /** The layers up to the logits. */
    List<Layer> causal() {
        Embedding word = word();
        List<Layer> layers = new ArrayList<>(decoder(word));
        layers.add(parts.head(config.tiedEmbeddings(), word));
        return layers;
    }

    boolean hasClassifier() {
        return parts.hasScore();
    }

    /** The layers of a classifier: those up to the last hidden state, and the file's or a new end. */
    List<Layer> classifier() {
        return ending(parts.score());
    }

    List<Layer> newClassifier(int labels, DataType type, long seed) {
        return ending(parts.newScore(labels, config.hiddenSize(), type, seed));
    }

    private List<Layer> ending(List<Layer> end) {
        List<Layer> layers = new ArrayList<>(decoder());
        layers.addAll(end);
        return layers;
    }

    /** The layers up to the last hidden state. */
    List<Layer> decoder() {
        return decoder(word());
    }

    private Embedding word() {
        return parts.embedding("embed_tokens", Embedding.NO_PADDING);
    }

    private List<Layer> decoder(Embedding word) {
        List<Layer> layers = new ArrayList<>();
        layers.add(new TokenEmbeddings(prefix + "embeddings", word, config.maxLength()));
        for (int i = 0; i < config.layers(); i++) {
            String layer = "layers." + i + ".";
            layers.add(new Residual(
                    prefix + layer + "attention",
                    List.of(norm(layer + "input_layernorm"), attention(layer + "self_attn"))));
            layers.add(new Residual(
                    prefix + layer + "feed_forward",
                    List.of(norm(layer + "post_attention_layernorm"), feedForward(layer + "mlp"))));
        }
        layers.add(norm("norm"));
        return layers;
    }

    private Layer attention(String path) {
        SelfAttention.Builder attention = SelfAttention.builder(
                        prefix + path, config.heads(), config.keyValueHeads(), config.headSize())
                .inputs(parts.linear(path + ".q_proj"), parts.linear(path + ".k_proj"), parts.linear(path + ".v_proj"))
                .output(parts.linear(path + ".o_proj"))
                .rotary(config.rotary())
                .causal()
                .dropout(config.attentionDropout(), DROPOUT_SEED);
        if (config.headNorms()) {
            attention.norms(norm(path + ".q_norm"), norm(path + ".k_norm"));
        }
        return attention.build();
    }

    private Layer feedForward(String path) {
        return new SwiGLU(
                prefix + path,
                parts.linear(path + ".gate_proj"),
                parts.linear(path + ".up_proj"),
                parts.linear(path + ".down_proj"));
    }

    private RMSNorm norm(String path) {
        return new RMSNorm(prefix + path, parts.tensor(path + ".weight"), config.rmsNormEpsilon());
    }
}
