package org.lora4j.dl4j;

import java.util.Map;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.linalg.LowRankFactors;
import org.nd4j.linalg.learning.config.IUpdater;

/**
 * What an adapted network is created from.
 *
 * @param adapter the arrays that train
 * @param subtracted what PiSSA and OLoRA subtract from the base, by module path
 * @param updater how they train
 * @param requireBase refuses to compute with a base that was trained
 */
record Adaptation(
        LoRAAdapter adapter, Map<String, LowRankFactors> subtracted, IUpdater updater, Runnable requireBase) {}
