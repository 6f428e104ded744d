package org.lora4j.nn.transformer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.nn.FiniteDifferences;
import org.lora4j.nn.Network;
import org.lora4j.nn.Samples;
import org.lora4j.nn.compute.internal.Pass;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.train.Loss;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The gradient of the output can have any memory order, whatever the last layer of a transformer is. */
@Tag("numbers")
class OutputGradientOrderTest {
    private static final Sequences INPUT =
            Sequences.of(new int[] {1, 5, 9}, new int[] {1, 30, 31, 32}, new int[] {1, 7}, new int[] {2, 41, 3});

    static Stream<Function<PretrainedModel, Network>> ends() {
        return Stream.concat(Stream.of(PretrainedModel::lastHiddenState), endsWithARowForEachSequence());
    }

    static Stream<Function<PretrainedModel, Network>> endsWithARowForEachSequence() {
        return Stream.of(PretrainedModel::pooled, PretrainedModel::sentenceEmbeddings, PretrainedModel::classifier);
    }

    @ParameterizedTest
    @MethodSource("ends")
    @Tag("slow")
    void theGradientsAreTheSame(Function<PretrainedModel, Network> end) throws Exception {
        Network network = end.apply(GoldenCase.of("encoder_classifier").model(DataType.DOUBLE));
        Pass rows = network.newTrainingPass();
        Pass columns = network.newTrainingPass();
        INDArray gradient =
                Samples.gaussian(1, DataType.DOUBLE, rows.forward(INPUT).shape());
        rows.backward(gradient.dup('c'));
        columns.forward(INPUT);
        columns.backward(gradient.dup('f'));
        for (Parameter parameter : network.parameters()) {
            assertThat(Samples.bits(columns.gradient(parameter)))
                    .as(parameter.name())
                    .usingComparatorWithPrecision(1e-12)
                    .containsExactly(Samples.bits(rows.gradient(parameter)));
        }
    }

    @ParameterizedTest
    @MethodSource("endsWithARowForEachSequence")
    void theGradientOfPairsEqualsFiniteDifferences(Function<PretrainedModel, Network> end) throws Exception {
        Network network = end.apply(GoldenCase.of("encoder_classifier").model(DataType.DOUBLE));
        Loss loss = Loss.inBatchNegatives(2);
        Pass pass = network.newTrainingPass();
        INDArray output = pass.forward(INPUT);
        INDArray gradient = Nd4j.create(DataType.DOUBLE, output.shape(), 'f');
        loss.compute(output, output, gradient);
        pass.backward(gradient);
        Parameter bias = network.parameters().stream()
                .filter(parameter -> parameter.name().endsWith("encoder.layer.1.output.LayerNorm.bias"))
                .findFirst()
                .orElseThrow();
        FiniteDifferences.assertGradient(
                bias.name(),
                () -> {
                    INDArray now = network.predict(INPUT);
                    return loss.compute(now, now, now.like());
                },
                bias.value(),
                pass.gradient(bias));
    }
}
