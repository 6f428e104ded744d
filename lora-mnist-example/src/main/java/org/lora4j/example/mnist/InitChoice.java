package org.lora4j.example.mnist;

import org.lora4j.adapter.LoRAInit;
import java.util.Locale;

/** How A begins. */
enum InitChoice {
    /** N(0, 1), the article's. */
    GAUSSIAN("N(0, 1)"),
    /** U(±1/√in), PEFT's default. */
    KAIMING("U(-1/sqrt(in), 1/sqrt(in))");

    private final String distribution;

    InitChoice(String distribution) {
        this.distribution = distribution;
    }

    String distribution() {
        return distribution;
    }

    LoRAInit init() {
        return this == GAUSSIAN ? LoRAInit.gaussian(1) : LoRAInit.kaimingUniform();
    }

    /** The name on the command line. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
