package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;
import static org.lora4j.Refusals.argument;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.Refusals;
import org.lora4j.fixtures.Differences;
import org.lora4j.internal.math.RandomArrays;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.layer.Embedding;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.layer.SelfAttention;
import org.lora4j.nn.layer.TokenEmbeddings;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

@Tag("numbers")
class NextTokenTest {
    private static final int VOCABULARY = 7;
    private static final Loss LOSS = Loss.nextToken();

    private static INDArray gaussian(SplittableRandom random, long... shape) {
        return RandomArrays.gaussian(random, 0.7, DataType.DOUBLE, shape);
    }

    private static Network network() {
        SplittableRandom random = new SplittableRandom(5);
        Embedding word = new Embedding("word", gaussian(random, VOCABULARY, 4), Embedding.NO_PADDING);
        return new Network(List.of(
                new TokenEmbeddings("embeddings", word, 20),
                SelfAttention.builder("attention", 2, 2, 2)
                        .causal()
                        .input(new Linear("qkv", gaussian(random, 12, 4), null))
                        .output(new Linear("o", gaussian(random, 4, 4), null))
                        .build(),
                Linear.tiedTo("lm_head", word)));
    }

    /** The sum of −log p over some pairs of a row and its token. */
    private static double sum(INDArray logits, int[][] pairs) {
        double sum = 0;
        for (int[] pair : pairs) {
            double exponentials = 0;
            for (int j = 0; j < VOCABULARY; j++) {
                exponentials += Math.exp(logits.getDouble(pair[0], j));
            }
            sum += Math.log(exponentials) - logits.getDouble(pair[0], pair[1]);
        }
        return sum;
    }

    private static double loss(Network network, Sequences x, int @org.jspecify.annotations.Nullable [][] labels) {
        INDArray matrix = labels == null ? null : Nd4j.createFromArray(labels);
        return new BatchGradients(network, LOSS).compute(new Batch(x, matrix), 0, 0, 0);
    }

    @Test
    void predictsTheTokensOfTheSequences() {
        Network network = network();
        Sequences x = Sequences.of(new int[] {1, 4, 2}, new int[] {6}, new int[] {3, 5});
        INDArray logits = network.predict(x);
        double expected = sum(logits, new int[][] {{0, 4}, {1, 2}, {4, 5}}) / 3;
        assertThat(loss(network, x, null)).isCloseTo(expected, within(1e-12));
    }

    @Test
    void shiftsLabelsAndLeavesOutThoseThatDoNotCount() {
        Network network = network();
        Sequences x = Sequences.of(new int[] {1, 4, 2}, new int[] {6}, new int[] {3, 5});
        int[][] labels = {{0, -100, 3}, {1, 1, 1}, {-100, 6, -100}};
        INDArray logits = network.predict(x);
        double expected = sum(logits, new int[][] {{1, 3}, {3, 1}, {4, 6}}) / 3;
        assertThat(loss(network, x, labels)).isCloseTo(expected, within(1e-12));
        INDArray floats = Nd4j.createFromArray(labels).castTo(DataType.FLOAT);
        assertThat(new BatchGradients(network, LOSS).compute(new Batch(x, floats), 0, 0, 0))
                .isCloseTo(expected, within(1e-12));
    }

    @Test
    void findsTheLabelsOfAPaddedBatch() {
        Network network = network();
        Sequences padded = Sequences.of(
                new int[][] {{1, 4, 2}, {0, 3, 5}, {6, 2, 0}}, new int[][] {{1, 1, 1}, {0, 1, 1}, {1, 1, 0}}, null);
        int[][] labels = {{1, 4, 2}, {-100, 3, 5}, {6, 2, -100}};
        // The first token of the second row is masked: it predicts nothing.
        INDArray logits = network.predict(padded);
        double expected = sum(logits, new int[][] {{0, 4}, {1, 2}, {4, 5}, {6, 2}}) / 4;
        assertThat(loss(network, padded, labels)).isCloseTo(expected, within(1e-12));
        assertThat(loss(network, padded, null)).isCloseTo(expected, within(1e-12));
    }

    @ParameterizedTest
    @ValueSource(strings = {"cc", "ff", "cf", "fc"})
    void theGradientEqualsFiniteDifferences(String orders) {
        SplittableRandom random = new SplittableRandom(1);
        INDArray output = gaussian(random, 4, VOCABULARY).muli(3).dup(orders.charAt(0));
        INDArray targets = Nd4j.createFromArray(2, -100, 0, 6);
        INDArray gradient = Nd4j.valueArrayOf(new long[] {4, VOCABULARY}, 9.0, DataType.DOUBLE)
                .dup(orders.charAt(1));
        LOSS.compute(output, targets, gradient);
        INDArray unused = output.like();
        double h = 1e-6;
        for (int i = 0; i < 4; i++) {
            for (int j = 0; j < VOCABULARY; j++) {
                double value = output.getDouble(i, j);
                double above = LOSS.compute(output.putScalar(i, j, value + h), targets, unused);
                double below = LOSS.compute(output.putScalar(i, j, value - h), targets, unused);
                output.putScalar(i, j, value);
                assertThat(gradient.getDouble(i, j)).isCloseTo((above - below) / (2 * h), within(1e-8));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"FLOAT", "DOUBLE"})
    void doesNotOverflow(DataType type) {
        INDArray output = Nd4j.createFromArray(new double[][] {{1e4, 0, -1e4}, {-1e4, 1e4, 0}})
                .castTo(type);
        INDArray gradient = output.like();
        assertThat(LOSS.compute(output, Nd4j.createFromArray(2, 1), gradient)).isEqualTo(1e4);
        INDArray expected = Nd4j.createFromArray(new double[][] {{0.5, 0, -0.5}, {0, 0, 0}});
        assertThat(Differences.greatest(gradient, expected)).isLessThan(1e-20);
    }

    /** Batches with different numbers of labels, one after the other, make the step that one batch makes. */
    @Test
    void accumulationCountsLabelsNotTokens() {
        Sequences all = Sequences.of(new int[] {1, 4, 2, 6, 0}, new int[] {3, 5, 5}, new int[] {2, 1});
        int[][] labels = {{-100, -100, -100, 6, -100}, {-100, 5, 5, -100, -100}, {-100, 1, -100, -100, -100}};
        List<INDArray> trained = new ArrayList<>();
        for (int parts : new int[] {1, 3}) {
            Network network = network();
            List<Batch> batches = new ArrayList<>();
            for (int i = 0; i < parts; i++) {
                Sequences x = parts == 1 ? all : all.part(i, i + 1);
                batches.add(new Batch(
                        x, parts == 1 ? Nd4j.createFromArray(labels) : Nd4j.createFromArray(new int[][] {labels[i]})));
            }
            TrainingResult result = Trainer.builder(network)
                    .loss(LOSS)
                    .updater(new Sgd(0.1))
                    .accumulate(parts)
                    .build()
                    .fit(batches);
            assertThat(result.iterations()).isEqualTo(1);
            trained.add(Nd4j.concat(
                    0,
                    network.parameters().stream()
                            .map(Parameter::value)
                            .map(value -> value.reshape(value.length()))
                            .toArray(INDArray[]::new)));
        }
        assertThat(Differences.greatest(trained.get(0), trained.get(1))).isLessThan(1e-12);
    }

    @Test
    void aPartHasTheWeightOfItsLabelsAndAValidationTheMeanOverThem() {
        Network network = network();
        Batch large = new Batch(Sequences.of(new int[] {1, 4, 2, 6, 0}), null);
        Batch small = new Batch(
                Sequences.of(new int[] {3, 5, 5, 2}), Nd4j.createFromArray(new int[][] {{-100, 5, -100, -100}}));
        BatchGradients gradients = new BatchGradients(network, LOSS);
        double ofLarge = gradients.compute(large, 0, 0, 0);
        assertThat(gradients.weight()).isEqualTo(4);
        double ofSmall = gradients.compute(small, 0, 0, 0);
        assertThat(gradients.weight()).isEqualTo(1);
        double mean = new ValidationLoss(network, LOSS, BatchSource.of(List.of(large, small))).getAsDouble();
        assertThat(mean).isCloseTo((4 * ofLarge + ofSmall) / 5, within(1e-12));
    }

    @Test
    void refusesLabelsThatDoNotFit() {
        Network network = network();
        Sequences x = Sequences.of(new int[] {1, 4, 2}, new int[] {6});
        Refusals.check(
                argument(() -> loss(network, x, new int[][] {{1, 4}, {6, -100}}))
                        .says("labels: must be a matrix with a row for each of the 2 sequences and a column for each of"
                                + " their up to 3 tokens, found [2, 2]"),
                argument(() -> loss(network, x, new int[][] {{1, -1, 2}, {6, -100, -100}}))
                        .says("labels: each must be a token, or -100 to take no part, found -1.0 at [0, 1]"),
                argument(() -> loss(network, x, new int[][] {{1, 7, 2}, {6, -100, -100}}))
                        .says("labels: each token must be below the vocabulary of 7, found 7; use the tokenizer of this"
                                + " model"),
                argument(() -> loss(network, Sequences.of(new int[] {1}, new int[] {6}), null))
                        .says("labels: at least one token of a batch must have a label that counts, found none; the"
                                + " first token of a sequence has nothing that predicts it, and -100 takes no part"),
                argument(() -> LOSS.compute(
                                gaussian(new SplittableRandom(1), 3, 2),
                                Nd4j.createFromArray(1, 0),
                                Nd4j.create(DataType.DOUBLE, 3, 2)))
                        .says("labels: there must be one for each of the 3 rows of the output, found [2]"));
        Network rows = Network.builder(2).linear("l", 3).build(1);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Trainer.builder(rows)
                        .loss(LOSS)
                        .build()
                        .fit(new org.nd4j.linalg.dataset.DataSet(Nd4j.rand(2, 2), Nd4j.rand(2, 3))))
                .withMessageStartingWith("the loss of the next token needs a model that takes sequences, found ");
    }
}
