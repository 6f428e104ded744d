package org.lora4j.example.mnist;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.lora4j.LoRAConfig;
import org.lora4j.LoRAParametrization;
import org.lora4j.nn.Linear;
import org.lora4j.nn.Network;

/** The article's LoRA: a decoration on the weight of every layer, all switched together. */
final class LoRALayers {
    private final Map<String, LoRAParametrization> byPath;

    private LoRALayers(Map<String, LoRAParametrization> byPath) {
        this.byPath = Collections.unmodifiableMap(byPath);
    }

    /** Decorates every layer; from here on only the decorations train. */
    static LoRALayers register(Network network, LoRAConfig config) {
        Map<String, LoRAParametrization> byPath = new LinkedHashMap<>();
        for (Linear linear : network.linears()) {
            byPath.put(linear.path(), LoRAParametrization.register(linear, config));
        }
        return new LoRALayers(byPath);
    }

    /** The decorations by the paths of their layers, in the order of the network. */
    Map<String, LoRAParametrization> byPath() {
        return byPath;
    }

    void setEnabled(boolean enabled) {
        byPath.values().forEach(lora -> lora.setEnabled(enabled));
    }
}
