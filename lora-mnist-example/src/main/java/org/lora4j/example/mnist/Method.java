package org.lora4j.example.mnist;

import org.jspecify.annotations.Nullable;

/**
 * A way to fine-tune.
 *
 * @param name what it is called
 * @param init how A begins; null to train all weights instead of LoRA
 * @param replay the share of other digits in each batch
 * @param learningRate Adam's
 */
record Method(String name, @Nullable InitChoice init, double replay, double learningRate) {
    static Method lora(String name, InitChoice init, double replay, double learningRate) {
        return new Method(name, init, replay, learningRate);
    }

    static Method full(String name, double replay, double learningRate) {
        return new Method(name, null, replay, learningRate);
    }
}
