package org.lora4j.model.internal;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.lora4j.SmallModels.assertSameBits;

import org.junit.jupiter.api.Test;
import org.lora4j.LoRAModel;
import org.lora4j.SmallModels;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.nn.Network;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Adapters that one part of a program adds, replaces and deletes, and that others may have changed meanwhile. */
class ManagedAdapterTest {
    private final LoRAModel model = SmallModels.model();
    private final INDArray x = SmallModels.input(3);

    private static LoRAAdapter data(long seed) {
        LoRAModel other = SmallModels.model();
        return other.add("x", SmallModels.random(seed).build()).adapter();
    }

    private ManagedAdapter added(long seed) {
        return requireNonNull(model.addManaged("a", data(seed), model.network()));
    }

    @Test
    void isFrozenAndNotActiveAndComputesAsAnyOther() {
        ManagedAdapter managed = added(1);
        assertThat(model.names()).containsExactly("a");
        assertThat(model.active()).isEmpty();
        assertThat(model.parameters("a")).noneMatch(Parameter::isTrainable);
        assertThat(managed.isCurrent()).isTrue();
        assertThat(managed.residentBytes()).isEqualTo(model.residentBytes("a"));
        LoRAModel other = SmallModels.model();
        other.add("a", data(1));
        assertSameBits(model.using("a").predict(x), other.using("a").predict(x));
    }

    @Test
    void aNameThatIsTakenStaysAsItIs() {
        model.add("a", data(1));
        INDArray y = model.using("a").predict(x);
        assertThat(model.addManaged("a", data(2), model.network())).isNull();
        assertSameBits(model.using("a").predict(x), y);
    }

    @Test
    void refusesANameAndDataThatDoNotFit() {
        assertThatIllegalArgumentException().isThrownBy(() -> model.addManaged("../a", data(1), model.network()));
        Network other = Network.builder(3).linear("linear1", 2).build(1);
        LoRAAdapter tooSmall =
                LoRAModel.of(other).add("x", SmallModels.random(1).build()).adapter();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> model.addManaged("a", tooSmall, model.network()))
                .withMessageStartingWith("adapter 'a': ");
        assertThat(model.names()).isEmpty();
    }

    @Test
    void isDeletedWhenNobodyUsesIt() {
        ManagedAdapter managed = added(1);
        assertThat(managed.deleteIfUnused()).isTrue();
        assertThat(managed.isCurrent()).isFalse();
        assertThat(model.names()).isEmpty();
        assertThat(managed.deleteIfUnused()).isFalse();
    }

    @Test
    void staysWhenItIsActiveOrTrainable() {
        ManagedAdapter managed = added(1);
        model.activate("a");
        assertThat(managed.deleteIfUnused()).isFalse();
        model.activate();
        model.setTrainable("a");
        assertThat(managed.deleteIfUnused()).isFalse();
        assertThat(managed.isCurrent()).isTrue();
        model.setTrainable();
        assertThat(managed.deleteIfUnused()).isTrue();
    }

    @Test
    void doesNotTouchAnotherAdapterOfItsName() {
        ManagedAdapter managed = added(1);
        model.replace("a", data(2));
        INDArray y = model.using("a").predict(x);
        assertThat(managed.isCurrent()).isFalse();
        assertThat(managed.replace(data(3), model.network())).isNull();
        assertThat(managed.deleteIfUnused()).isFalse();
        assertSameBits(model.using("a").predict(x), y);

        ManagedAdapter renamed = requireNonNull(model.addManaged("b", data(4), model.network()));
        model.rename("b", "c");
        assertThat(renamed.isCurrent()).isFalse();
        assertThat(renamed.deleteIfUnused()).isFalse();
        assertThat(model.names()).containsExactly("a", "c");
    }

    @Test
    void isReplacedByAnotherThatIsManagedInItsPlace() {
        ManagedAdapter first = added(1);
        ManagedAdapter second = requireNonNull(first.replace(data(2), model.network()));
        assertThat(first.isCurrent()).isFalse();
        assertThat(second.isCurrent()).isTrue();
        LoRAModel other = SmallModels.model();
        other.add("a", data(2));
        assertSameBits(model.using("a").predict(x), other.using("a").predict(x));
    }

    @Test
    void takesTheTypeOfTheModel() {
        LoRAModel doubles = LoRAModel.of(SmallModels.network(DataType.DOUBLE, 1));
        ManagedAdapter managed = requireNonNull(doubles.addManaged("a", data(1), doubles.network()));
        assertThat(managed.residentBytes()).isEqualTo(2 * added(1).residentBytes());
    }
}
