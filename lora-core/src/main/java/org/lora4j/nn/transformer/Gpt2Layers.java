package org.lora4j.nn.transformer;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.nn.layer.Activation;
import org.lora4j.nn.layer.Dropout;
import org.lora4j.nn.layer.Embedding;
import org.lora4j.nn.layer.Gelu;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.LayerNorm;
import org.lora4j.nn.layer.Residual;
import org.lora4j.nn.layer.SelfAttention;
import org.lora4j.nn.layer.TokenEmbeddings;
import org.nd4j.linalg.activations.impl.ActivationReLU;
import org.nd4j.linalg.api.buffer.DataType;

/** Creates the layers of a GPT-2 around its arrays. */
final class Gpt2Layers {
    private static final long DROPOUT_SEED = 0;

    private final Gpt2Config config;
    private final ModelParts parts;
    private final String prefix;

    Gpt2Layers(Gpt2Config config, ModelTensors tensors, String prefix) {
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
        return parts.embedding("wte", Embedding.NO_PADDING);
    }

    private List<Layer> decoder(Embedding word) {
        List<Layer> layers = new ArrayList<>();
        layers.add(new TokenEmbeddings(
                prefix + "embeddings", word, parts.embedding("wpe", Embedding.NO_PADDING), null, null));
        layers.add(dropout("drop", config.embeddingDropout()));
        for (int i = 0; i < config.layers(); i++) {
            String layer = "h." + i + ".";
            layers.add(attention(layer));
            layers.add(feedForward(layer));
        }
        layers.add(norm("ln_f"));
        return layers;
    }

    private Layer attention(String layer) {
        SelfAttention attention = SelfAttention.builder(
                        prefix + layer + "attn", config.heads(), config.heads(), config.hiddenSize() / config.heads())
                .input(parts.linear(layer + "attn.c_attn"))
                .output(parts.linear(layer + "attn.c_proj"))
                .causal()
                .dropout(config.attentionDropout(), DROPOUT_SEED)
                .build();
        return new Residual(
                prefix + layer + "attention",
                List.of(
                        norm(layer + "ln_1"),
                        attention,
                        dropout(layer + "attn.resid_dropout", config.residualDropout())));
    }

    private Layer feedForward(String layer) {
        String path = layer + "mlp.";
        return new Residual(
                prefix + layer + "feed_forward",
                List.of(
                        norm(layer + "ln_2"),
                        parts.linear(path + "c_fc"),
                        activation(prefix + path + "act"),
                        parts.linear(path + "c_proj"),
                        dropout(path + "dropout", config.residualDropout())));
    }

    private Layer activation(String path) {
        return switch (config.activation()) {
            case "relu" -> new Activation(path, new ActivationReLU());
            case "gelu" -> new Gelu(path);
            default -> new Gelu(path, Gelu.Form.TANH);
        };
    }

    private Dropout dropout(String path, double probability) {
        return new Dropout(prefix + path, probability, DROPOUT_SEED);
    }

    private LayerNorm norm(String path) {
        return new LayerNorm(
                prefix + path, parts.tensor(path + ".weight"), parts.tensor(path + ".bias"), config.layerNormEpsilon());
    }
}
