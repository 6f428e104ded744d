package org.lora4j.documentation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.LoRAParametrization;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.fixtures.Differences;
import org.lora4j.linalg.LowRankFactors;
import org.lora4j.linalg.Svd;
import org.lora4j.nn.Network;
import org.lora4j.nn.Samples;
import org.lora4j.nn.layer.Linear;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The programs and the numbers of the page on concepts. */
class ConceptsGuideTest {
    // spotless:off
    @Test
    void aMatrixOfRankTwoIsTheProductOfTwoSmallOnes() {
        INDArray w = Nd4j.rand(DataType.DOUBLE, 10, 2).mmul(Nd4j.rand(DataType.DOUBLE, 2, 10)); // [10, 10] of rank 2
        Svd svd = Svd.thin(w);
        int rank = svd.rank(); // 2: the other eight singular values are zero, up to rounding
        LowRankFactors factors = svd.factors(rank); // B [10, 2] and A [2, 10]: 40 numbers instead of 100
        INDArray difference = w.sub(factors.b().mmul(factors.a())); // zero, up to rounding
        double error = svd.relativeError(1); // what a product of rank 1 would miss, from 0 to 1
        assertThat(rank).isEqualTo(2);
        assertThat(factors.b().length() + factors.a().length()).isEqualTo(40);
        assertThat(Differences.fromZero(difference)).isLessThan(1e-12);
        assertThat(error).isBetween(0.01, 1.0);
    }

    @Test
    void oneUpdateByHand() {
        INDArray w = Nd4j.createFromArray(new float[][] {{1, 0, 2}, {0, 3, 0}}); // [out, in] = [2, 3]
        INDArray a = Nd4j.createFromArray(new float[][] {{1, 2, 0}}); // [r, in] = [1, 3]
        INDArray b = Nd4j.createFromArray(new float[][] {{1}, {-1}}); // [out, r] = [2, 1]
        double s = 0.5;
        INDArray effective = w.add(b.mmul(a).mul(s)); // W + s·B·A
        INDArray x = Nd4j.createFromArray(new float[][] {{1, 1, 1}});
        INDArray merged = x.mmul(effective.transpose()); // x·(W + s·B·A)ᵀ
        INDArray factored = x.mmul(w.transpose()).add(x.mmul(a.transpose()).mmul(b.transpose()).mul(s));
        assertThat(effective).isEqualTo(Nd4j.createFromArray(new float[][] {{1.5f, 1, 2}, {-0.5f, 2, 0}}));
        assertThat(merged).isEqualTo(Nd4j.createFromArray(new float[][] {{4.5f, 1.5f}}));
        assertThat(factored).isEqualTo(merged);
    }

    @Test
    void theSameWithTheLibrary() {
        INDArray weight = Nd4j.createFromArray(new float[][] {{1, 0, 2}, {0, 3, 0}});
        Linear layer = new Linear("fc", weight, null);
        LoRAParametrization lora = LoRAParametrization.register(layer, LoRAConfig.of(1, 0.5)); // s = α/r = 0.5
        INDArray before = lora.effectiveWeight(); // W itself: a new B is zero
        lora.loraA().value().assign(Nd4j.createFromArray(new float[][] {{1, 2, 0}}));
        lora.loraB().value().assign(Nd4j.createFromArray(new float[][] {{1}, {-1}}));
        INDArray after = lora.effectiveWeight(); // [[1.5, 1, 2], [-0.5, 2, 0]]
        assertThat(before).isEqualTo(weight);
        assertThat(after).isEqualTo(Nd4j.createFromArray(new float[][] {{1.5f, 1, 2}, {-0.5f, 2, 0}}));
    }

    @Test
    void theParametersOfTheArticle() {
        Network network = Network.builder(784)
                .linear("linear1", 1000).relu()
                .linear("linear2", 2000).relu()
                .linear("linear3", 10).build(0);
        AdapterView nine = LoRAModel.of(network).add("nine", LoRAConfig.of(1, 1));
        System.out.println(nine.parameterReport()); // 2,807,010 of the base, and 6,794 of LoRA
        assertThat(nine.parameterReport().toString()).contains("2,807,010").contains("6,794").contains("0.242");
        INDArray x = Nd4j.rand(DataType.FLOAT, 2, 784);
        assertThat(Samples.bits(nine.predict(x))).isEqualTo(Samples.bits(network.predict(x)));
    }
    // spotless:on

    @Test
    void theSumsOfThePage() {
        int in = 1000;
        int out = 5000;
        assertThat(in * out).isEqualTo(5_000_000);
        assertThat(in + out).isEqualTo(6_000);
        assertThat(8 * (in + out)).isEqualTo(48_000);
        assertThat(64 * (in + out)).isEqualTo(384_000);
        assertThat(100.0 - 100.0 * (in + out) / (in * out)).isEqualTo(99.88, within(1e-9));
    }
}
