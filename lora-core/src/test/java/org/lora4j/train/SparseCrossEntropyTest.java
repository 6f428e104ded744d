package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.Models;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.nn.FiniteDifferences;
import org.lora4j.nn.Network;
import org.lora4j.nn.Samples;
import org.lora4j.nn.input.Input;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;

/** Classes as numbers give what the same classes give as one-hot rows. */
@Tag("numbers")
class SparseCrossEntropyTest {
    private static final int IN = 6;
    private static final int CLASSES = 4;
    private static final double[] WEIGHTS = {0.3, 2, 0, 1.7};

    private static INDArray oneHot(DataType type, int... classes) {
        INDArray labels = Nd4j.zeros(type, classes.length, CLASSES);
        for (int i = 0; i < classes.length; i++) {
            labels.putScalar(i, classes[i], 1);
        }
        return labels;
    }

    private static double value(Loss loss, INDArray output, INDArray labels) {
        return loss.compute(output, labels, output.like());
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"FLOAT", "DOUBLE"})
    void isThatOfOneHotRows(DataType type) {
        int[] classes = new int[700];
        Arrays.setAll(classes, i -> i * 7 % CLASSES);
        for (char order : new char[] {'c', 'f'}) {
            INDArray output =
                    Samples.gaussian(1, type, classes.length, CLASSES).mul(3).dup(order);
            for (double[] weights : new double[][] {null, WEIGHTS}) {
                Loss dense = weights == null ? Loss.softmaxCrossEntropy() : Loss.softmaxCrossEntropy(weights);
                Loss sparse =
                        weights == null ? Loss.sparseSoftmaxCrossEntropy() : Loss.sparseSoftmaxCrossEntropy(weights);
                INDArray expected = output.like();
                INDArray gradient = output.like();
                double loss = dense.compute(output, oneHot(type, classes), expected);
                double found = sparse.compute(output, Nd4j.createFromArray(classes), gradient);
                if (weights == null || type == DataType.DOUBLE) {
                    assertThat(found).isEqualTo(loss);
                    assertThat(Samples.bits(gradient)).isEqualTo(Samples.bits(expected));
                } else { // The one-hot rows hold the weights as floats.
                    assertThat(found).isCloseTo(loss, within(1e-7));
                    assertThat(gradient.distance2(expected)).isLessThan(1e-7);
                }
            }
        }
    }

    @Test
    void aLabelThatDoesNotCountTakesNoPart() {
        INDArray output = Samples.gaussian(1, DataType.DOUBLE, 5, CLASSES);
        for (Loss loss : List.of(Loss.sparseSoftmaxCrossEntropy(), Loss.sparseSoftmaxCrossEntropy(WEIGHTS))) {
            INDArray gradient = output.like();
            double found = loss.compute(output, Nd4j.createFromArray(1, -100, 3, -100, 0), gradient);
            INDArray counting = output.getRows(0, 2, 4);
            INDArray expected = counting.like();
            assertThat(found).isEqualTo(loss.compute(counting, Nd4j.createFromArray(1, 3, 0), expected));
            assertThat(gradient.getRows(0, 2, 4)).isEqualTo(expected);
            assertThat(gradient.getRows(1, 3).norm1Number().doubleValue()).isZero();
            INDArray labels = Nd4j.createFromArray(1, -100, 3, -100, 0);
            FiniteDifferences.assertGradient("output", () -> value(loss, output, labels), output, gradient);
        }
    }

    private static Network network() {
        return Models.dense(IN, 7, CLASSES);
    }

    /** Batches of different sizes; in those with gaps, the labels of some rows do not count. */
    private static List<Batch> batches(boolean asNumbers, boolean withGaps) {
        List<Batch> batches = new ArrayList<>();
        int[] sizes = {5, 1, 8, 2, 4};
        for (int i = 0; i < sizes.length; i++) {
            int[] classes = new int[sizes[i]];
            for (int j = 0; j < classes.length; j++) {
                classes[j] = withGaps && j % 3 == 1 ? -100 : (i + 3 * j) % CLASSES;
            }
            INDArray x = Samples.gaussian(i, DataType.FLOAT, sizes[i], IN);
            if (asNumbers) {
                INDArray labels = Nd4j.createFromArray(classes);
                batches.add(new Batch(
                        Input.of(x),
                        i % 2 == 0 ? labels : labels.reshape(sizes[i], 1).castTo(DataType.FLOAT)));
            } else {
                int[] rows = IntStream.range(0, sizes[i])
                        .filter(j -> classes[j] != -100)
                        .toArray();
                int[] counting = Arrays.stream(rows).map(j -> classes[j]).toArray();
                batches.add(new Batch(Input.of(x.getRows(rows)), oneHot(DataType.FLOAT, counting)));
            }
        }
        return batches;
    }

    private static List<INDArray> train(
            boolean asNumbers, boolean withGaps, @Nullable TrainingState from, Consumer<Trainer.Builder> settings) {
        AdapterView view = LoRAModel.of(network())
                .add(
                        "a",
                        LoRAConfig.builder()
                                .rank(2)
                                .modulesToSave("linear2")
                                .seed(3)
                                .build());
        Trainer.Builder builder = Trainer.builder(view)
                .loss(asNumbers ? Loss.sparseSoftmaxCrossEntropy() : Loss.softmaxCrossEntropy())
                .updater(new Adam(0.01))
                .epochs(3)
                .accumulate(2)
                .validation(Validation.loss(batches(asNumbers, withGaps)));
        settings.accept(builder);
        if (from != null) {
            builder.resume(from);
        }
        builder.build().fit(batches(asNumbers, withGaps));
        return view.parameters().stream().map(Parameter::value).toList();
    }

    private static void assertSameBits(List<INDArray> found, List<INDArray> expected) {
        for (int i = 0; i < expected.size(); i++) {
            assertThat(Samples.bits(found.get(i))).isEqualTo(Samples.bits(expected.get(i)));
        }
    }

    @Test
    void aTrainingGivesTheBitsOfOneWithOneHotRows() {
        List<Double> losses = new ArrayList<>();
        List<INDArray> expected = train(false, false, null, builder -> builder.listener(losses(losses)));
        List<Double> found = new ArrayList<>();
        assertSameBits(train(true, false, null, builder -> builder.listener(losses(found))), expected);
        assertThat(found).isEqualTo(losses).hasSize(9);
    }

    private static TrainingListener losses(List<Double> losses) {
        return new TrainingListener() {
            @Override
            public void onIteration(Iteration iteration) {
                losses.add(iteration.loss());
            }
        };
    }

    /** Also where a step has several batches with other numbers of labels that count, and in the validation. */
    @Test
    void rowsThatDoNotCountAreAsIfTheyWereNotThere() {
        List<INDArray> expected = train(false, true, null, builder -> {});
        List<INDArray> found = train(true, true, null, builder -> {});
        for (int i = 0; i < expected.size(); i++) {
            assertThat(found.get(i).distance2(expected.get(i))).isLessThan(1e-5);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void resumesBitForBit(boolean withGaps) {
        List<TrainingState> states = new ArrayList<>();
        List<INDArray> expected = train(true, withGaps, null, builder -> builder.checkpointEvery(4, states::add));
        assertSameBits(train(true, withGaps, states.get(0), builder -> {}), expected);
    }

    @Test
    void trainsManyAdaptersTogether() {
        LoRAModel together = LoRAModel.of(network());
        MultiTrainer trainer = new MultiTrainer();
        List<INDArray> expected = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            LoRAConfig config = LoRAConfig.builder().rank(2).seed(i).build();
            List<Batch> data = batches(true, i == 1);
            trainer.add(
                    Trainer.builder(together.add("a" + i, config))
                            .loss(Loss.sparseSoftmaxCrossEntropy(WEIGHTS))
                            .build(),
                    data);
            AdapterView alone = LoRAModel.of(network()).add("a", config);
            Trainer.builder(alone)
                    .loss(Loss.sparseSoftmaxCrossEntropy(WEIGHTS))
                    .build()
                    .fit(data);
            alone.parameters().forEach(parameter -> expected.add(parameter.value()));
        }
        trainer.fit().forEach(outcome -> assertThat(outcome.failure()).isEmpty());
        List<INDArray> found = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            together.parameters("a" + i).forEach(parameter -> found.add(parameter.value()));
        }
        for (int i = 0; i < expected.size(); i++) {
            assertThat(found.get(i).distance2(expected.get(i))).isLessThan(1e-6);
        }
    }

    @Test
    void anEvaluationTakesNumbersToo() {
        Evaluation found = Evaluator.evaluate(network(), batches(true, true));
        Evaluation expected = Evaluator.evaluate(network(), batches(false, true));
        assertThat(found.getConfusionMatrix()).isEqualTo(expected.getConfusionMatrix());
        assertThat(found.getConfusion().toCSV())
                .isEqualTo(expected.getConfusion().toCSV());
    }

    private static void assertRefused(String message, @Nullable INDArray labels) {
        Trainer trainer = Trainer.builder(network())
                .loss(Loss.sparseSoftmaxCrossEntropy())
                .build();
        Batch batch = new Batch(Input.of(Samples.gaussian(1, DataType.FLOAT, 3, IN)), labels);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> trainer.fit(List.of(batch)))
                .withMessageStartingWith("labels: ")
                .withMessageContaining(message);
    }

    @Test
    void refusesLabelsThatAreNoClasses() {
        assertRefused("must be the number of one of the 4 classes, from 0, found 4", Nd4j.createFromArray(0, 4, 1));
        assertRefused(
                "each must be the number of a class, or -100 to take no part, found 0.5 at row 1",
                Nd4j.createFromArray(0, 0.5, 1));
        assertRefused("found -1.0 at row 2", Nd4j.createFromArray(0, 1, -1));
        assertRefused("at least one example of a batch must have a label that counts", Nd4j.valueArrayOf(3, -100.0));
        assertRefused("for each of the 3 examples, as a vector or a column, found [2]", Nd4j.createFromArray(0, 1));
        assertRefused("found [1, 3]", Nd4j.createFromArray(new int[][] {{0, 1, 2}}));
        assertRefused("found none", null);
        assertRefused("found NaN at row 0", Nd4j.createFromArray(Double.NaN, 1, 2));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> value(
                        Loss.sparseSoftmaxCrossEntropy(1, 2), Nd4j.zeros(1, 3), Nd4j.createFromArray(new int[] {0})))
                .withMessage("weights: there must be one for each of the 3 classes, found 2");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Loss.sparseSoftmaxCrossEntropy(1, Double.NaN))
                .withMessageContaining("found NaN for class 1");
        assertThat(Loss.sparseSoftmaxCrossEntropy(1, 2)).hasToString("SparseCrossEntropy[1.0, 2.0]");
        DataSet rows = new DataSet(Samples.gaussian(1, DataType.FLOAT, 3, IN), Nd4j.zeros(3, 1));
        assertThat(Trainer.builder(network())
                        .loss(Loss.sparseSoftmaxCrossEntropy())
                        .build()
                        .fit(rows)
                        .finalLoss())
                .isPositive();
    }
}
