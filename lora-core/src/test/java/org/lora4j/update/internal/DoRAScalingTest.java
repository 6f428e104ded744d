package org.lora4j.update.internal;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.nn.Network;
import org.lora4j.nn.Samples;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

@Tag("numbers")
class DoRAScalingTest {
    private final Linear layer = Network.builder(7).linear("linear", 5).build(3).linear("linear");
    private final LoRAUpdate update =
            LoRAUpdate.create(layer, LoRAConfig.builder().rank(2).dora(true).build());
    private final RecordingContext context = new RecordingContext(DataType.FLOAT, layer.weightParameter());
    private final DoRAScaling scaling = new DoRAScaling(update, context);

    /** What is added to an output if z is all ones and the base zero: the scales, in each row. */
    private INDArray scales() {
        scaling.unscaled(3).assign(1);
        INDArray y = Samples.gaussian(1, DataType.FLOAT, 3, 5).muli(0).dup('f');
        scaling.forward(y.dup('f'), y);
        return y;
    }

    @Test
    void furtherBlocksOfABatchHaveTheScalesOfTheFirstOne() {
        INDArray first = scales();
        Parameter magnitude = requireNonNull(update.magnitude());
        magnitude.value().muli(2); // Shows whether the scales are computed again.
        context.setContinued(true);
        assertThat(scales()).isEqualTo(first);
        assertThat(scales()).isEqualTo(first);
        context.setContinued(false);
        assertThat(scales()).isEqualTo(first.mul(2));
    }
}
