package org.lora4j.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.fixtures.Differences;
import org.lora4j.linalg.ThinQr;
import org.lora4j.nn.Network;
import org.lora4j.nn.Samples;
import org.lora4j.nn.layer.Linear;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** What PiSSA and OLoRA subtracted is computed again from weights whose decomposition is known. */
@Tag("numbers")
class SubtractedPartTest {
    /** {@code W = U·diag(σ)·Vᵀ} of a known decomposition, and its part of rank r, in double precision. */
    private record Known(INDArray w, INDArray u, INDArray sigma, INDArray vt) {
        static Known of(int out, int in, IntToDoubleFunction singularValue) {
            int size = Math.min(out, in);
            INDArray u =
                    ThinQr.of(Samples.gaussian(1, DataType.DOUBLE, out, size)).q();
            INDArray vt = ThinQr.of(Samples.gaussian(2, DataType.DOUBLE, in, size))
                    .q()
                    .transpose();
            INDArray sigma = Nd4j.createFromArray(
                    IntStream.range(0, size).mapToDouble(singularValue).toArray());
            return new Known(part(u, sigma, vt, size), u, sigma, vt);
        }

        private static INDArray part(INDArray u, INDArray sigma, INDArray vt, int rank) {
            INDArray left = u.get(NDArrayIndex.all(), NDArrayIndex.interval(0, rank))
                    .dup('c')
                    .muliRowVector(sigma.get(NDArrayIndex.interval(0, rank)));
            return left.mmul(
                    vt.get(NDArrayIndex.interval(0, rank), NDArrayIndex.all()).dup('c'));
        }

        INDArray part(int rank) {
            return part(u, sigma, vt, rank);
        }
    }

    private static Network network(INDArray w, DataType type) {
        Network network = Network.builder(w.size(1))
                .dataType(type)
                .linear("layer", w.size(0))
                .build(3);
        network.linear("layer").weight().assign(w.castTo(type));
        return network;
    }

    /** The update that an adapter whose factors are zero has against the original base: minus what was subtracted. */
    private static INDArray update(Network base, int rank, LoRAInit init) {
        LoRAConfig config =
                LoRAConfig.builder().rank(rank).alpha(2 * rank).init(init).build();
        LoRAAdapter adapter = LoRAAdapter.initialize(base, config).adapter();
        adapter.weights().values().forEach(weights -> weights.loraB().muli(0));
        Linear layer = base.linear("layer");
        return adapter.againstBase(base).delta(layer).castTo(DataType.DOUBLE);
    }

    private static double largest(INDArray array) {
        return Differences.fromZero(array);
    }

    /** Singular values that decrease slowly, as those of real weights do, where a randomized decomposition is far off. */
    @ParameterizedTest
    @CsvSource({
        "640, 640, 16, FLOAT",
        "768, 640, 64, FLOAT",
        "640, 900, 16, FLOAT",
        "600, 640, 8, DOUBLE",
        "96, 80, 5, FLOAT"
    })
    @Tag("slow")
    void ofPissaIsThePrincipalPart(int out, int in, int rank, DataType type) {
        Known known = Known.of(out, in, i -> 3 / (1 + 0.01 * i));
        INDArray expected = known.part(rank).neg();
        INDArray found = update(network(known.w(), type), rank, LoRAInit.pissa());
        assertThat(largest(found.sub(expected)))
                .isLessThan((type == DataType.FLOAT ? 3e-5 : 1e-10) * largest(expected));
    }

    @Test
    void ofPissaIsExactWhereSingularValuesAreClose() {
        Known known = Known.of(200, 160, i -> i < 8 ? 2 : i == 8 ? 1.999 : 1.0 / (i + 1));
        INDArray expected = known.part(8).neg();
        INDArray found = update(network(known.w(), DataType.FLOAT), 8, LoRAInit.pissa());
        // The weight itself was rounded to single precision: 6e-8 of it, divided by the distance of 1/2000.
        assertThat(largest(found.sub(expected))).isLessThan(1.5e-4 * largest(expected));
    }

    @Test
    void ofPissaIsRefusedWhereRoundingDecides() {
        Known known = Known.of(60, 50, i -> i < 4 ? 2 : i == 4 ? 2 - 1e-5 : 0.5);
        Network base = network(known.w(), DataType.DOUBLE);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> update(base, 4, LoRAInit.pissa()))
                .withMessageStartingWith(
                        "layer: singular values 4 and 5 of the weight must differ by more than a share of"
                                + " 5.9604645E-5, so that what PiSSA subtracted does not depend on rounding, found ")
                .withMessageContaining("convert the adapter where it was made");
        assertThat(largest(update(base, 5, LoRAInit.pissa()))).isPositive();
        assertThat(largest(update(base, 50, LoRAInit.pissa()).add(known.w()))).isLessThan(1e-12);
    }

    @ParameterizedTest
    @CsvSource({"300, 300, FLOAT", "400, 300, FLOAT", "300, 400, DOUBLE"})
    void ofOloraIsTheProjectionOnTheFirstColumns(int out, int in, DataType type) {
        INDArray w = Samples.gaussian(5, DataType.DOUBLE, out, in).muli(0.05);
        int rank = 16;
        INDArray q = ThinQr.of(w.get(NDArrayIndex.all(), NDArrayIndex.interval(0, rank))
                        .dup('f'))
                .q();
        // α/r is 2.
        INDArray expected = q.mmul(q.transpose().mmul(w)).muli(-2);
        INDArray found = update(network(w, type), rank, LoRAInit.olora());
        assertThat(largest(found.sub(expected)))
                .isLessThan((type == DataType.FLOAT ? 3e-6 : 1e-13) * largest(expected));
    }
}
