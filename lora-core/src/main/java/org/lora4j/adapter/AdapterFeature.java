package org.lora4j.adapter;

import java.util.ArrayList;
import java.util.List;

/** What an adapter can have beside factors, biases and saved layers, and not every host computes. */
enum AdapterFeature {
    /** Rows of an embedding that replace those of some tokens; see {@link TrainableTokens}. */
    TRAINABLE_TOKENS("trainable tokens (trainable_token_indices)") {
        @Override
        boolean isMissing(BaseModel host, LoRAConfig config) {
            return !config.trainableTokens().isEmpty() && !host.supportsTrainableTokens();
        }
    },

    /** A factor B that stays frozen while A trains; see {@link LoRAInit#mica}. */
    FROZEN_B("a factor B that stays frozen (init_lora_weights \"mica\")") {
        @Override
        boolean isMissing(BaseModel host, LoRAConfig config) {
            return config.init().freezesB() && !host.supportsFrozenB();
        }
    };

    private final String text;

    AdapterFeature(String text) {
        this.text = text;
    }

    /** Whether an adapter needs the feature and the host does not support it. */
    abstract boolean isMissing(BaseModel host, LoRAConfig config);

    /** Says which features of an adapter a host lacks. */
    static List<String> missing(BaseModel host, LoRAConfig config) {
        List<String> missing = new ArrayList<>();
        for (AdapterFeature feature : values()) {
            if (feature.isMissing(host, config)) {
                missing.add(feature.text);
            }
        }
        return missing;
    }
}
