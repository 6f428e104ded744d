package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.Models;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.nn.Network;
import org.lora4j.nn.Samples;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Sgd;

/** Several batches make one step. */
@Tag("numbers")
class AccumulationTest {
    private static final DataType TYPE = DataType.FLOAT;

    private static Network network() {
        return Models.dense(300, 7, 3);
    }

    /** One batch with the rows of others. */
    private static DataSet together(Batches data, int from, int to) {
        INDArray[] features = new INDArray[to - from];
        INDArray[] labels = new INDArray[to - from];
        for (int i = from; i < to; i++) {
            features[i - from] = data.get(i).getFeatures();
            labels[i - from] = data.get(i).getLabels();
        }
        return new DataSet(Nd4j.vstack(features), Nd4j.vstack(labels));
    }

    private static List<TrainingListener.Iteration> train(
            Network network, Batches data, Consumer<Trainer.Builder> settings) {
        List<TrainingListener.Iteration> steps = new ArrayList<>();
        Trainer.Builder builder = Trainer.builder(network).epochs(2).listener(new TrainingListener() {
            @Override
            public void onIteration(Iteration iteration) {
                steps.add(iteration);
            }
        });
        settings.accept(builder);
        builder.build().fit(data);
        return steps;
    }

    /** Batches of different sizes, so that their weights differ. */
    @ParameterizedTest
    @CsvSource({"SGD", "ADAM", "CLIPPED"})
    void isOneBatchOfAllRows(String kind) {
        Batches parts = Batches.random(1, TYPE, 300, 3, 5, 1, 8, 2, 4);
        Batches whole = Batches.of(together(parts, 0, 3), together(parts, 3, 5));
        Consumer<Trainer.Builder> settings = builder -> {
            builder.updater(kind.equals("ADAM") ? new Adam(1e-3) : new Sgd(0.05));
            if (kind.equals("CLIPPED")) {
                builder.clipNorm(0.5);
            }
        };
        Network inParts = network();
        List<TrainingListener.Iteration> stepsInParts =
                train(inParts, parts, settings.andThen(builder -> builder.accumulate(3)));
        Network atOnce = network();
        List<TrainingListener.Iteration> steps = train(atOnce, whole, settings);
        assertThat(stepsInParts).hasSameSizeAs(steps).hasSize(4);
        for (int i = 0; i < steps.size(); i++) {
            assertThat(stepsInParts.get(i))
                    .usingRecursiveComparison()
                    .ignoringFields("examplesPerSecond", "loss", "runningLoss")
                    .isEqualTo(steps.get(i));
            assertThat(stepsInParts.get(i).loss()).isCloseTo(steps.get(i).loss(), within(1e-5));
        }
        for (int i = 0; i < atOnce.parameters().size(); i++) {
            Parameter expected = atOnce.parameters().get(i);
            assertThat(Samples.bits(inParts.parameters().get(i).value()))
                    .usingComparatorWithPrecision(1e-6)
                    .containsExactly(Samples.bits(expected.value()))
                    .isNotEqualTo(Samples.bits(network().parameters().get(i).value()));
        }
    }

    @Test
    void theLastStepOfAnEpochUsesTheBatchesThatAreLeft() {
        Batches data = Batches.random(1, TYPE, 300, 3, 5, 1, 8, 2, 4);
        assertThat(train(network(), data, builder -> builder.accumulate(2)))
                .extracting(TrainingListener.Iteration::iteration, TrainingListener.Iteration::examples)
                .map(Object::toString)
                .containsExactly("(1L, 6)", "(2L, 10)", "(3L, 4)", "(4L, 6)", "(5L, 10)", "(6L, 4)");
    }

    @Test
    void iterationsAreUpdates() {
        Batches data = Batches.random(1, TYPE, 300, 3, 5, 1, 8, 2, 4);
        List<Long> checkpoints = new ArrayList<>();
        TrainingResult result = Trainer.builder(network())
                .accumulate(2)
                .maxIterations(5)
                .checkpointEvery(2, state -> checkpoints.add(state.iteration()))
                .build()
                .fit(data);
        assertThat(result.iterations()).isEqualTo(5);
        assertThat(result.epochs()).isEqualTo(1);
        assertThat(result.examples()).isEqualTo(20 + 16);
        assertThat(checkpoints).containsExactly(2L, 4L);
    }

    @Test
    void oneBatchForEachStepIsTheDefault() {
        Batches data = Batches.random(1, TYPE, 300, 3, 5, 1, 8);
        Network explicit = network();
        Network byDefault = network();
        train(explicit, data, builder -> builder.accumulate(1));
        train(byDefault, data, builder -> {});
        assertThat(Samples.bits(explicit.linear("linear1").weight()))
                .isEqualTo(Samples.bits(byDefault.linear("linear1").weight()));
    }

    private static AdapterView adapter() {
        LoRAConfig config =
                LoRAConfig.builder().rank(2).alpha(4).dropout(0.3).seed(5).build();
        return LoRAModel.of(network()).add("a", config);
    }

    private static List<TrainingState> train(AdapterView view, Consumer<Trainer.Builder> settings) {
        List<TrainingState> states = new ArrayList<>();
        Trainer.Builder builder = Trainer.builder(view)
                .updater(new AdamW(0.01, 0.1))
                .accumulate(2)
                .epochs(3)
                .checkpointEvery(1, states::add);
        settings.accept(builder);
        builder.build().fit(new ShuffledBatches(1, TYPE, 300, 3, 22, 5));
        return states;
    }

    /** The random numbers of dropout continue from the number of batches, not of steps. */
    @ParameterizedTest
    @CsvSource({"2", "3", "4", "8"})
    void aResumedTrainingGivesTheSameBits(int at) {
        AdapterView whole = adapter();
        List<TrainingState> states = train(whole, builder -> {});
        assertThat(states).hasSize(9);
        TrainingState state = states.get(at - 1);
        AdapterView rest = adapter();
        train(rest, builder -> builder.resume(TrainingState.of(state.tensors(), state.metadata())));
        assertThat(rest.adapter()).isEqualTo(whole.adapter());
    }

    @Test
    void aStateCountsTheBatchesOfItsEpoch() {
        List<TrainingState> states = train(adapter(), builder -> {});
        assertThat(states).extracting(TrainingState::batches).containsExactly(2L, 4L, 0L, 2L, 4L, 0L, 2L, 4L, 0L);
        assertThat(states)
                .extracting(TrainingState::examples)
                .containsExactly(10L, 20L, 22L, 32L, 42L, 44L, 54L, 64L, 66L);
    }

    @Test
    void aResumedTrainingNeedsTheSameNumberOfBatchesOfAStep() {
        TrainingState state = train(adapter(), builder -> {}).get(3);
        AdapterView rest = adapter();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> train(rest, builder -> builder.accumulate(3).resume(state)))
                .withMessage("resume: accumulate must be that of the state, 2, found 3");
    }

    @Test
    void refusesANumberLessThanOne() {
        Trainer.Builder builder = Trainer.builder(network());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder.accumulate(0))
                .withMessage("accumulate must be at least 1, found 0");
    }

    /** The third batch diverges. The second step starts with it, the first one was taken. */
    @Test
    void aDivergenceGoesBackToTheParametersOfTheLastFiniteLoss() {
        Batches good = Batches.random(1, TYPE, 300, 3, 5, 5, 5, 5);
        DataSet bad = good.get(2).copy();
        bad.getFeatures().putScalar(0, 0, Double.NaN);
        Network network = network();
        Batches data = Batches.of(good.get(0), good.get(1), bad, good.get(3));
        Trainer trainer = Trainer.builder(network).accumulate(2).build();
        assertThatExceptionOfType(DivergedException.class)
                .isThrownBy(() -> trainer.fit(data))
                .satisfies(e -> assertThat(e.iteration()).isEqualTo(2));
        assertThat(Samples.bits(network.linear("linear1").weight()))
                .isEqualTo(Samples.bits(network().linear("linear1").weight()));
    }

    /** The fourth batch diverges. The loss of the third one was finite with the parameters after the first step. */
    @Test
    void aDivergenceWithinAStepKeepsTheParametersOfItsFirstBatch() {
        Batches good = Batches.random(1, TYPE, 300, 3, 5, 5, 5, 5);
        DataSet bad = good.get(3).copy();
        bad.getFeatures().putScalar(0, 0, Double.NaN);
        Network network = network();
        Batches data = Batches.of(good.get(0), good.get(1), good.get(2), bad);
        Trainer trainer = Trainer.builder(network).accumulate(2).build();
        assertThatExceptionOfType(DivergedException.class).isThrownBy(() -> trainer.fit(data));
        Network afterOneStep = network();
        Trainer.builder(afterOneStep).accumulate(2).maxIterations(1).build().fit(good);
        assertThat(Samples.bits(network.linear("linear1").weight()))
                .isEqualTo(Samples.bits(afterOneStep.linear("linear1").weight()));
    }

    @Test
    void trainingsTogetherAccumulateToo() {
        Network base = network();
        Batches data = Batches.random(1, TYPE, 300, 3, 5, 1, 8, 2, 4);
        LoRAModel model = LoRAModel.of(base);
        LoRAConfig config = LoRAConfig.builder().rank(2).seed(5).build();
        AdapterView together = model.add("a", config);
        AdapterView other = model.add("b", config);
        AdapterView alone = LoRAModel.of(base).add("a", config);
        Trainer.builder(alone).accumulate(2).epochs(2).build().fit(data);
        List<MultiTrainer.Outcome> outcomes = new MultiTrainer()
                .add(Trainer.builder(together).accumulate(2).epochs(2).build(), data)
                .add(Trainer.builder(other).build(), Batches.random(9, TYPE, 300, 3, 3, 3))
                .fit();
        assertThat(outcomes.get(0).result().iterations()).isEqualTo(6);
        for (int i = 0; i < alone.parameters().size(); i++) {
            assertThat(Samples.bits(together.parameters().get(i).value()))
                    .usingComparatorWithPrecision(1e-5)
                    .containsExactly(Samples.bits(alone.parameters().get(i).value()));
        }
    }
}
