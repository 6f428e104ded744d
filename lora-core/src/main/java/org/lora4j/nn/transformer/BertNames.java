package org.lora4j.nn.transformer;

import java.util.List;
import java.util.Map;

/** How the tensors of encoders are named. */
final class BertNames {
    private BertNames() {}

    static ModelTensors.Family of(BertConfig config) {
        return new ModelTensors.Family(
                "num_hidden_layers",
                config.layers(),
                BertNames::plain,
                BertNames::isOfNoUse,
                found -> shapes(config, found),
                name -> false);
    }

    private static Map<String, long[]> shapes(BertConfig config, Map<String, long[]> found) {
        Map<String, long[]> shapes = BertShapes.encoder(config);
        shapes.putAll(BertShapes.optional(config, found));
        return shapes;
    }

    /** Buffers that are computed, and the heads of the task of pre-training. */
    private static boolean isOfNoUse(String name) {
        return name.endsWith("position_ids")
                || name.endsWith("token_type_ids")
                || name.startsWith("cls.")
                || name.startsWith("lm_head.");
    }

    private static String plain(String stored) {
        String name = stored;
        for (String prefix : List.of("bert.", "roberta.")) {
            if (name.startsWith(prefix)) {
                name = name.substring(prefix.length());
            }
        }
        if (name.endsWith("LayerNorm.gamma")) {
            return name.substring(0, name.length() - "gamma".length()) + "weight";
        }
        if (name.endsWith("LayerNorm.beta")) {
            return name.substring(0, name.length() - "beta".length()) + "bias";
        }
        return name;
    }
}
