package org.lora4j.train;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.fixtures.Differences;
import org.lora4j.nn.Network;
import org.lora4j.nn.Samples;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Sgd;

/** Groups of parameters with different updaters, such as LoRA+, where B has another learning rate than A. */
class ParameterGroupsTest {
    private static final double RATE = 1e-3;
    private static final double RATIO = 16;

    private final Batches data = Batches.random(1, DataType.DOUBLE, 4, 3, 5);

    /** Two layers; one has a name that looks like a factor. ΔW is not zero, so A and B have gradients. */
    private static LoRAModel model() {
        LoRAModel model = LoRAModel.of(Network.builder(4)
                .dataType(DataType.DOUBLE)
                .linear("x.lora_B", 5)
                .relu()
                .linear("last", 3)
                .build(1));
        model.add(
                "a",
                LoRAConfig.builder()
                        .rank(2)
                        .alpha(3)
                        .loraBias(true)
                        .targetModules("x.lora_B")
                        .modulesToSave("last")
                        .build());
        int seed = 10;
        for (Parameter parameter : model.parameters("a")) {
            INDArray value = parameter.value();
            value.assign(Samples.gaussian(seed++, DataType.DOUBLE, value.shape()));
        }
        return model;
    }

    /** Returns the greatest change of an element by one step, for each parameter. */
    private Map<String, Double> moves(Consumer<Trainer.Builder> settings, LoRAModel model) {
        Map<String, INDArray> before = new HashMap<>();
        model.parameters("a")
                .forEach(parameter ->
                        before.put(parameter.name(), parameter.value().dup()));
        Trainer.Builder builder = Trainer.builder(model).maxIterations(1);
        settings.accept(builder);
        builder.build().fit(data);
        Map<String, Double> moves = new HashMap<>();
        model.parameters("a")
                .forEach(parameter -> moves.put(
                        parameter.name(),
                        Differences.greatest(parameter.value(), requireNonNull(before.get(parameter.name())))));
        return moves;
    }

    @Test
    void loraPlusTrainsBWithAnotherLearningRate() {
        Map<String, Double> plain = moves(builder -> builder.updater(new Sgd(RATE)), model());
        LoRAModel model = model();
        Map<String, Double> plus =
                moves(builder -> builder.updater(new Sgd(RATE)).updater(model::isLoraB, new Sgd(RATIO * RATE)), model);
        assertThat(plain)
                .containsOnlyKeys(
                        "x.lora_B.lora_A.weight",
                        "x.lora_B.lora_B.weight",
                        "x.lora_B.lora_B.bias",
                        "last.weight",
                        "last.bias");
        plain.forEach((name, move) -> {
            double ratio = name.startsWith("x.lora_B.lora_B") ? RATIO : 1;
            assertThat(plus.getOrDefault(name, 0.0)).as(name).isPositive().isCloseTo(ratio * move, within(1e-9 * move));
        });
    }

    @Test
    void eachGroupHasItsOwnUpdater() {
        LoRAModel model = model();
        Map<String, Double> moves =
                moves(builder -> builder.updater(new Sgd(RATE)).updater(model::isLoraB, new Adam(RATIO * RATE)), model);
        // The first step of Adam changes each element by the learning rate.
        assertThat(moves.getOrDefault("x.lora_B.lora_B.weight", 0.0)).isCloseTo(RATIO * RATE, within(1e-6));
    }

    @Test
    void theFirstGroupThatContainsAParameterCounts() {
        Map<String, Double> plain = moves(builder -> builder.updater(new Sgd(RATE)), model());
        Map<String, Double> groups = moves(
                builder -> builder.updater(parameter -> parameter.name().endsWith(".bias"), new Sgd(2 * RATE))
                        .updater(parameter -> parameter.name().startsWith("last"), new Sgd(3 * RATE))
                        .updater(parameter -> true, new Sgd(5 * RATE)),
                model());
        Map.of("last.bias", 2, "x.lora_B.lora_B.bias", 2, "last.weight", 3, "x.lora_B.lora_A.weight", 5)
                .forEach((name, factor) -> {
                    double move = plain.getOrDefault(name, 0.0);
                    assertThat(groups.getOrDefault(name, 0.0)).as(name).isCloseTo(factor * move, within(1e-9 * move));
                });
    }

    @Test
    void isLoraBIsTrueOnlyForTheFactorsOfTheModel() {
        LoRAModel model = model();
        assertThat(model.parameters("a"))
                .filteredOn(model::isLoraB)
                .extracting(Parameter::name)
                .containsExactly("x.lora_B.lora_B.weight", "x.lora_B.lora_B.bias");
        assertThat(model.network().parameters()).noneMatch(model::isLoraB);
        assertThat(model().parameters("a")).noneMatch(model::isLoraB);
    }

    @Test
    void refusesAGroupWithoutATrainableParameter() {
        Network network =
                Network.builder(4).dataType(DataType.DOUBLE).linear("l", 3).build(1);
        Trainer.Builder builder = Trainer.builder(network)
                .updater(parameter -> true, new Sgd(0.5))
                .updater(parameter -> parameter.name().equals("l.bias"), new Sgd(0.25));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder.build().fit(data))
                .withMessageStartingWith(
                        "each group must contain a trainable parameter, found none in the groups of the updaters [")
                .withMessageContaining("0.25")
                .withMessageEndingWith("the trainable parameters are [l.weight, l.bias]");
    }

    @Test
    void frozenParametersBelongToNoGroup() {
        LoRAModel model = model();
        model.add("b", LoRAConfig.builder().rank(1).targetModules("last").build());
        model.activate("a", "b");
        model.setTrainable("b");
        List<String> asked = new ArrayList<>();
        Trainer.builder(model)
                .updater(
                        parameter -> {
                            asked.add(parameter.name());
                            return true;
                        },
                        new Sgd(RATE))
                .build()
                .fit(data);
        assertThat(asked).containsExactly("last.lora_A.weight", "last.lora_B.weight");
    }
}
