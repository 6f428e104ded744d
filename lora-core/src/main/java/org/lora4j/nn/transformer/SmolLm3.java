package org.lora4j.nn.transformer;

import java.util.List;
import java.util.Optional;
import org.lora4j.io.gguf.GgufModel;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.SelfAttention;

/**
 * SmolLM3 (<a href="https://huggingface.co/blog/smollm3">Hugging Face, 2025</a>): a Llama in which each fourth layer does not turn
 * queries and keys (NoPE, <a href="https://arxiv.org/abs/2501.18795">arXiv:2501.18795</a>).
 */
final class SmolLm3 extends GatedDecoder {
    private final boolean attentionBias;
    private final boolean feedForwardBias;

    /** For each layer, 1 if it turns queries and keys. */
    private final List<Integer> rotations;

    private final int interval;

    SmolLm3(JsonFields fields) {
        super(fields, new Defaults(0, 32_768, 2_000_000, true));
        attentionBias = fields.truth("attention_bias", false);
        feedForwardBias = fields.truth("mlp_bias", false);
        rotations = fields.integers("no_rope_layers");
        interval = fields.positive("no_rope_layer_interval", 4);
        if (!rotations.isEmpty() && rotations.size() < layers) {
            fields.refuse("no_rope_layers must have a number for each of the " + layers + " layers, found "
                    + rotations.size());
        }
        if (fields.truth("use_sliding_window", false) && fields.has("sliding_window")) {
            fields.refuse("sliding_window must be null, as layers without a rotation would have a window, found one");
        }
    }

    @Override
    public String architecture() {
        return "SmolLM3";
    }

    private boolean isTurned(int i) {
        return rotations.isEmpty() ? (i + 1) % interval != 0 : rotations.get(i) == 1;
    }

    @Override
    SelfAttention attention(ModelParts parts, String path, int i) {
        return attention(parts, path, attentionBias, attentionBias, isTurned(i) ? rotary : null)
                .causal()
                .build();
    }

    @Override
    Layer feedForward(ModelParts parts, String path) {
        return feedForward(parts, path, feedForwardBias);
    }

    @Override
    public Optional<GgufModel> gguf() {
        return Optional.of(gguf("smollm3", true));
    }
}
