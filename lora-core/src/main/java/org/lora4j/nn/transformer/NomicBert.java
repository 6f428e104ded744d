package org.lora4j.nn.transformer;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.nn.layer.Embedding;
import org.lora4j.nn.layer.GatedFeedForward;
import org.lora4j.nn.layer.GatedFeedForward.Gate;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.Residual;
import org.lora4j.nn.layer.RotaryEmbedding;
import org.lora4j.nn.layer.SelfAttention;
import org.lora4j.nn.layer.TokenEmbeddings;

/**
 * Nomic-BERT (<a href="https://arxiv.org/abs/2402.01613">arXiv:2402.01613</a>): a BERT that turns queries and keys by their
 * positions, with a gated feed-forward part. {@code Wqkv} is one layer for queries, keys and values; {@code fc12} is the gate.
 * Its configuration has the names of GPT-2's.
 */
final class NomicBert extends Encoder {
    private final Gate gate;
    private final int maxLength;
    private final int types;
    private final double epsilon;
    private final int padding;
    private final boolean attentionBias;
    private final boolean inputBias;
    private final boolean outputBias;
    private final RotaryEmbedding rotary;
    private final double embeddingDropout;
    private final double attentionDropout;
    private final double residualDropout;

    NomicBert(JsonFields fields) {
        super(fields, new SizeFields("n_embd", "n_layer", "n_head", "n_inner", 4));
        gate = fields.oneOf("activation_function", "swiglu", List.of("swiglu", "geglu"))
                        .equals("swiglu")
                ? Gate.SILU
                : Gate.GELU;
        int positions = fields.size("n_positions", 2048);
        // A dynamic scaling changes the rotation of longer texts.
        maxLength = fields.has("rotary_scaling_factor")
                ? Math.min(positions, fields.positive("max_trained_positions", 2048))
                : positions;
        types = fields.size("type_vocab_size", 2);
        epsilon = fields.epsilon("layer_norm_epsilon", 1e-12);
        padding = fields.token("pad_token_id", 0, vocabularySize);
        attentionBias = fields.truth("qkv_proj_bias", true);
        inputBias = fields.truth("mlp_fc1_bias", true);
        outputBias = fields.truth("mlp_fc2_bias", true);
        embeddingDropout = fields.dropout("embd_pdrop", 0.1);
        attentionDropout = fields.dropout("attn_pdrop", 0.1);
        residualDropout = fields.dropout("resid_pdrop", 0.1);
        fields.requireOff("prenorm", "parallel_block", "use_rms_norm", "causal", "rotary_emb_interleaved", "norm_mlp");
        fields.requireEmpty("rotary_emb_scale_base");
        fields.requireNoExperts("num_experts");
        rotary = rotary(fields, headSize());
    }

    private static RotaryEmbedding rotary(JsonFields fields, int headSize) {
        double part = fields.number("rotary_emb_fraction", 0.0);
        if (!(part > 0 && part <= 1)) {
            fields.refuse(
                    "rotary_emb_fraction must be above 0 and at most 1, as positions of another kind are not supported, found "
                            + part);
        }
        int dimensions = (int) (headSize * part);
        return RotaryFields.plain(fields, dimensions, "rotary_emb_base", fields.number("rotary_emb_base", 10_000.0));
    }

    @Override
    public String architecture() {
        return "NomicBert";
    }

    @Override
    public int maxLength() {
        return maxLength;
    }

    /** PEFT has no default; this is the layer of queries, keys and values. */
    @Override
    public List<String> defaultTargets() {
        return List.of("Wqkv");
    }

    @Override
    public String prefix() {
        return "bert.";
    }

    /** The head of the task of pre-training, and what is left of its pooler. */
    @Override
    public boolean isOfNoUse(String plain) {
        return plain.startsWith("cls.") || plain.startsWith("pooler.");
    }

    @Override
    public List<Layer> layers(ModelParts parts) {
        List<Layer> all = new ArrayList<>();
        all.add(new TokenEmbeddings(
                parts.path("embeddings"),
                parts.embedding("embeddings.word_embeddings", vocabularySize, hiddenSize, padding),
                parts.embedding("embeddings.token_type_embeddings", types, hiddenSize, Embedding.NO_PADDING),
                parts.layerNorm("emb_ln", hiddenSize, epsilon),
                maxLength));
        all.add(parts.dropout("emb_drop", embeddingDropout));
        for (int i = 0; i < layers; i++) {
            String layer = "encoder.layers." + i + ".";
            all.add(attention(parts, layer));
            all.add(parts.layerNorm(layer + "norm1", hiddenSize, epsilon));
            all.add(feedForward(parts, layer));
            all.add(parts.layerNorm(layer + "norm2", hiddenSize, epsilon));
        }
        return all;
    }

    private Layer attention(ModelParts parts, String layer) {
        String path = layer + "attn";
        SelfAttention attention = attention(parts, path, attentionDropout)
                .input(parts.linear(path + ".Wqkv", hiddenSize, 3L * hiddenSize, attentionBias))
                .output(parts.linear(path + ".out_proj", hiddenSize, hiddenSize, attentionBias))
                .rotary(rotary)
                .build();
        return new Residual(
                parts.path(layer + "attention"),
                List.of(attention, parts.dropout(layer + "dropout1", residualDropout)));
    }

    private Layer feedForward(ModelParts parts, String layer) {
        String path = layer + "mlp";
        return new Residual(
                parts.path(layer + "feed_forward"),
                List.of(
                        GatedFeedForward.of(
                                parts.path(path),
                                gate,
                                parts.linear(path + ".fc12", hiddenSize, intermediateSize, inputBias),
                                parts.linear(path + ".fc11", hiddenSize, intermediateSize, inputBias),
                                parts.linear(path + ".fc2", intermediateSize, hiddenSize, outputBias)),
                        parts.dropout(layer + "dropout2", residualDropout)));
    }

    @Override
    public List<Layer> pooler(ModelParts parts) {
        return parts.pooler(hiddenSize);
    }

    @Override
    public List<Layer> classifier(ModelParts parts) {
        return parts.pooledClassifier(hiddenSize, residualDropout);
    }

    @Override
    public double classifierDropout() {
        return residualDropout;
    }
}
