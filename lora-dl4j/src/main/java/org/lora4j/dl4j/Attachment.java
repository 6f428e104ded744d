package org.lora4j.dl4j;

import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.Layer;
import org.lora4j.linalg.LowRankFactors;

/**
 * What connects a layer of an adapted network with the layer of its base. It is never stored.
 *
 * @param base the layer of the base, whose arrays are shared and never written to
 * @param weights its weights
 * @param subtracted what PiSSA and OLoRA subtract from the weights, by DL4J's key
 * @param passesGradient whether a layer below needs the gradient of the input
 * @param requireBase refuses to compute with a base that was trained
 */
record Attachment(
        Layer base,
        List<BaseWeight> weights,
        Map<String, LowRankFactors> subtracted,
        boolean passesGradient,
        Runnable requireBase) {}
