package org.lora4j.example.mnist.experiment;

import java.util.List;
import java.util.function.BiFunction;
import java.util.function.IntFunction;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.lora4j.LoRAModel;
import org.lora4j.console.report.TestResult;
import org.lora4j.example.mnist.data.MnistBatches;
import org.lora4j.example.mnist.data.MnistData;
import org.lora4j.example.mnist.report.ChartData.Example;
import org.lora4j.nn.Model;
import org.lora4j.nn.input.Input;
import org.lora4j.train.Batch;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The digit that a network predicts for each image. */
public final class Predictions {
    private static final int BATCH_SIZE = 500;

    private final MnistData images;
    private final int[] digits;

    private Predictions(MnistData images, BiFunction<Input, IntStream, INDArray> network) {
        this.images = images;
        digits = new int[images.size()];
        int next = 0;
        for (Batch batch : MnistBatches.inOrder(images, BATCH_SIZE)) {
            IntStream labels =
                    IntStream.range(next, next + batch.input().count()).map(images::label);
            int[] predicted = network.apply(batch.input(), labels).argMax(1).toIntVector();
            System.arraycopy(predicted, 0, digits, next, predicted.length);
            next += predicted.length;
        }
    }

    /**
     * Predicts all images. The prediction is the digit with the greatest output.
     *
     * @param model the network, with or without adapters
     * @param images the images
     */
    public static Predictions of(Model model, MnistData images) {
        return new Predictions(images, (x, labels) -> model.predict(x));
    }

    /** Predicts all images, each with the adapter for the digit that it shows. */
    static Predictions perRow(LoRAModel model, IntFunction<String> adapterOf, MnistData images) {
        return new Predictions(
                images,
                (x, labels) -> model.predict(x, labels.mapToObj(adapterOf).toList()));
    }

    /** Counts right and wrong predictions. */
    public TestResult result() {
        int[][] confusion = new int[MnistData.CLASSES][MnistData.CLASSES];
        for (int i = 0; i < digits.length; i++) {
            confusion[images.label(i)][digits[i]]++;
        }
        return TestResult.of(confusion);
    }

    /** Counts the images with the same prediction as among the predictions for the digit that they show. */
    long countEqual(IntFunction<Predictions> byLabel) {
        return matching(i -> digits[i] == byLabel.apply(images.label(i)).digits[i])
                .count();
    }

    /** Returns the images that are wrong here and right with LoRA. */
    List<Example> fixedBy(Predictions lora) {
        return examples(lora, i -> !isRight(i) && lora.isRight(i));
    }

    /** Returns the images that are right here and wrong with LoRA. */
    List<Example> brokenBy(Predictions lora) {
        return examples(lora, i -> isRight(i) && !lora.isRight(i));
    }

    private boolean isRight(int i) {
        return digits[i] == images.label(i);
    }

    private List<Example> examples(Predictions lora, IntPredicate condition) {
        return matching(condition)
                .mapToObj(i -> new Example(images, i, digits[i], lora.digits[i]))
                .toList();
    }

    private IntStream matching(IntPredicate condition) {
        return IntStream.range(0, digits.length).filter(condition);
    }
}
