package org.lora4j.nn.transformer;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** How the tensors of GPT-2 are named, and their shapes. */
final class Gpt2Names {
    static final String PREFIX = "transformer.";
    static final String HEAD = "lm_head.weight";
    private static final String SCORE = "score.weight";

    /** The causal mask, which old files hold. */
    private static final Pattern MASK = Pattern.compile("h\\.\\d+\\.attn\\.(bias|masked_bias)");

    /** The layers of transformers' class Conv1D, whose weights are stored as {@code [in, out]}. */
    private static final List<String> CONV1D =
            List.of("attn.c_attn.weight", "attn.c_proj.weight", "mlp.c_fc.weight", "mlp.c_proj.weight");

    private Gpt2Names() {}

    static ModelTensors.Family of(Gpt2Config config) {
        return new ModelTensors.Family(
                "n_layer",
                config.layers(),
                stored -> stored.startsWith(PREFIX) ? stored.substring(PREFIX.length()) : stored,
                name -> MASK.matcher(name).matches(),
                found -> found(config, found),
                Gpt2Names::isTransposed);
    }

    static boolean isTransposed(String name) {
        return CONV1D.stream().anyMatch(name::endsWith);
    }

    private static Map<String, long[]> found(Gpt2Config config, Map<String, long[]> found) {
        Map<String, long[]> shapes = shapes(config, found.containsKey(HEAD));
        long[] score = found.get(SCORE);
        if (score != null) {
            // A classifier has as many labels as it has.
            shapes.put(SCORE, new long[] {score.length == 0 ? 0 : score[0], config.hiddenSize()});
        }
        return shapes;
    }

    /** The shapes of a model as {@code [out, in]}, with or without a matrix of the head. */
    static Map<String, long[]> shapes(Gpt2Config config, boolean withHead) {
        long dim = config.hiddenSize();
        Map<String, long[]> shapes = new LinkedHashMap<>();
        shapes.put("wte.weight", new long[] {config.vocabularySize(), dim});
        shapes.put("wpe.weight", new long[] {config.maxPositions(), dim});
        for (int i = 0; i < config.layers(); i++) {
            String layer = "h." + i + ".";
            norm(shapes, layer + "ln_1", dim);
            linear(shapes, layer + "attn.c_attn", 3 * dim, dim);
            linear(shapes, layer + "attn.c_proj", dim, dim);
            norm(shapes, layer + "ln_2", dim);
            linear(shapes, layer + "mlp.c_fc", config.intermediateSize(), dim);
            linear(shapes, layer + "mlp.c_proj", dim, config.intermediateSize());
        }
        norm(shapes, "ln_f", dim);
        if (withHead) {
            shapes.put(HEAD, new long[] {config.vocabularySize(), dim});
        }
        return shapes;
    }

    private static void linear(Map<String, long[]> shapes, String path, long out, long in) {
        shapes.put(path + ".weight", new long[] {out, in});
        shapes.put(path + ".bias", new long[] {out});
    }

    private static void norm(Map<String, long[]> shapes, String path, long dim) {
        shapes.put(path + ".weight", new long[] {dim});
        shapes.put(path + ".bias", new long[] {dim});
    }
}
