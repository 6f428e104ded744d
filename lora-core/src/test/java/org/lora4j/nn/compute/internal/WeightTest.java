package org.lora4j.nn.compute.internal;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.lora4j.internal.memory.ArrayFingerprint;
import org.lora4j.nn.Samples;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.nn.weight.internal.ProductContext;
import org.lora4j.nn.weight.internal.Weight;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

@Tag("numbers")
class WeightTest {
    private final Parameter parameter = new Parameter("w", Samples.gaussian(1, DataType.DOUBLE, 3, 5), false);
    private final Weight weight = parameter.weight();
    private final ProductContext context = new ProductContext();

    @Test
    void aParameterHasOneWeight() {
        assertThat(parameter.weight()).isSameAs(weight);
        assertThat(weight.array()).isSameAs(parameter.value());
        assertThat(weight.outputSize()).isEqualTo(3);
        assertThat(weight.inputSize()).isEqualTo(5);
    }

    @Test
    void multipliesInBothDirections() {
        INDArray x = Samples.gaussian(2, DataType.DOUBLE, 4, 5);
        INDArray y = Nd4j.create(DataType.DOUBLE, new long[] {4, 3}, 'f');
        weight.multiply(context, x, y);
        assertThat(y.equalsWithEps(x.mmul(parameter.value().transpose()), 1e-12))
                .isTrue();
        INDArray dx = Samples.gaussian(3, DataType.DOUBLE, 4, 5);
        INDArray sum = dx.add(y.mmul(parameter.value()));
        weight.multiplyTransposed(context, y, dx, true);
        assertThat(dx.equalsWithEps(sum, 1e-12)).isTrue();
        weight.multiplyTransposed(context, y, dx, false);
        assertThat(dx.equalsWithEps(y.mmul(parameter.value()), 1e-12)).isTrue();
    }

    @Test
    void oneContextFitsAnyWeight() {
        Weight other = new Parameter("v", Samples.gaussian(4, DataType.DOUBLE, 3, 5), false).weight();
        INDArray x = Samples.gaussian(2, DataType.DOUBLE, 4, 5);
        INDArray y = Nd4j.create(DataType.DOUBLE, new long[] {4, 3}, 'f');
        weight.multiply(context, x, y);
        other.multiply(context, x, y);
        assertThat(y.equalsWithEps(x.mmul(other.array().transpose()), 1e-12)).isTrue();
    }

    @Test
    void remembersWhatItComputesUntilItIsUnfrozen() {
        String fingerprint = weight.fingerprint();
        assertThat(weight.fingerprint()).isSameAs(fingerprint).isEqualTo(ArrayFingerprint.of(parameter.value()));
        INDArray norms = weight.rowNorms();
        assertThat(weight.rowNorms()).isSameAs(norms);
        parameter.setTrainable(true);
        parameter.value().muli(2);
        assertThat(weight.fingerprint()).isNotEqualTo(fingerprint).isEqualTo(ArrayFingerprint.of(parameter.value()));
        assertThat(weight.rowNorms()).isEqualTo(norms.mul(2));
        parameter.setTrainable(false);
        assertThat(weight.fingerprint())
                .isSameAs(weight.fingerprint())
                .isEqualTo(ArrayFingerprint.of(parameter.value()));
        assertThat(weight.rowNorms()).isSameAs(weight.rowNorms()).isEqualTo(norms.mul(2));
    }
}
