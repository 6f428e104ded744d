package org.lora4j.update.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.nn.Network;
import org.lora4j.nn.Samples;
import org.lora4j.nn.layer.Linear;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

@Tag("numbers")
class DoRANormTest {
    private final Linear layer = Network.builder(7).linear("linear", 5).build(3).linear("linear");
    private final LoRAUpdate update =
            LoRAUpdate.create(layer, LoRAConfig.builder().rank(2).dora(true).build());
    private final RecordingContext context = new RecordingContext(DataType.FLOAT, layer.weightParameter());

    private void freeze() {
        layer.weightParameter().setTrainable(false);
        update.parameters().forEach(parameter -> parameter.setTrainable(false));
    }

    @Test
    void requestsTheProductOfAnUpdateThatTrainsWithEachBatch() {
        DoRANorm norm = new DoRANorm(update, context);
        norm.bind(update);
        assertThat(context.requested()).containsExactly(update.loraA().value());
    }

    @Test
    void requestsNothingForAFrozenUpdateAndComputesItOnce() {
        update.loraB().value().addi(Samples.gaussian(1, DataType.FLOAT, 5, 2));
        freeze();
        DoRANorm norm = new DoRANorm(update, context);
        norm.bind(update);
        assertThat(context.requested()).isEmpty();

        INDArray v = layer.weight()
                .add(update.loraB().value().mmul(update.loraA().value()).mul(update.scale()));
        double[] norms = norm.compute();
        for (int row = 0; row < 5; row++) {
            assertThat(norms[row]).isCloseTo(v.getRow(row).norm2Number().doubleValue(), within(1e-5));
        }
    }
}
