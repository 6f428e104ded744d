package org.lora4j.nn.transformer;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.lora4j.io.gguf.GgufModel;
import org.lora4j.nn.layer.GatedFeedForward;
import org.lora4j.nn.layer.GatedFeedForward.Gate;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.SelfAttention;

/**
 * Phi-3 (<a href="https://arxiv.org/abs/2404.14219">arXiv:2404.14219</a>) and Phi-4-mini
 * (<a href="https://arxiv.org/abs/2503.01743">arXiv:2503.01743</a>): a Llama with one layer for queries, keys and values, and one
 * for the gate and what it is multiplied with. Phi-4-mini turns a part of each head.
 */
final class Phi3 extends GatedDecoder {
    private final int window;
    private final double embeddingDropout;
    private final double residualDropout;

    Phi3(JsonFields fields) {
        super(fields, new Defaults(0, 4096, 10_000, false), RotaryFields::ofPhi);
        fields.oneOf("hidden_act", "silu", List.of("silu"));
        window = fields.has("sliding_window") ? fields.positive("sliding_window", null) : SelfAttention.NO_WINDOW;
        embeddingDropout = fields.dropout("embd_pdrop", 0);
        residualDropout = fields.dropout("resid_pdrop", 0);
    }

    @Override
    public String architecture() {
        return "Phi3";
    }

    /** PEFT has no default; this is the layer of queries, keys and values. */
    @Override
    public List<String> defaultTargets() {
        return List.of("qkv_proj");
    }

    @Override
    List<Layer> afterEmbeddings(ModelParts parts) {
        return List.of(parts.dropout("embed_dropout", embeddingDropout));
    }

    @Override
    List<Layer> attentionPart(ModelParts parts, String layer, int i) {
        return withDropout(parts, layer + "resid_attn_dropout", super.attentionPart(parts, layer, i));
    }

    @Override
    List<Layer> feedForwardPart(ModelParts parts, String layer) {
        return withDropout(parts, layer + "resid_mlp_dropout", super.feedForwardPart(parts, layer));
    }

    private List<Layer> withDropout(ModelParts parts, String path, List<Layer> part) {
        return Stream.concat(part.stream(), Stream.of(parts.dropout(path, residualDropout)))
                .toList();
    }

    @Override
    SelfAttention attention(ModelParts parts, String path, int i) {
        long queries = (long) heads * headSize;
        long keys = (long) keyValueHeads * headSize;
        return attention(parts, path)
                .input(parts.linear(path + ".qkv_proj", hiddenSize, queries + 2 * keys, false))
                .output(parts.linear(path + ".o_proj", queries, hiddenSize, false))
                .rotary(rotary)
                .window(window == SelfAttention.NO_WINDOW ? window : window - 1)
                .causal()
                .build();
    }

    @Override
    Layer feedForward(ModelParts parts, String path) {
        return GatedFeedForward.ofOne(
                parts.path(path),
                Gate.SILU,
                parts.linear(path + ".gate_up_proj", hiddenSize, 2L * intermediateSize, false),
                true,
                parts.linear(path + ".down_proj", intermediateSize, hiddenSize, false));
    }

    @Override
    public Optional<GgufModel> gguf() {
        Map<String, String> weights = Map.of(
                "self_attn.qkv_proj", "attn_qkv",
                "self_attn.o_proj", "attn_output",
                "mlp.gate_up_proj", "ffn_up",
                "mlp.down_proj", "ffn_down");
        return Optional.of(gguf("phi3", weights, Map.of()));
    }
}
