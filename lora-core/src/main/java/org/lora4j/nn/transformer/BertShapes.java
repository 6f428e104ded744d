package org.lora4j.nn.transformer;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The names and shapes of the tensors of a model. */
final class BertShapes {
    private BertShapes() {}

    /** The tensors of every encoder. */
    static Map<String, long[]> encoder(BertConfig config) {
        long dim = config.hiddenSize();
        Map<String, long[]> shapes = new LinkedHashMap<>();
        shapes.put("embeddings.word_embeddings.weight", new long[] {config.vocabularySize(), dim});
        shapes.put("embeddings.position_embeddings.weight", new long[] {config.maxPositions(), dim});
        shapes.put("embeddings.token_type_embeddings.weight", new long[] {config.types(), dim});
        norm(shapes, "embeddings.LayerNorm", dim);
        for (int i = 0; i < config.layers(); i++) {
            String layer = "encoder.layer." + i + ".";
            linear(shapes, layer + "attention.self.query", dim, dim);
            linear(shapes, layer + "attention.self.key", dim, dim);
            linear(shapes, layer + "attention.self.value", dim, dim);
            linear(shapes, layer + "attention.output.dense", dim, dim);
            norm(shapes, layer + "attention.output.LayerNorm", dim);
            linear(shapes, layer + "intermediate.dense", config.intermediateSize(), dim);
            linear(shapes, layer + "output.dense", dim, config.intermediateSize());
            norm(shapes, layer + "output.LayerNorm", dim);
        }
        return shapes;
    }

    /** The tensors of the pooler and of a classifier, as far as the files have them. */
    static Map<String, long[]> optional(BertConfig config, Map<String, long[]> found) {
        long dim = config.hiddenSize();
        Map<String, long[]> shapes = new LinkedHashMap<>();
        if (found.containsKey("pooler.dense.weight")) {
            linear(shapes, "pooler.dense", dim, dim);
        }
        if (config.isRoberta() && found.containsKey("classifier.dense.weight")) {
            linear(shapes, "classifier.dense", dim, dim);
        }
        for (String output : List.of("classifier", "classifier.out_proj")) {
            long[] shape = found.get(output + ".weight");
            if (shape != null && shape.length == 2) {
                linear(shapes, output, shape[0], dim);
            }
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
