package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.lora4j.Refusals.refused;
import static org.lora4j.Refusals.table;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.Models;
import org.lora4j.Refusals;
import org.lora4j.nn.Network;
import org.lora4j.nn.Samples;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Nadam;
import org.nd4j.linalg.learning.config.Sgd;

/** The content of a state, and the trainings that do not fit it. */
class TrainingStateTest {
    private static Network network() {
        return Models.dense(3, 5, 2);
    }

    /** Seven examples in batches of 2. */
    private static ShuffledBatches data() {
        return new ShuffledBatches(1, DataType.FLOAT, 3, 2, 7, 2);
    }

    private static List<TrainingState> states(Network network, int iterations, int every) {
        List<TrainingState> states = new ArrayList<>();
        Trainer.builder(network)
                .maxIterations(iterations)
                .checkpointEvery(every, states::add)
                .build()
                .fit(data());
        return states;
    }

    /** Returns the state after the first step of the second epoch. */
    static TrainingState state() {
        return states(network(), 5, 5).get(0);
    }

    private static void resume(Network network, Consumer<Trainer.Builder> settings, TrainingState state) {
        Trainer.Builder builder = Trainer.builder(network).epochs(9).resume(state);
        settings.accept(builder);
        builder.build().fit(data());
    }

    @ParameterizedTest
    @CsvSource({
        // iteration; completed epochs, batches, examples
        "1, 0, 1, 2",
        "3, 0, 3, 6",
        "4, 1, 0, 7",
        "5, 1, 1, 9",
        "8, 2, 0, 14"
    })
    void countsIterationsEpochsBatchesAndExamples(int iteration, int epochs, long batches, long examples) {
        TrainingState state = states(network(), 8, 1).get(iteration - 1);
        assertThat(state.iteration()).isEqualTo(iteration);
        assertThat(state.epochs()).isEqualTo(epochs);
        assertThat(state.batches()).isEqualTo(batches);
        assertThat(state.examples()).isEqualTo(examples);
        assertThat(state)
                .hasToString("TrainingState[iteration " + iteration + ", " + epochs + " epochs and " + batches
                        + " batches, [linear1.weight, linear1.bias, linear2.weight, linear2.bias]]");
    }

    @Test
    void isCreatedAfterEachInterval() {
        assertThat(states(network(), 10, 3))
                .extracting(TrainingState::iteration)
                .containsExactly(3L, 6L, 9L);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, -1})
    void refusesAnIntervalBelowOne(long interval) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Trainer.builder(network()).checkpointEvery(interval, state -> {}))
                .withMessage("checkpointEvery must be at least 1, found " + interval);
    }

    @Test
    void holdsTheTrainableParametersAndTheirUpdaters() {
        Network network = network();
        network.linear("linear1").weightParameter().setTrainable(false);
        TrainingState state = states(network, 5, 5).get(0);
        assertThat(state.tensors().keySet())
                .containsExactly(
                        "0/linear1.bias/value",
                        "0/linear1.bias/state",
                        "1/linear2.weight/value",
                        "1/linear2.weight/state",
                        "2/linear2.bias/value",
                        "2/linear2.bias/state",
                        "losses");
        assertThat(state.metadata())
                .containsEntry("lora4j.training_state", "1")
                .containsEntry("1/linear2.weight/updater", Adam.class.getName())
                .containsEntry("1/linear2.weight/order", "c");
        assertThat(Samples.bits(tensor(state, "1/linear2.weight/value")))
                .isEqualTo(Samples.bits(network.linear("linear2").weight()));
        assertThat(tensor(state, "1/linear2.weight/state").shape()).containsExactly(20);
    }

    private static INDArray tensor(TrainingState state, String key) {
        INDArray tensor = state.tensors().get(key);
        assertThat(tensor).as(key).isNotNull();
        if (tensor == null) {
            throw new AssertionError(key);
        }
        return tensor;
    }

    @Test
    void doesNotChangeWhenTheTrainingContinues() {
        List<TrainingState> states = states(network(), 6, 1);
        TrainingState alone = states(network(), 2, 2).get(0);
        alone.tensors()
                .keySet()
                .forEach(key -> assertThat(Samples.bits(tensor(states.get(1), key)))
                        .as(key)
                        .isEqualTo(Samples.bits(tensor(alone, key))));
    }

    @Test
    void canBeUsedForSeveralResumedTrainings() {
        TrainingState state = state();
        Network first = network();
        Network second = network();
        resume(first, builder -> {}, state);
        resume(second, builder -> {}, state);
        for (int i = 0; i < first.parameters().size(); i++) {
            assertThat(Samples.bits(second.parameters().get(i).value()))
                    .isEqualTo(Samples.bits(first.parameters().get(i).value()));
        }
    }

    @TestFactory
    List<DynamicTest> refusesBadCalls() {
        return table(
                refused(
                                UncheckedIOException.class,
                                () -> Trainer.builder(network())
                                        .epochs(2)
                                        .checkpointEvery(3, state -> {
                                            throw new IOException("no space left");
                                        })
                                        .build()
                                        .fit(data()))
                        .says("the checkpoint of iteration 3 cannot be stored: no space left"),
                Refusals.state(() -> resume(network(), builder -> builder.maxIterations(5), state()))
                        .says(
                                "resume: something must be left to train, found 5 of 5 iterations and 1 of 9 epochs done; set more"
                                        + " epochs or iterations"),
                Refusals.state(() -> resume(network(), builder -> builder.epochs(1), state()))
                        .contains("1 of 1 epochs done"));
    }

    @Test
    void neverHoldsParametersThatAreNotFinite() {
        List<TrainingState> states = new ArrayList<>();
        Network network = network();
        assertThatExceptionOfType(DivergedException.class)
                .isThrownBy(() -> Trainer.builder(network)
                        .updater(new Sgd(Double.POSITIVE_INFINITY))
                        .checkpointEvery(1, states::add)
                        .build()
                        .fit(data()));
        assertThat(states).isEmpty();
        for (int i = 0; i < network.parameters().size(); i++) {
            assertThat(Samples.bits(network.parameters().get(i).value()))
                    .isEqualTo(Samples.bits(network().parameters().get(i).value()));
        }
    }

    private static void assertResumeRefused(
            Network network, Consumer<Trainer.Builder> settings, TrainingState state, String message) {
        Network before = network.copy();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> resume(network, settings, state))
                .withMessage(message);
        List<Parameter> parameters = network.parameters();
        for (int i = 0; i < parameters.size(); i++) {
            assertThat(Samples.bits(parameters.get(i).value()))
                    .as("no parameter changes")
                    .isEqualTo(Samples.bits(before.parameters().get(i).value()));
        }
    }

    @Test
    void refusesOtherParameters() {
        Network other =
                Network.builder(3).linear("linear1", 5).relu().linear("last", 2).build(1);
        other.linear("linear1").weightParameter().setTrainable(false);
        assertResumeRefused(
                other,
                builder -> {},
                state(),
                "resume: the trainable parameters must be those of the state, [linear1.weight, linear1.bias,"
                        + " linear2.weight, linear2.bias], found [linear1.bias, last.weight, last.bias]");
    }

    @Test
    void refusesOtherShapesTypesAndOrders() {
        Network wider = Models.dense(3, 6, 2);
        assertResumeRefused(
                wider,
                builder -> {},
                state(),
                "resume: parameters and updaters must fit the state, found linear1.weight: [6, 3] of FLOAT, but the"
                        + " state has [5, 3] of FLOAT; linear1.bias: [6] of FLOAT, but the state has [5] of FLOAT;"
                        + " linear2.weight: [2, 6] of FLOAT, but the state has [2, 5] of FLOAT");
        Network inByOut = new Network(List.of(
                new Linear(
                        "linear1", Samples.gaussian(1, DataType.FLOAT, 5, 3).dup('f'), Nd4j.zeros(DataType.FLOAT, 5)),
                new Linear("linear2", Samples.gaussian(1, DataType.FLOAT, 2, 5), Nd4j.zeros(DataType.FLOAT, 2))));
        assertResumeRefused(
                inByOut,
                builder -> {},
                state(),
                "resume: parameters and updaters must fit the state, found linear1.weight: memory order 'f', but the"
                        + " state has 'c'");
        Network twice = Network.builder(3)
                .dataType(DataType.DOUBLE)
                .linear("linear1", 5)
                .linear("linear2", 2)
                .build(1);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> resume(twice, builder -> {}, state()))
                .withMessageContaining("linear2.bias: [2] of DOUBLE, but the state has [2] of FLOAT");
    }

    @Test
    void refusesAnotherUpdater() {
        assertResumeRefused(
                network(),
                builder -> builder.updater(parameter -> parameter.name().equals("linear2.bias"), new Nadam(0.1)),
                state(),
                "resume: parameters and updaters must fit the state, found linear2.bias: updater "
                        + Nadam.class.getName() + ", but the state has " + Adam.class.getName());
    }

    @Test
    void refusesAnUpdatersStateOfAnotherSize() {
        Map<String, INDArray> tensors = new LinkedHashMap<>(state().tensors());
        tensors.remove("0/linear1.weight/state");
        tensors.put("3/linear2.bias/state", Nd4j.zeros(DataType.FLOAT, 5));
        assertResumeRefused(
                network(),
                builder -> {},
                TrainingState.of(tensors, state().metadata()),
                "resume: parameters and updaters must fit the state, found linear1.weight: the updater needs 30"
                        + " numbers, but the state has 0; linear2.bias: the updater needs 4 numbers, but the state has"
                        + " 5");
    }

    @ParameterizedTest
    @CsvSource({
        // The number of examples of an epoch and of a batch; the counts in the message.
        "8, 2, '10 examples in 5 steps: 1 epochs and 1 batches after them'",
        "7, 3, '13 examples in 5 steps: 1 epochs and 2 batches after them'",
        "7, 7, '14 examples in 2 steps: 2 epochs and 0 batches after them'",
        "9, 2, '9 examples in 5 steps: 1 epochs and 0 batches after them'",
        "12, 2, '10 examples in 5 steps: 0 epochs and 0 batches after them'"
    })
    void refusesOtherData(int examples, int batchSize, String found) {
        Network network = network();
        ShuffledBatches other = new ShuffledBatches(1, DataType.FLOAT, 3, 2, examples, batchSize);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Trainer.builder(network)
                        .epochs(9)
                        .resume(state())
                        .build()
                        .fit(other))
                .withMessage("resume: the data must be those of the interrupted training, with 9 examples in 5 steps: 1"
                        + " epochs and 1 batches after them, found " + found);
        assertThat(Samples.bits(network.linear("linear1").weight()))
                .isEqualTo(Samples.bits(network().linear("linear1").weight()));
    }

    @Test
    void needsDataWithResetOnlyAfterTheFirstEpoch() {
        Batches batches = Batches.random(1, DataType.FLOAT, 3, 2, 2, 2, 2, 1);
        List<TrainingState> states = new ArrayList<>();
        Network whole = network();
        Trainer.builder(whole).epochs(2).checkpointEvery(1, states::add).build().fit(batches);
        Network rest = network();
        Trainer.builder(rest).resume(states.get(1)).build().fit(batches.once());
        assertThat(states).hasSize(8);
        assertThatIllegalStateException()
                .isThrownBy(() -> Trainer.builder(network())
                        .epochs(3)
                        .resume(states.get(4))
                        .build()
                        .fit(Batches.random(1, DataType.FLOAT, 3, 2, 2, 2, 2, 1).once()))
                .withMessageContaining("the data must support reset for epoch 2");
        assertThat(Samples.bits(rest.linear("linear1").weight()))
                .isEqualTo(Samples.bits(tensor(states.get(3), "0/linear1.weight/value")));
    }
}
