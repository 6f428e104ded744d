package org.lora4j.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.fixtures.Differences;
import org.lora4j.internal.math.RandomArrays;
import org.lora4j.nn.compute.internal.Pass;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.layer.Embedding;
import org.lora4j.nn.layer.LayerNorm;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.layer.RelativePositions;
import org.lora4j.nn.layer.Residual;
import org.lora4j.nn.layer.SelfAttention;
import org.lora4j.nn.layer.TokenEmbeddings;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Attentions that know the differences of positions. */
@Tag("numbers")
class RelativeAttentionTest {
    private static final int WIDTH = 4;
    private static final int LONGEST = 60;

    private final SplittableRandom random = new SplittableRandom(5);

    private enum Form {
        BIAS,
        SHARED,
        OWN,
        KEYS_ONLY,
        QUERIES_ONLY
    }

    private INDArray gaussian(long... shape) {
        return RandomArrays.gaussian(random, 0.7, DataType.DOUBLE, shape);
    }

    private Linear linear(String path) {
        return new Linear(path, gaussian(WIDTH, WIDTH), gaussian(WIDTH));
    }

    private Embedding table(int rows, int width) {
        return new Embedding("relative", gaussian(rows, width), Embedding.NO_PADDING);
    }

    private RelativePositions positions(Form form) {
        return switch (form) {
            case BIAS -> RelativePositions.buckets(table(16, 2));
            case OWN -> RelativePositions.distances(table(14, WIDTH), null, 0);
            default ->
                RelativePositions.distances(
                        table(16, WIDTH),
                        new LayerNorm("relative_norm", gaussian(WIDTH), gaussian(WIDTH), 1e-5),
                        LONGEST);
        };
    }

    private SelfAttention attention(Form form, int i, RelativePositions positions) {
        String path = "a" + i;
        Linear query = linear(path + ".q");
        Linear key = linear(path + ".k");
        SelfAttention.Builder attention = SelfAttention.builder(path, 2, 2, 2)
                .inputs(query, key, linear(path + ".v"))
                .output(linear(path + ".o"))
                .scale(0.6);
        return switch (form) {
            case BIAS -> attention.relativeBias(positions).build();
            case SHARED ->
                attention
                        .relativeKeys(positions, key)
                        .relativeQueries(positions, query)
                        .build();
            case OWN ->
                attention
                        .relativeKeys(positions, linear(path + ".pk"))
                        .relativeQueries(positions, linear(path + ".pq"))
                        .build();
            case KEYS_ONLY ->
                attention.relativeKeys(positions, key).softcap(0.9).build();
            case QUERIES_ONLY ->
                attention.relativeQueries(positions, query).dropout(0.3, 7).build();
        };
    }

    /** Two layers that share the vectors of the differences. */
    private Network network(Form form) {
        Embedding word = new Embedding("e.word", gaussian(6, WIDTH), Embedding.NO_PADDING);
        RelativePositions positions = positions(form);
        return new Network(List.of(
                new TokenEmbeddings("e", word, LONGEST),
                new Residual("first", List.of(attention(form, 0, positions))),
                attention(form, 1, positions)));
    }

    private Sequences texts(int length, @Nullable Integer shorter) {
        int[][] ids = new int[2][length];
        int[][] mask = new int[2][length];
        for (int[] row : ids) {
            Arrays.setAll(row, i -> random.nextInt(6));
        }
        for (int i = 0; i < length; i++) {
            mask[0][i] = 1;
            mask[1][i] = shorter != null && (i < shorter || i % 5 == 3) ? 0 : 1;
        }
        mask[1][length - 1] = 1;
        return Sequences.of(ids, mask, null);
    }

    @ParameterizedTest
    @EnumSource(Form.class)
    @Tag("slow")
    void computesTheFormula(Form form) {
        Network network = network(form);
        for (int length : List.of(1, 2, 9, 40)) {
            for (Sequences x : List.of(texts(length, null), texts(length, length / 3))) {
                INDArray y = network.predict(x);
                double[][] expected = LayerFormulas.output(network, x);
                for (int i = 0; i < x.tokens(); i++) {
                    assertThat(y.getRow(i).toDoubleVector())
                            .as("row %d of %d", i, length)
                            .containsExactly(expected[i], within(1e-10));
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Form.class)
    void computesTheGradients(Form form) {
        Network network = network(form);
        assertGradients(network.newTrainingPass(), texts(19, 4));
        // The others train through the scores alone.
        for (String trained : List.of("relative", "a0.q", "a1.k")) {
            network.freeze();
            network.parameters().stream()
                    .filter(parameter -> parameter.name().startsWith(trained))
                    .forEach(parameter -> parameter.setTrainable(true));
            assertGradients(network.newTrainingPass(), texts(8, null));
        }
    }

    private void assertGradients(Pass pass, Sequences x) {
        INDArray direction = gaussian(x.tokens(), WIDTH);
        DoubleSupplier loss = () -> {
            pass.segment().setStep(5);
            return pass.forward(x).mul(direction).sumNumber().doubleValue();
        };
        assertThat(loss.getAsDouble()).isFinite();
        pass.backward(direction);
        assertThat(pass.trainableParameters()).isNotEmpty();
        for (Parameter parameter : pass.trainableParameters()) {
            INDArray gradient = pass.gradient(parameter).dup('c');
            FiniteDifferences.assertGradient(parameter.name(), loss, parameter.value(), gradient, 1e-5);
        }
    }

    /** The table is shared in a copy too, and an adapter of it changes both layers. */
    @ParameterizedTest
    @EnumSource(Form.class)
    void aCopySharesTheTable(Form form) {
        Network network = network(form);
        Network copy = network.copy();
        Sequences x = texts(12, 3);
        assertThat(copy.predict(x)).isEqualTo(network.predict(x));
        assertThat(copy.weightedLayers()).hasSameSizeAs(network.weightedLayers());
        LoRAModel model = LoRAModel.of(network);
        model.add(
                "a", LoRAConfig.builder().rank(1).targetModules("relative", "q").build());
        for (Parameter parameter : model.parameters("a")) {
            parameter.value().addi(gaussian(parameter.value().shape()));
        }
        INDArray adapted = model.using("a").predict(x);
        assertThat(adapted).isNotEqualTo(network.predict(x));
        INDArray merged = model.merge("a").predict(x);
        assertThat(Differences.greatest(merged, adapted)).isLessThan(1e-12);
        List<String> rows = new ArrayList<>(List.of("a", LoRAModel.BASE));
        INDArray mixed = model.predict(x, rows);
        INDArray first = model.using("a").predict(x.part(0, 1));
        INDArray second = network.predict(x.part(1, 2));
        assertThat(Differences.greatest(mixed.getRow(3), first.getRow(3))).isLessThan(1e-12);
        assertThat(Differences.greatest(mixed.getRow(mixed.size(0) - 1), second.getRow(second.size(0) - 1)))
                .isLessThan(1e-12);
    }

    @Test
    void findsTheRowsOfDifferences() {
        RelativePositions buckets = RelativePositions.buckets(table(32, 2));
        int[] differences = {0, 1, 7, 8, 127, 128, 100_000, -1, -7, -8, -128};
        assertThat(Arrays.stream(differences).map(buckets::row))
                .containsExactly(0, 1, 7, 8, 15, 15, 15, 17, 23, 24, 31);
        assertThat(buckets.firstRow(1)).isZero();
        assertThat(buckets.endRow(1)).isEqualTo(32);
        RelativePositions clamped = RelativePositions.distances(table(6, WIDTH), null, 0);
        assertThat(Arrays.stream(new int[] {-9, -3, -1, 0, 2, 3, 9}).map(clamped::row))
                .containsExactly(0, 0, 2, 3, 5, 5, 5);
        assertThat(clamped.firstRow(1)).isEqualTo(2);
        assertThat(clamped.endRow(1)).isEqualTo(5);
    }

    @Test
    void refusesPartsThatDoNotFit() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RelativePositions.buckets(table(30, 2)))
                .withMessage("relative: the buckets must be a multiple of 4, found 30");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RelativePositions.distances(table(7, WIDTH), null, 0))
                .withMessage(
                        "relative: there must be 2·s rows for a longest text of more than s/2 + 1 tokens, found 7 and"
                                + " 0");
        RelativePositions wide = RelativePositions.buckets(table(16, 3));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> attention(Form.BIAS, 0, wide))
                .withMessage("relative: must have a column for each of the 2 heads, found 3");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SelfAttention.builder("a", 2, 1, 2)
                        .inputs(
                                linear("q"),
                                new Linear("k", gaussian(2, WIDTH), null),
                                new Linear("v", gaussian(2, WIDTH), null))
                        .output(linear("o"))
                        .relativeBias(RelativePositions.buckets(table(16, 2)))
                        .build())
                .withMessage("a: an attention with differences of positions must be one in which all tokens see each"
                        + " other, with a layer and a head of queries for each of the keys");
        RelativePositions one = RelativePositions.buckets(table(16, 2));
        RelativePositions other = RelativePositions.buckets(table(16, 2));
        Embedding word = new Embedding("e.word", gaussian(6, WIDTH), Embedding.NO_PADDING);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Network(List.of(
                        new TokenEmbeddings("e", word, LONGEST),
                        attention(Form.BIAS, 0, one),
                        attention(Form.BIAS, 1, other))))
                .withMessage("the paths of layers must differ, found relative twice");
    }
}
