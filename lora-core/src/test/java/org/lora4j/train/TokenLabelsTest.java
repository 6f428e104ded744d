package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.nn.transformer.PretrainedModel;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Labels of tokens, of which some do not count. */
@Tag("numbers")
class TokenLabelsTest {
    private static final Sequences TEXTS =
            Sequences.of(new int[][] {{5, 9, 3, 0}, {0, 7, 2, 8}}, new int[][] {{1, 1, 1, 0}, {0, 1, 0, 1}}, null);

    private static final Network NETWORK = PretrainedModel.initialize(ModelConfig.parse("""
                    {"model_type": "bert", "vocab_size": 20, "num_hidden_layers": 1, "hidden_size": 8,
                     "num_attention_heads": 2, "intermediate_size": 8, "max_position_embeddings": 8,
                     "hidden_dropout_prob": 0, "attention_probs_dropout_prob": 0}
                    """), DataType.DOUBLE, 1)
            .tokenClassifier(3, 2);

    private static double loss(Loss loss, INDArray labels) {
        return new BatchGradients(NETWORK, loss).compute(new Batch(TEXTS, labels), 0, 0, 0);
    }

    @Test
    void isTheMeanOverTheLabelsThatCount() {
        INDArray labels = Nd4j.createFromArray(new int[][] {{-100, 2, 0, -100}, {-100, 1, -100, -100}});
        // Of the rows 5 9 3 | masked, 7 8.
        INDArray rows = NETWORK.predict(TEXTS);
        assertThat(rows.size(0)).isEqualTo(6);
        double[] weights = {2, 0.5, 1};
        INDArray of = Nd4j.createFromArray(-100, 2, 0, -100, 1, -100);
        for (Loss loss : List.of(Loss.sparseSoftmaxCrossEntropy(), Loss.sparseSoftmaxCrossEntropy(weights))) {
            assertThat(loss(loss, labels)).isCloseTo(loss.compute(rows, of, rows.like()), within(1e-12));
        }
        BatchGradients gradients = new BatchGradients(NETWORK, Loss.sparseSoftmaxCrossEntropy());
        gradients.compute(new Batch(TEXTS, labels), 0, 0, 0);
        assertThat(gradients.weight()).isEqualTo(3);
    }

    @Test
    void anEvaluationCountsTheTokensThatCount() {
        INDArray labels = Nd4j.createFromArray(new int[][] {{0, 2, 0, -100}, {-100, 1, -100, 1}});
        Evaluation found = Evaluator.evaluate(NETWORK, List.of(new Batch(TEXTS, labels)));
        int[] predicted = NETWORK.predict(TEXTS).argMax(1).toIntVector();
        int[] actual = {0, 2, 0, -100, 1, 1};
        Evaluation expected = new Evaluation(3);
        for (int i = 0; i < actual.length; i++) {
            if (actual[i] >= 0) {
                expected.eval(predicted[i], actual[i]);
            }
        }
        assertThat(found.getConfusion().toCSV())
                .isEqualTo(expected.getConfusion().toCSV());
    }

    private static void assertRefused(String message, INDArray labels) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> loss(Loss.sparseSoftmaxCrossEntropy(), labels))
                .withMessageStartingWith("labels: ")
                .withMessageContaining(message);
    }

    @Test
    void refusesLabelsThatDoNotFit() {
        assertRefused(
                "that of a masked token or of padding must be -100, found 1 at [1, 2]",
                Nd4j.createFromArray(new int[][] {{0, 1, 2, -100}, {-100, 1, 1, 1}}));
        assertRefused(
                "that of a masked token or of padding must be -100, found 2 at [0, 3]",
                Nd4j.createFromArray(new int[][] {{0, 1, 2, 2}, {-100, 1, -100, 1}}));
        assertRefused(
                "at least one token of a batch must have a label that counts",
                Nd4j.valueArrayOf(new long[] {2, 4}, -100.0));
        assertRefused("a column for each of their up to 4 tokens, found [2, 3]", Nd4j.createFromArray(new int[][] {
            {0, 1, 2}, {-100, 1, -100}
        }));
        assertRefused("must be the number of one of the 3 classes, from 0, found 3", Nd4j.createFromArray(new int[][] {
            {0, 1, 3, -100}, {-100, 1, -100, 1}
        }));
        assertRefused(
                "each must be the number of a class, or -100 to take no part, found 0.5 at [0, 0]",
                Nd4j.createFromArray(new double[][] {{0.5, 1, 2, -100}, {-100, 1, -100, 1}}));
        // One for each text is for a classifier of texts.
        assertRefused("one for each of the 6 rows of the output, found [2]", Nd4j.createFromArray(0, 1));
    }
}
