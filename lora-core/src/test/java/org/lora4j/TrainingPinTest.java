package org.lora4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.lora4j.SmallModels.assertSameBits;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.internal.math.RandomArrays;
import org.lora4j.nn.Model;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Input;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.train.Batch;
import org.lora4j.train.Loss;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Adam;

/** A training trains what it started with, or stops: nothing is stepped by a gradient of another step. */
class TrainingPinTest {
    private static final int CHANGED_AFTER = 4;

    private final Network network = SmallModels.network();
    private final LoRAModel model = LoRAModel.of(network);
    private final List<Batch> data = data();
    private AdapterView a;

    private enum Change {
        DELETE("deleted", true),
        REPLACE("replaced", true),
        ACTIVATE_ANOTHER("deactivated", false),
        DISABLE("disabled", false),
        FREEZE("was frozen", true);

        private final String message;
        private final boolean concernsViews;

        Change(String message, boolean concernsViews) {
            this.message = message;
            this.concernsViews = concernsViews;
        }

        void apply(LoRAModel model, LoRAAdapter other) {
            switch (this) {
                case DELETE -> model.delete("a");
                case REPLACE -> model.replace("a", other);
                case ACTIVATE_ANOTHER -> model.activate("b");
                case DISABLE -> assertThat(model.disable()).isNotNull();
                case FREEZE -> model.setTrainable();
            }
        }
    }

    private static List<Batch> data() {
        List<Batch> batches = new ArrayList<>();
        SplittableRandom random = new SplittableRandom(3);
        for (int i = 0; i < 10; i++) {
            batches.add(new Batch(
                    Input.of(RandomArrays.gaussian(random, 1, DataType.FLOAT, 5, 6)),
                    RandomArrays.gaussian(random, 1, DataType.FLOAT, 5, 4)));
        }
        return batches;
    }

    @BeforeEach
    void addAdapters() {
        a = model.add("a", SmallModels.random(1).build());
        model.add("b", SmallModels.random(2).build());
        model.setTrainable("a");
    }

    private static Trainer.Builder trainer(Model trained) {
        return Trainer.builder(trained).updater(new Adam(0.01)).loss(Loss.meanSquaredError());
    }

    private static TrainingListener after(int iterations, Consumer<TrainingListener.Iteration> action) {
        return new TrainingListener() {
            @Override
            public void onIteration(Iteration iteration) {
                if (iteration.iteration() == iterations) {
                    action.accept(iteration);
                }
            }
        };
    }

    /** The parameters after some steps of a training that nobody disturbs. */
    private Map<String, INDArray> undisturbed(int steps) {
        LoRAModel other = LoRAModel.of(network);
        AdapterView view = other.add("a", SmallModels.random(1).build());
        trainer(view).maxIterations(steps).build().fit(data);
        return SmallModels.copies(view.parameters());
    }

    private void assertStops(Model trained, Change change) {
        List<Parameter> parameters = a.parameters();
        LoRAAdapter other = model.adapter("b");
        assertThatIllegalStateException()
                .isThrownBy(() -> trainer(trained)
                        .listener(after(CHANGED_AFTER, iteration -> change.apply(model, other)))
                        .build()
                        .fit(data))
                .withMessageContaining(change.message)
                .withMessageContaining("The training stops");
        undisturbed(CHANGED_AFTER)
                .forEach((name, expected) -> assertSameBits(
                        parameters.stream()
                                .filter(parameter -> parameter.name().equals(name))
                                .findFirst()
                                .orElseThrow()
                                .value(),
                        expected));
    }

    @ParameterizedTest
    @EnumSource(Change.class)
    void aTrainingOfTheModelStopsWhenItsAdapterIsChanged(Change change) {
        assertStops(model, change);
    }

    @ParameterizedTest
    @EnumSource(Change.class)
    void aTrainingOfAViewStopsWhenItsAdapterIsChangedAndDependsOnNothingElse(Change change) {
        if (change.concernsViews) {
            assertStops(a, change);
        } else {
            LoRAAdapter other = model.adapter("b");
            trainer(a)
                    .listener(after(CHANGED_AFTER, iteration -> change.apply(model, other)))
                    .build()
                    .fit(data);
            assertThat(SmallModels.changed(a.parameters(), undisturbed(data.size())))
                    .isEmpty();
        }
    }

    @Test
    void changesOfOtherAdaptersDoNotDisturbATraining() {
        trainer(model)
                .listener(after(CHANGED_AFTER, iteration -> {
                    model.delete("b");
                    model.add("c", SmallModels.random(5).build());
                    model.setTrainable("a");
                    model.activate("c", "a");
                }))
                .build()
                .fit(data);
        Map<String, INDArray> expected = undisturbed(data.size());
        assertThat(SmallModels.changed(a.parameters(), expected)).isEmpty();
    }

    @Test
    void renamingDoesNotDisturbATraining() {
        trainer(model)
                .listener(after(CHANGED_AFTER, iteration -> model.rename("a", "z")))
                .build()
                .fit(data);
        assertThat(SmallModels.changed(model.parameters("z"), undisturbed(data.size())))
                .isEmpty();
    }

    @Test
    void anotherThreadCanStopATrainingByDeletingItsAdapter() {
        List<Batch> endless = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            endless.addAll(data);
        }
        assertThatIllegalStateException()
                .isThrownBy(() -> trainer(a)
                        .listener(after(CHANGED_AFTER, iteration -> {
                            Thread deleting = new Thread(() -> model.delete("a"));
                            deleting.start();
                        }))
                        .build()
                        .fit(endless))
                .withMessageContaining("adapter 'a' was deleted while it trained");
    }

    @Test
    void aTrainingOfANetworkStopsWhenAParametrizationIsRemovedOrDisabled() {
        for (Consumer<LoRAParametrization> change :
                List.<Consumer<LoRAParametrization>>of(LoRAParametrization::remove, lora -> lora.setEnabled(false))) {
            Network own = SmallModels.network();
            LoRAParametrization first = LoRAParametrization.register(own.linear("linear1"), LoRAConfig.of(2, 3));
            LoRAParametrization second = LoRAParametrization.register(own.linear("linear2"), LoRAConfig.of(2, 3));
            Map<String, INDArray> before = new LinkedHashMap<>();
            assertThatIllegalStateException()
                    .isThrownBy(() -> trainer(own)
                            .listener(after(CHANGED_AFTER, iteration -> {
                                before.putAll(SmallModels.copies(first.parameters()));
                                before.putAll(SmallModels.copies(second.parameters()));
                                change.accept(first);
                            }))
                            .build()
                            .fit(data))
                    .withMessageContaining("linear1.lora_A.weight")
                    .withMessageContaining("The training stops");
            List<Parameter> all = new ArrayList<>(first.parameters());
            all.addAll(second.parameters());
            assertThat(SmallModels.changed(all, before)).isEmpty();
        }
    }
}
