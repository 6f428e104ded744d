package org.lora4j.nn.transformer;

import java.util.LinkedHashMap;
import java.util.Map;

/** How the tensors of the Llama family are named, and their shapes. */
final class LlamaNames {
    static final String PREFIX = "model.";
    static final String HEAD = "lm_head.weight";
    private static final String SCORE = "score.weight";

    private LlamaNames() {}

    static ModelTensors.Family of(LlamaConfig config) {
        return new ModelTensors.Family(
                "num_hidden_layers",
                config.layers(),
                stored -> stored.startsWith(PREFIX) ? stored.substring(PREFIX.length()) : stored,
                // Frequencies, which files of 2023 hold.
                name -> name.endsWith(".rotary_emb.inv_freq"),
                found -> found(config, found),
                name -> false);
    }

    private static Map<String, long[]> found(LlamaConfig config, Map<String, long[]> found) {
        Map<String, long[]> shapes = shapes(config, found.containsKey(HEAD));
        long[] score = found.get(SCORE);
        if (score != null) {
            // A classifier has as many labels as it has.
            shapes.put(SCORE, new long[] {score.length == 0 ? 0 : score[0], config.hiddenSize()});
        }
        return shapes;
    }

    /** The shapes of a model, with or without a matrix of the head. */
    static Map<String, long[]> shapes(LlamaConfig config, boolean withHead) {
        long dim = config.hiddenSize();
        long queries = (long) config.heads() * config.headSize();
        long keys = (long) config.keyValueHeads() * config.headSize();
        Map<String, long[]> shapes = new LinkedHashMap<>();
        shapes.put("embed_tokens.weight", new long[] {config.vocabularySize(), dim});
        for (int i = 0; i < config.layers(); i++) {
            String layer = "layers." + i + ".";
            String attention = layer + "self_attn.";
            shapes.put(layer + "input_layernorm.weight", new long[] {dim});
            linear(shapes, attention + "q_proj", queries, dim, config.inputBias());
            linear(shapes, attention + "k_proj", keys, dim, config.inputBias());
            linear(shapes, attention + "v_proj", keys, dim, config.inputBias());
            linear(shapes, attention + "o_proj", dim, queries, config.outputBias());
            if (config.headNorms()) {
                shapes.put(attention + "q_norm.weight", new long[] {config.headSize()});
                shapes.put(attention + "k_norm.weight", new long[] {config.headSize()});
            }
            shapes.put(layer + "post_attention_layernorm.weight", new long[] {dim});
            linear(shapes, layer + "mlp.gate_proj", config.intermediateSize(), dim, config.feedForwardBias());
            linear(shapes, layer + "mlp.up_proj", config.intermediateSize(), dim, config.feedForwardBias());
            linear(shapes, layer + "mlp.down_proj", dim, config.intermediateSize(), config.feedForwardBias());
        }
        shapes.put("norm.weight", new long[] {dim});
        if (withHead) {
            shapes.put(HEAD, new long[] {config.vocabularySize(), dim});
        }
        return shapes;
    }

    private static void linear(Map<String, long[]> shapes, String path, long out, long in, boolean bias) {
        shapes.put(path + ".weight", new long[] {out, in});
        if (bias) {
            shapes.put(path + ".bias", new long[] {out});
        }
    }
}
