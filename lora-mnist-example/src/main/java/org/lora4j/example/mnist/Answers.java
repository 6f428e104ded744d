package org.lora4j.example.mnist;

import org.lora4j.example.mnist.report.Example;
import org.lora4j.example.mnist.report.TestResult;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.IntFunction;
import java.util.function.IntPredicate;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What a network says to each image of a test. */
final class Answers {
    private static final int BLOCK = 500;

    private final MnistData data;
    private final int[] said;

    private Answers(MnistData data, int[] said) {
        this.data = data;
        this.said = said;
    }

    /** Asks for every image; the answer is the digit with the greatest output. */
    static Answers of(UnaryOperator<INDArray> network, MnistData data) {
        return perRow((x, digits) -> network.apply(x), data);
    }

    /** Asks for every image, with the digits that the rows of a batch show at hand. */
    static Answers perRow(BiFunction<INDArray, List<Integer>, INDArray> network, MnistData data) {
        int[] said = new int[data.size()];
        int next = 0;
        MnistIterator blocks = MnistIterator.inOrder(data, BLOCK);
        while (blocks.hasNext()) {
            INDArray x = blocks.next().getFeatures();
            List<Integer> digits = IntStream.range(next, next + (int) x.size(0))
                    .mapToObj(data::label)
                    .toList();
            int[] greatest = network.apply(x, digits).argMax(1).toIntVector();
            System.arraycopy(greatest, 0, said, next, greatest.length);
            next += greatest.length;
        }
        return new Answers(data, said);
    }

    /** Takes each answer from those that belong to the digit which the image shows. */
    static Answers choose(IntFunction<Answers> byDigit, MnistData data) {
        int[] said = IntStream.range(0, data.size())
                .map(i -> byDigit.apply(data.label(i)).said[i])
                .toArray();
        return new Answers(data, said);
    }

    /** For how many images both say the same. */
    int agreements(Answers other) {
        return (int) IntStream.range(0, said.length)
                .filter(i -> said[i] == other.said[i])
                .count();
    }

    TestResult result() {
        int[][] confusion = new int[MnistData.CLASSES][MnistData.CLASSES];
        for (int i = 0; i < said.length; i++) {
            confusion[data.label(i)][said[i]]++;
        }
        return TestResult.of(confusion);
    }

    /** The images that this network gets wrong and the other, with LoRA, right. */
    List<Example> fixedBy(Answers lora) {
        return examples(lora, i -> !isRight(i) && lora.isRight(i));
    }

    /** The images that this network gets right and the other, with LoRA, wrong. */
    List<Example> brokenBy(Answers lora) {
        return examples(lora, i -> isRight(i) && !lora.isRight(i));
    }

    private boolean isRight(int i) {
        return said[i] == data.label(i);
    }

    private List<Example> examples(Answers lora, IntPredicate which) {
        List<Example> examples = new ArrayList<>();
        for (int i = 0; i < said.length; i++) {
            if (which.test(i)) {
                examples.add(
                        new Example(data.image(i), data.rows(), data.columns(), data.label(i), said[i], lora.said[i]));
            }
        }
        return examples;
    }
}
