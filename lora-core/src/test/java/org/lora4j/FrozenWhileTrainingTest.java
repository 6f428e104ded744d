package org.lora4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.lora4j.SmallModels.assertSameBits;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.lora4j.internal.math.RandomArrays;
import org.lora4j.nn.input.Input;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.train.Batch;
import org.lora4j.train.DivergedException;
import org.lora4j.train.Loss;
import org.lora4j.train.MultiTrainer;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingListener;
import org.lora4j.train.Validation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Sgd;

/**
 * A listener freezes an adapter that trains and predicts with it. No training writes to it from then on: what predictions
 * remember of a frozen adapter, such as DoRA's factors, must stay true.
 */
@Tag("numbers")
class FrozenWhileTrainingTest {
    private final LoRAModel model = SmallModels.model();
    private final List<Batch> data = data(4);
    private final Input x = Input.of(SmallModels.input(3));

    private static List<Batch> data(int batches) {
        List<Batch> data = new ArrayList<>();
        SplittableRandom random = new SplittableRandom(3);
        for (int i = 0; i < batches; i++) {
            data.add(new Batch(
                    Input.of(RandomArrays.gaussian(random, 1, DataType.FLOAT, 5, SmallModels.IN)),
                    RandomArrays.gaussian(random, 1, DataType.FLOAT, 5, SmallModels.OUT)));
        }
        return data;
    }

    @BeforeEach
    void addAdapters() {
        model.add("a", SmallModels.random(1).dora(true).build());
        model.add("b", SmallModels.random(2).dora(true).build());
    }

    private Trainer.Builder trainer(String name) {
        return Trainer.builder(model.using(name)).updater(new Sgd(0.1)).loss(Loss.meanSquaredError());
    }

    private TrainingListener freezingAfter(int iterations) {
        return new TrainingListener() {
            @Override
            public void onIteration(Iteration iteration) {
                if (iteration.iteration() == iterations) {
                    model.setTrainable();
                    model.predict(x, List.of("a", "b", "a"));
                }
            }
        };
    }

    /** Compares with an adapter of the same arrays that nothing is remembered of. */
    private void assertPredictionsFollowTheArrays(String name) {
        INDArray actual = model.using(name).predict(x);
        INDArray expected = model.add("copy", model.adapter(name)).predict(x);
        model.delete("copy");
        assertSameBits(actual, expected);
    }

    @Test
    void theBestParametersAreNotRestoredToAFrozenAdapter() {
        List<Double> left = new ArrayList<>(List.of(2.0, 1.0));
        Trainer trainer = trainer("a")
                .epochs(2)
                .validation(Validation.score(validated -> left.remove(0)))
                .listener(freezingAfter(2 * data.size()))
                .build();
        assertThatIllegalStateException()
                .isThrownBy(() -> trainer.fit(data))
                .withMessageContaining("was frozen")
                .withMessageContaining("The training stops");
        assertPredictionsFollowTheArrays("a");
    }

    @Test
    void anotherTrainingCanFreezeTheAdapterBetweenGradientsAndStep() {
        List<Map<String, INDArray>> before = new ArrayList<>();
        MultiTrainer together = new MultiTrainer()
                .add(
                        trainer("b")
                                .listener(freezingAfter(2))
                                .listener(new TrainingListener() {
                                    @Override
                                    public void onIteration(Iteration iteration) {
                                        if (iteration.iteration() == 2) {
                                            before.add(SmallModels.copies(model.parameters("a")));
                                        }
                                    }
                                })
                                .build(),
                        data)
                .add(trainer("a").build(), data);
        for (MultiTrainer.Outcome outcome : together.fit()) {
            assertThat(outcome.failure().orElseThrow()).hasMessageContaining("was frozen");
        }
        assertThat(SmallModels.changed(model.parameters("a"), before.get(0))).isEmpty();
        assertPredictionsFollowTheArrays("a");
        assertPredictionsFollowTheArrays("b");
    }

    @Test
    void aDivergedTrainingDoesNotGoBackInAFrozenAdapter() {
        Trainer trainer = trainer("a")
                .updater(new Sgd(Double.MAX_VALUE))
                .epochs(1)
                .listener(freezingAfter(1))
                .build();
        assertThatThrownBy(() -> trainer.fit(data.subList(0, 1)))
                .isInstanceOf(DivergedException.class)
                .hasMessageContaining("frozen");
        // They are still those of the last step, which are not finite.
        assertThat(model.parameters("a")).noneMatch(Parameter::isFinite);
    }
}
