package org.lora4j.algebra;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;
import static org.lora4j.algebra.AdapterSamples.gaussian;
import static org.lora4j.algebra.AdapterSamples.layer;
import static org.lora4j.algebra.AdapterSamples.norm;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.adapter.BaseLayer;
import org.lora4j.adapter.BaseModel;
import org.lora4j.adapter.BiasTraining;
import org.lora4j.adapter.LayerKind;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.fixtures.Differences;
import org.lora4j.linalg.LowRankFactors;
import org.lora4j.linalg.Svd;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Calculates with adapters of dense layers, embeddings and convolutions, on a host that is no network of this library. */
@Tag("numbers")
class LayerKindAlgebraTest {
    private static final DataType D = DataType.DOUBLE;
    private static final int RANK = 3;
    private static final int FULL_RANK = 100;
    private static final double ALPHA = 5;

    private record Layer(
            String path,
            LayerKind kind,
            INDArray weight,
            @Nullable INDArray bias) implements BaseLayer {}

    /** The kinds that adapters can have factors for. */
    private static final List<LayerKind> KINDS =
            List.of(LayerKind.LINEAR, LayerKind.EMBEDDING, LayerKind.CONV1D, LayerKind.CONV2D);

    private record Host(List<Layer> baseLayers) implements BaseModel {
        @Override
        public DataType dataType() {
            return baseLayers.get(0).dataType();
        }
    }

    private static long[] shape(LayerKind kind) {
        return switch (kind) {
            case LINEAR -> new long[] {5, 7};
            case EMBEDDING -> new long[] {9, 4};
            case CONV1D -> new long[] {4, 3, 2};
            case CONV2D -> new long[] {4, 3, 2, 2};
            case NORM -> throw new AssertionError();
        };
    }

    /** One layer of each kind, with the kind as its path. An embedding has no bias. */
    private static Host host(DataType type, long seed) {
        List<Layer> layers = KINDS.stream()
                .map(kind -> new Layer(
                        kind.name(),
                        kind,
                        gaussian(type, seed + kind.name().length(), shape(kind)),
                        kind == LayerKind.EMBEDDING ? null : gaussian(type, ~seed, shape(kind)[0])))
                .toList();
        return new Host(layers);
    }

    /** A random adapter of all layers. */
    private static LoRAAdapter adapter(DataType type, long seed, int rank) {
        Map<String, LoRAWeights> weights = new LinkedHashMap<>();
        for (LayerKind kind : KINDS) {
            weights.put(kind.name(), weights(kind, type, seed + kind.name().length(), rank, null));
        }
        return new LoRAAdapter(LoRAConfig.of(rank, ALPHA), weights);
    }

    private static LoRAWeights weights(
            LayerKind kind, DataType type, long seed, int rank, @Nullable INDArray magnitude) {
        long[] shape = shape(kind);
        return LoRAWeights.of(
                kind,
                shape,
                new LowRankFactors(
                        gaussian(type, seed, kind.outputSize(shape), rank),
                        gaussian(type, ~seed, rank, kind.inputSize(shape))),
                magnitude,
                null);
    }

    private static INDArray delta(Host host, LoRAAdapter adapter, LayerKind kind) {
        return layer(adapter, kind.name())
                .delta(host.baseLayer(kind.name()).weight(), adapter.config().scaleOf(kind.name()));
    }

    /** The weight as a matrix {@code [out, in]} of doubles, read element by element. */
    private static INDArray matrix(LayerKind kind, INDArray weight) {
        INDArray matrix = Nd4j.create(D, kind.outputSize(weight.shape()), kind.inputSize(weight.shape()));
        for (long o = 0; o < matrix.size(0); o++) {
            for (long i = 0; i < matrix.size(1); i++) {
                double value = switch (kind) {
                    case LINEAR -> weight.getDouble(o, i);
                    case EMBEDDING -> weight.getDouble(i, o);
                    case CONV1D -> weight.getDouble(o, i / 2, i % 2);
                    case CONV2D -> weight.getDouble(o, i / 4, i / 2 % 2, i % 2);
                    case NORM -> throw new AssertionError();
                };
                matrix.putScalar(o, i, value);
            }
        }
        return matrix;
    }

    /** {@code B·A} as a matrix of doubles, from the factors in the shapes of PEFT. */
    private static INDArray product(LayerKind kind, LoRAWeights weights) {
        INDArray a = kind.weightRank() > 2 ? matrix(kind, weights.loraA()) : weights.loraA();
        INDArray b = Nd4j.create(D, weights.loraB().size(0), weights.rank());
        for (long o = 0; o < b.size(0); o++) {
            for (long r = 0; r < b.size(1); r++) {
                long[] index = new long[kind.weightRank()];
                index[0] = o;
                index[1] = r;
                b.putScalar(o, r, weights.loraB().getDouble(index));
            }
        }
        return b.mmul(a.castTo(D));
    }

    private static void assertClose(INDArray found, INDArray expected, double tolerance) {
        assertThat(Differences.greatest(found, expected)).isLessThan(tolerance);
        assertThat(expected.amaxNumber().doubleValue()).isGreaterThan(0.1);
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"FLOAT", "DOUBLE"})
    void extractionAtFullRankReproducesTheTunedWeights(DataType type) {
        Host base = host(type, 1);
        Host tuned = host(type, 50);

        LoRAAdapter extracted = AdapterExtraction.extract(base, tuned, TargetRank.of(FULL_RANK), BiasTraining.ALL)
                .adapter();

        extracted.requireFits(base);
        assertThat(extracted.biases()).containsOnlyKeys("LINEAR", "CONV1D", "CONV2D");
        for (LayerKind kind : KINDS) {
            INDArray before = base.baseLayer(kind.name()).weight();
            INDArray after = tuned.baseLayer(kind.name()).weight();
            LoRAWeights weights = layer(extracted, kind.name());
            assertThat(weights.kind()).isEqualTo(kind);
            assertThat(weights.rank())
                    .isEqualTo((int) Math.min(kind.outputSize(shape(kind)), kind.inputSize(shape(kind))));
            assertThat(weights.loraA().dataType()).isEqualTo(type);
            assertClose(before.add(delta(base, extracted, kind)), after, type == D ? 1e-12 : 1e-5);
            assertClose(
                    product(kind, weights), matrix(kind, after).sub(matrix(kind, before)), type == D ? 1e-12 : 1e-5);
        }
    }

    @ParameterizedTest
    @EnumSource(value = LayerKind.class, names = "NORM", mode = EnumSource.Mode.EXCLUDE)
    void extractionAtASmallerRankIsTheBestApproximation(LayerKind kind) {
        Host base = host(D, 1);
        Host tuned = host(D, 50);
        INDArray update = matrix(kind, tuned.baseLayer(kind.name()).weight())
                .sub(matrix(kind, base.baseLayer(kind.name()).weight()));

        AdapterApproximation extracted = AdapterExtraction.extract(base, tuned, TargetRank.of(2), BiasTraining.ALL);

        double error = Svd.thin(update).error(2);
        assertThat(norm(product(kind, layer(extracted.adapter(), kind.name())).sub(update)))
                .isCloseTo(error, within(1e-11));
        assertThat(reported(extracted, kind).error()).isCloseTo(error, within(1e-11));
    }

    @ParameterizedTest
    @EnumSource(value = LayerKind.class, names = "NORM", mode = EnumSource.Mode.EXCLUDE)
    void aGreaterRankKeepsTheDeltaAndStartsTheAddedPartLikeANewAdapter(LayerKind kind) {
        Host base = host(D, 1);
        LoRAAdapter before = adapter(D, 3, RANK);

        LoRAAdapter after =
                AdapterConversion.resize(before, TargetRank.of(RANK + 2)).adapter();

        after.requireFits(base);
        assertClose(delta(base, after, kind), delta(base, before, kind), 1e-13);
        LowRankFactors factors = layer(after, kind.name()).factors();
        INDArray rows = factors.a().get(NDArrayIndex.interval(RANK, RANK + 2), NDArrayIndex.all());
        INDArray columns = factors.b().get(NDArrayIndex.all(), NDArrayIndex.interval(RANK, RANK + 2));
        assertThat(norm(kind == LayerKind.EMBEDDING ? rows : columns)).isZero();
        assertThat(norm(kind == LayerKind.EMBEDDING ? columns : rows)).isPositive();
    }

    @ParameterizedTest
    @EnumSource(value = LayerKind.class, names = "NORM", mode = EnumSource.Mode.EXCLUDE)
    void aSmallerRankIsTheBestApproximation(LayerKind kind) {
        Host base = host(D, 1);
        LoRAAdapter before = adapter(D, 3, RANK);

        AdapterApproximation after = AdapterConversion.resize(before, TargetRank.of(RANK - 1));

        after.adapter().requireFits(base);
        double error = Svd.thin(matrix(kind, delta(base, before, kind))).error(RANK - 1);
        assertThat(norm(delta(base, after.adapter(), kind).sub(delta(base, before, kind))))
                .isCloseTo(error, within(1e-11));
        assertThat(reported(after, kind).error()).isCloseTo(error, within(1e-11));
    }

    @ParameterizedTest
    @EnumSource(value = LayerKind.class, names = "NORM", mode = EnumSource.Mode.EXCLUDE)
    void combinationsAreWeightedSumsOfTheDeltas(LayerKind kind) {
        Host base = host(D, 1);
        LoRAAdapter first = adapter(D, 3, RANK);
        LoRAAdapter second = adapter(D, 30, 2);
        INDArray expected =
                delta(base, first, kind).mul(0.7).add(delta(base, second, kind).mul(-1.3));
        AdapterCombination combination = AdapterCombination.of(first, 0.7).plus(second, -1.3);

        for (LoRAAdapter combined : List.of(
                combination.cat(),
                combination.svd(TargetRank.of(FULL_RANK)).adapter(),
                combination.magnitudePruneSvd(TargetRank.of(FULL_RANK), 1).adapter())) {
            combined.requireFits(base);
            assertClose(delta(base, combined, kind), expected, 1e-11);
        }
    }

    @ParameterizedTest
    @EnumSource(value = LayerKind.class, names = "NORM", mode = EnumSource.Mode.EXCLUDE)
    void theProductOfAddedFactorsIsMultipliedOut(LayerKind kind) {
        LoRAAdapter first = adapter(D, 3, 2);
        LoRAAdapter second = adapter(D, 30, 2);
        LowRankFactors one = layer(first, kind.name()).factors();
        LowRankFactors other = layer(second, kind.name()).factors();
        // Both scales are ALPHA/2, and both weights are 1.
        INDArray expected = one.b().add(other.b()).mmul(one.a().add(other.a())).mul(ALPHA / 2);

        LoRAAdapter linear = AdapterCombination.of(first, 1).plus(second, 1).linear();

        linear.requireFits(host(D, 1));
        assertClose(product(kind, layer(linear, kind.name())), expected, 1e-11);
    }

    @ParameterizedTest
    @EnumSource(value = LayerKind.class, names = "NORM", mode = EnumSource.Mode.EXCLUDE)
    void doraAtFullRankIsConvertedAsItIsMerged(LayerKind kind) {
        INDArray weight = gaussian(D, 7, shape(kind));
        long out = kind.outputSize(shape(kind));
        LoRAWeights dora = weights(kind, D, 9, RANK, gaussian(D, 11, out).reshape(kind.magnitudeShape(out)));
        int zero = 2;
        zeroOutput(kind, weight, zero);
        dora.loraB().get(NDArrayIndex.point(zero)).assign(0);
        Host base = new Host(List.of(new Layer("fc", kind, weight, null)));
        LoRAAdapter adapter = new LoRAAdapter(
                LoRAConfig.builder().rank(RANK).alpha(ALPHA).dora(true).build(), Map.of("fc", dora));

        AdapterApproximation plain = AdapterConversion.toLoRA(base, adapter, TargetRank.of(FULL_RANK));

        plain.adapter().requireFits(base);
        LoRAWeights converted = layer(plain.adapter(), "fc");
        assertThat(converted.magnitude()).isNull();
        INDArray found = product(kind, converted);
        assertClose(found, doraUpdate(kind, weight, dora), 1e-11);
        assertThat(Differences.fromZero(found.getRow(zero))).isLessThan(1e-13);
        INDArray merged = weight.add(dora.delta(weight, ALPHA / RANK));
        assertClose(weight.add(converted.delta(weight, 1)), merged, 1e-11);
    }

    /** Sets the part of a weight to zero that computes one output. */
    private static void zeroOutput(LayerKind kind, INDArray weight, long output) {
        INDArray part = kind == LayerKind.EMBEDDING
                ? weight.get(NDArrayIndex.all(), NDArrayIndex.point(output))
                : weight.get(NDArrayIndex.point(output));
        part.assign(0);
    }

    /** Computes {@code m/‖W + s·B·A‖·(W + s·B·A) − W} row by row; a row of zeros stays zero. */
    private static INDArray doraUpdate(LayerKind kind, INDArray weight, LoRAWeights dora) {
        INDArray w = matrix(kind, weight);
        INDArray v = product(kind, dora).mul(ALPHA / RANK).add(w);
        INDArray magnitude = Objects.requireNonNull(dora.magnitude());
        for (int i = 0; i < v.rows(); i++) {
            double norm = norm(v.getRow(i));
            for (int j = 0; j < v.columns(); j++) {
                double direction = norm == 0 ? 0 : v.getDouble(i, j) / norm;
                v.putScalar(i, j, magnitude.getDouble(i) * direction - w.getDouble(i, j));
            }
        }
        return v;
    }

    @Test
    void refusesToCombineDifferentKindsOfALayer() {
        LoRAAdapter linear =
                new LoRAAdapter(LoRAConfig.of(2, 1), Map.of("fc", weights(LayerKind.LINEAR, D, 1, 2, null)));
        LoRAAdapter embedding =
                new LoRAAdapter(LoRAConfig.of(2, 1), Map.of("fc", weights(LayerKind.EMBEDDING, D, 1, 2, null)));

        assertThatIllegalArgumentException()
                .isThrownBy(() -> AdapterCombination.of(linear, 1).plus(embedding, 1))
                .withMessageEndingWith("found fc: EMBEDDING [9, 4], before LINEAR [5, 7]");
    }

    private static AdapterApproximation.Layer reported(AdapterApproximation approximation, LayerKind kind) {
        return Objects.requireNonNull(approximation.layers().get(kind.name()));
    }
}
