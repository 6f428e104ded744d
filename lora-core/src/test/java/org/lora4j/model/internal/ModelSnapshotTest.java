package org.lora4j.model.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.lora4j.SmallModels.assertSameBits;

import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.lora4j.LoRAModel;
import org.lora4j.SmallModels;
import org.lora4j.nn.input.Input;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Predictions with the adapters of one moment. */
class ModelSnapshotTest {
    private final LoRAModel model = SmallModels.model();
    private final INDArray rows = SmallModels.input(3);
    private final Input x = Input.of(rows);

    @BeforeEach
    void addAdapters() {
        model.add("a", SmallModels.random(1).build());
        model.add("b", SmallModels.random(2).rank(3).build());
    }

    @Test
    void hasTheBitsOfTheModel() {
        ModelSnapshot now = model.snapshot();
        List<String> mixed = List.of("b", LoRAModel.BASE, "a");
        assertThat(now.names()).containsExactly("a", "b");
        assertSameBits(now.predict(x, "a"), model.using("a").predict(rows));
        assertSameBits(now.predict(x, LoRAModel.BASE), model.base().predict(x));
        assertSameBits(now.predict(x, mixed), model.predict(x, mixed));
    }

    @Test
    void seesNoLaterChange() {
        ModelSnapshot before = model.snapshot();
        INDArray a = before.predict(x, "a");
        INDArray b = before.predict(x, "b");
        List<String> names = List.of("a", "b", "a");
        INDArray mixed = before.predict(x, names);

        model.replace("a", model.adapter("b"));
        model.rename("b", "c");
        model.delete("a");
        model.add("d", SmallModels.random(4).build());

        assertThat(before.names()).containsExactly("a", "b");
        assertSameBits(before.predict(x, "a"), a);
        assertSameBits(before.predict(x, "b"), b);
        assertSameBits(before.predict(x, names), mixed);
        assertThat(model.snapshot().names()).containsExactly("c", "d");
    }

    @Test
    void refusesAnAdapterThatItDoesNotHave() {
        ModelSnapshot before = model.snapshot();
        model.add("c", SmallModels.random(3).build());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> before.predict(x, "c"))
                .withMessageContaining("no adapter 'c'");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> before.predict(x, List.of("a", "a", "c")))
                .withMessageContaining("no adapter 'c'");
    }

    @Test
    void refusesAnInputThatDoesNotFit() {
        ModelSnapshot now = model.snapshot();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> now.predict(Input.of(rows.getColumns(0, 1)), "a"))
                .withMessageContaining("must be a matrix [n, 6]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> now.predict(x, List.of("a")))
                .withMessageContaining("one adapter for each row");
    }
}
