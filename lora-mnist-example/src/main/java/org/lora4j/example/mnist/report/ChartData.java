package org.lora4j.example.mnist.report;

import java.util.List;
import org.lora4j.example.mnist.data.MnistData;

/**
 * What the charts show beside the numbers of the report.
 *
 * @param baseLosses the loss of each batch of the base training; empty if the base was loaded
 * @param fineTuneLosses the loss of each batch of the fine-tuning
 * @param fixed the test images that are predicted wrong without LoRA and right with it
 * @param broken the test images that are predicted right without LoRA and wrong with it
 */
public record ChartData(
        List<Double> baseLosses, List<Double> fineTuneLosses, List<Example> fixed, List<Example> broken) {
    /**
     * A test image and the two predictions for it.
     *
     * @param images the test images
     * @param index the index of the image
     * @param base the digit that the network predicts without LoRA
     * @param lora the digit that the network predicts with LoRA
     */
    public record Example(MnistData images, int index, int base, int lora) {}
}
