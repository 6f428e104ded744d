package org.lora4j.example.mnist.experiment;

import java.util.List;
import java.util.function.BiFunction;
import java.util.function.IntFunction;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.lora4j.LoRAModel;
import org.lora4j.example.mnist.data.MnistBatches;
import org.lora4j.example.mnist.data.MnistData;
import org.lora4j.example.mnist.report.ChartData.Example;
import org.lora4j.example.support.report.TestResult;
import org.lora4j.nn.Model;
import org.lora4j.nn.input.Input;
import org.lora4j.train.Batch;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The digit that a network predicts for each image. */
public final class Predictions {
    private static final int BATCH_SIZE = 500;

    private final MnistData images;
    private final int[] digits;

    private Predictions(MnistData images, int[] digits) {
        this.images = images;
        this.digits = digits;
    }

    /**
     * Predicts all images. The prediction is the digit with the greatest output.
     *
     * @param model the network, with or without adapters
     * @param images the images
     */
    public static Predictions of(Model model, MnistData images) {
        return of((x, labels) -> model.predict(x), images);
    }

    /** Predicts all images, each with the adapter for the digit that it shows. */
    static Predictions perRow(LoRAModel model, IntFunction<String> adapterOf, MnistData images) {
        return of(
                (x, labels) ->
                        model.predict(x, labels.stream().map(adapterOf::apply).toList()),
                images);
    }

    private static Predictions of(BiFunction<Input, List<Integer>, INDArray> network, MnistData images) {
        int[] digits = new int[images.size()];
        int next = 0;
        for (Batch batch : MnistBatches.inOrder(images, BATCH_SIZE)) {
            List<Integer> labels = IntStream.range(next, next + batch.input().count())
                    .mapToObj(images::label)
                    .toList();
            int[] predicted = network.apply(batch.input(), labels).argMax(1).toIntVector();
            System.arraycopy(predicted, 0, digits, next, predicted.length);
            next += predicted.length;
        }
        return new Predictions(images, digits);
    }

    /** Takes the prediction for each image from the predictions for the digit that it shows. */
    static Predictions choose(IntFunction<Predictions> byLabel, MnistData images) {
        return new Predictions(
                images,
                IntStream.range(0, images.size())
                        .map(i -> byLabel.apply(images.label(i)).digits[i])
                        .toArray());
    }

    /** Counts the images for which both have the same prediction. */
    long countEqual(Predictions other) {
        return matching(i -> digits[i] == other.digits[i]).count();
    }

    /** Counts right and wrong predictions. */
    public TestResult result() {
        int[][] confusion = new int[MnistData.CLASSES][MnistData.CLASSES];
        for (int i = 0; i < digits.length; i++) {
            confusion[images.label(i)][digits[i]]++;
        }
        return TestResult.of(confusion);
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
