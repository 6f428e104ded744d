package org.lora4j.train;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.lora4j.LoRAModel;
import org.lora4j.Models;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.nn.Network;
import org.lora4j.nn.Samples;
import org.lora4j.nn.batch.internal.Inputs;
import org.lora4j.nn.input.Input;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Adam;

/** If one of several trainings fails or is interrupted, it is in the state of a training alone, and the others go on. */
class MultiTrainerFailureTest {
    private static final List<String> NAMES = List.of("a", "b", "c");
    private static final int STEPS = 12;
    private static final int FAILS_AT = 5;

    private final Network network = Models.dense(DataType.DOUBLE, 3, 20, 30, 4);
    private LoRAModel model = LoRAModel.of(network);

    @BeforeEach
    void addAdapters() {
        model = newModel();
    }

    private LoRAModel newModel() {
        LoRAModel added = LoRAModel.of(network);
        for (int i = 0; i < NAMES.size(); i++) {
            added.add(
                    NAMES.get(i),
                    LoRAConfig.builder()
                            .rank(i + 1)
                            .alpha(4)
                            .dropout(i == 0 ? 0.2 : 0)
                            .dora(i == 2)
                            .seed(i)
                            .build());
        }
        return added;
    }

    private static Batches data(String name) {
        return Batches.random(name.charAt(0), DataType.DOUBLE, 20, 4, 5, 5, 3, 4, 2);
    }

    private static Trainer.Builder trainer(LoRAModel of, String name) {
        return Trainer.builder(of.using(name)).updater(new Adam(0.01)).maxIterations(STEPS);
    }

    /** The parameters after some steps alone. */
    private Map<String, double[]> alone(String name, int steps) {
        LoRAModel other = newModel();
        trainer(other, name).maxIterations(steps).build().fit(data(name));
        return values(other.parameters(name));
    }

    private static Map<String, double[]> values(List<Parameter> parameters) {
        Map<String, double[]> values = new TreeMap<>();
        parameters.forEach(one -> values.put(one.name(), Samples.bits(one.value())));
        return values;
    }

    private void assertEndedAsAlone(List<Parameter> parameters, String name, int steps) {
        Map<String, double[]> actual = values(parameters);
        alone(name, steps)
                .forEach((key, expected) -> assertThat(actual.get(key))
                        .as(name + " " + key)
                        .usingComparatorWithPrecision(1e-11)
                        .containsExactly(expected));
    }

    /** Fits all, where the training of b is special. Checks that the others ended as alone. */
    private MultiTrainer.Outcome outcomeOfB(Trainer.Builder b, Iterable<Batch> dataOfB) {
        List<MultiTrainer.Outcome> outcomes = new MultiTrainer()
                .add(trainer(model, "a").build(), data("a"))
                .add(b.build(), dataOfB)
                .add(trainer(model, "c").build(), data("c"))
                .fit();
        for (int i : List.of(0, 2)) {
            assertThat(outcomes.get(i).result().iterations()).isEqualTo(STEPS);
            assertThat(outcomes.get(i).failure()).isEmpty();
            assertEndedAsAlone(model.parameters(NAMES.get(i)), NAMES.get(i), STEPS);
        }
        return outcomes.get(1);
    }

    private static List<Batch> list(Batches batches) {
        List<Batch> list = new ArrayList<>();
        for (int i = 0; i < batches.count(); i++) {
            list.add(Batch.of(batches.get(i)));
        }
        return list;
    }

    private static TrainingListener at(int iteration, Runnable action) {
        return new TrainingListener() {
            @Override
            public void onIteration(Iteration event) {
                if (event.iteration() == iteration) {
                    action.run();
                }
            }
        };
    }

    @Test
    void aTrainingThatDivergesLeavesTheOthersUntouched() {
        List<Batch> poisoned = list(data("b"));
        INDArray features = Inputs.rows(poisoned.get(FAILS_AT - 1).input()).dup();
        features.putScalar(0, 3, Double.NaN);
        poisoned.set(
                FAILS_AT - 1,
                new Batch(Input.of(features), poisoned.get(FAILS_AT - 1).labels()));

        MultiTrainer.Outcome outcome = outcomeOfB(trainer(model, "b"), poisoned);

        assertThat(outcome.failure()).get().isInstanceOfSatisfying(DivergedException.class, diverged -> {
            assertThat(diverged.iteration()).isEqualTo(FAILS_AT);
            assertThat(diverged.place()).isEqualTo("input");
        });
        // Those of the last finite loss, which no gradient of it has changed.
        assertEndedAsAlone(model.parameters("b"), "b", FAILS_AT - 2);
        assertThatIllegalStateException()
                .isThrownBy(outcome::result)
                .withMessageContaining("the training of AdapterView[b] must have ended without a failure")
                .withCauseInstanceOf(DivergedException.class);
    }

    @Test
    void theExceptionOfAListenerStopsItsTrainingOnly() {
        IllegalStateException thrown = new IllegalStateException("enough");

        MultiTrainer.Outcome outcome = outcomeOfB(
                trainer(model, "b").listener(at(FAILS_AT, () -> {
                    throw thrown;
                })),
                list(data("b")));

        assertThat(outcome.failure()).containsSame(thrown);
        assertEndedAsAlone(model.parameters("b"), "b", FAILS_AT);
    }

    private void assertStops(Runnable change, String message) {
        List<Parameter> parameters = model.parameters("b");

        MultiTrainer.Outcome outcome = outcomeOfB(trainer(model, "b").listener(at(FAILS_AT, change)), list(data("b")));

        assertThat(outcome.failure())
                .get()
                .isInstanceOf(IllegalStateException.class)
                .satisfies(failure -> assertThat(failure).hasMessageContaining(message));
        assertEndedAsAlone(parameters, "b", FAILS_AT);
    }

    @Test
    void deletingAnAdapterStopsItsTrainingOnly() {
        assertStops(() -> model.delete("b"), "adapter 'b' was deleted while it trained");
    }

    @Test
    void replacingAnAdapterStopsItsTrainingOnly() {
        assertStops(() -> model.replace("b", newModel().adapter("b")), "adapter 'b' was replaced while it trained");
    }

    @Test
    void freezingAnAdapterStopsItsTrainingOnly() {
        assertStops(() -> model.setTrainable("a", "c"), "was frozen");
    }

    @Test
    void badDataStopTheirTrainingOnly() {
        List<Batch> narrow = list(data("b"));
        narrow.set(
                FAILS_AT - 1, list(Batches.random(1, DataType.DOUBLE, 19, 4, 5)).get(0));
        assertThat(outcomeOfB(trainer(model, "b"), narrow).failure())
                .get()
                .satisfies(failure -> assertThat(failure).hasMessageContaining("input: must be a matrix [n, 20]"));

        addAdapters();
        List<Batch> unlabelled = list(data("b"));
        unlabelled.set(
                FAILS_AT - 1, list(Batches.random(1, DataType.DOUBLE, 20, 3, 5)).get(0));
        assertThat(outcomeOfB(trainer(model, "b"), unlabelled).failure())
                .get()
                .satisfies(failure -> assertThat(failure).hasMessageContaining("labels: must have the shape"));
        assertEndedAsAlone(model.parameters("b"), "b", FAILS_AT - 1);

        addAdapters();
        assertThat(outcomeOfB(trainer(model, "b"), List.of()).failure())
                .get()
                .satisfies(failure -> assertThat(failure).hasMessageContaining("at least one batch, found none"));
    }

    @Test
    void aCheckpointThatCannotBeStoredStopsItsTrainingOnly() {
        MultiTrainer.Outcome outcome = outcomeOfB(
                trainer(model, "b").checkpointEvery(FAILS_AT, state -> {
                    throw new IOException("disk full");
                }),
                list(data("b")));

        assertThat(outcome.failure()).get().isInstanceOf(UncheckedIOException.class);
    }

    @Test
    void anAdapterThatWasDeletedBeforeFailsAlone() {
        Trainer.Builder late = trainer(model, "b");
        model.delete("b");

        assertThat(outcomeOfB(late, list(data("b"))).failure())
                .get()
                .satisfies(failure -> assertThat(failure).hasMessageContaining("no adapter 'b'"));
    }

    @Test
    void returnsTheFailuresIfNoTrainingCanStart() {
        Trainer late = trainer(model, "b").build();
        model.delete("b");

        List<MultiTrainer.Outcome> outcomes =
                new MultiTrainer().add(late, data("b")).fit();

        assertThat(outcomes)
                .singleElement()
                .satisfies(outcome -> assertThat(outcome.failure()).isPresent());
    }

    @Test
    void anErrorIsThrownToTheCaller() {
        MultiTrainer trainer = new MultiTrainer()
                .add(
                        trainer(model, "a")
                                .listener(at(1, () -> {
                                    throw new AssertionError("of a listener");
                                }))
                                .build(),
                        data("a"));

        assertThatThrownBy(trainer::fit).isInstanceOf(AssertionError.class).hasMessage("of a listener");
    }

    // Checkpoints

    private static TrainingState.Sink into(Map<String, TrainingState> states, String name) {
        return state -> {
            SafeTensors stored = SafeTensors.of(state.tensors(), state.metadata());
            states.put(name, TrainingState.of(stored.tensors(), stored.metadata()));
        };
    }

    @Test
    void trainingsResumeTogetherFromTheirCheckpoints() {
        Map<String, TrainingState> states = new TreeMap<>();
        MultiTrainer interrupted = new MultiTrainer();
        for (int i = 0; i < NAMES.size(); i++) {
            String name = NAMES.get(i);
            // Each was interrupted at another step.
            interrupted.add(
                    trainer(model, name)
                            .maxIterations(4 + i)
                            .checkpointEvery(4 + i, into(states, name))
                            .build(),
                    data(name));
        }
        interrupted.fit().forEach(MultiTrainer.Outcome::result);

        LoRAModel fresh = newModel();
        MultiTrainer resumed = new MultiTrainer();
        NAMES.forEach(name -> resumed.add(
                trainer(fresh, name).resume(checkpoint(states, name)).build(), data(name)));
        List<MultiTrainer.Outcome> outcomes = resumed.fit();

        for (int i = 0; i < NAMES.size(); i++) {
            assertThat(outcomes.get(i).result().iterations()).isEqualTo(STEPS);
            assertEndedAsAlone(fresh.parameters(NAMES.get(i)), NAMES.get(i), STEPS);
        }
    }

    @Test
    void aTrainerResumesATrainingThatRanTogetherWithOthersAndTheOtherWayRound() {
        Map<String, TrainingState> states = new TreeMap<>();
        MultiTrainer together = new MultiTrainer();
        NAMES.forEach(name -> together.add(
                trainer(model, name).checkpointEvery(7, into(states, name)).build(), data(name)));
        together.fit().forEach(MultiTrainer.Outcome::result);
        LoRAModel fresh = newModel();
        trainer(fresh, "a").resume(checkpoint(states, "a")).build().fit(data("a"));
        assertEndedAsAlone(fresh.parameters("a"), "a", STEPS);

        Map<String, TrainingState> alone = new TreeMap<>();
        trainer(newModel(), "a").checkpointEvery(7, into(alone, "a")).build().fit(data("a"));
        LoRAModel other = newModel();
        new MultiTrainer()
                .add(trainer(other, "c").build(), data("c"))
                .add(trainer(other, "a").resume(checkpoint(alone, "a")).build(), data("a"))
                .fit()
                .forEach(MultiTrainer.Outcome::result);
        assertEndedAsAlone(other.parameters("a"), "a", STEPS);
        assertEndedAsAlone(other.parameters("c"), "c", STEPS);
    }

    private static TrainingState checkpoint(Map<String, TrainingState> states, String name) {
        return requireNonNull(states.get(name));
    }

    @Test
    void aStateThatDoesNotFitStopsItsTrainingOnly() {
        Map<String, TrainingState> states = new TreeMap<>();
        trainer(newModel(), "a").checkpointEvery(7, into(states, "a")).build().fit(data("a"));

        assertThat(outcomeOfB(trainer(model, "b").resume(checkpoint(states, "a")), list(data("a")))
                        .failure())
                .get()
                .satisfies(failure ->
                        assertThat(failure).hasMessageContaining("resume: parameters and updaters must fit"));
    }

    @Test
    void theBaseKeepsItsBits() {
        Map<String, double[]> before = values(network.parameters());
        outcomeOfB(trainer(model, "b"), list(data("b"))).result();
        values(network.parameters())
                .forEach((name, bits) -> assertThat(Arrays.equals(bits, before.get(name)))
                        .as(name)
                        .isTrue());
    }
}
