package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.LoRAModel;
import org.lora4j.Models;
import org.lora4j.adapter.BiasTraining;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAConfigBuilder;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.nn.Model;
import org.lora4j.nn.Network;
import org.lora4j.nn.Samples;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.AMSGrad;
import org.nd4j.linalg.learning.config.AdaBelief;
import org.nd4j.linalg.learning.config.AdaDelta;
import org.nd4j.linalg.learning.config.AdaGrad;
import org.nd4j.linalg.learning.config.AdaMax;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nadam;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.learning.config.RmsProp;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.schedule.ScheduleType;
import org.nd4j.linalg.schedule.StepSchedule;

/**
 * Interrupts a training, stores its state, and resumes it with new objects. All losses, events, results and parameters must
 * have the same bits as in a training without the interruption.
 */
@Tag("slow")
@Tag("numbers")
class ResumeTest {
    /** 22 examples in batches of 5: an epoch has 5 batches, and the last one is smaller. */
    private static final int BATCHES = 5;

    private static final int EPOCHS = 3;

    @TempDir
    Path folder;

    /** Creates a new model at each call, with the settings of its training. */
    private record Scenario(String name, DataType type, Supplier<Model> model, Consumer<Trainer.Builder> settings) {
        @Override
        public String toString() {
            return name;
        }
    }

    /** The events and the results of a training. */
    private record Training(
            List<TrainingListener.Iteration> iterations,
            List<Integer> epochEnds,
            TrainingResult result,
            Map<String, double[]> parameters,
            List<TrainingState> states) {
        TrainingState state(long iteration) {
            return states.stream()
                    .filter(state -> state.iteration() == iteration)
                    .findFirst()
                    .orElseThrow();
        }
    }

    private static Network network(DataType type) {
        return Models.dense(type, 3, 6, 8, 7, 4);
    }

    private static LoRAConfigBuilder config() {
        return LoRAConfig.builder()
                .rank(2)
                .alpha(6)
                .dropout(0.3)
                .seed(5)
                .targetModules("linear1", "linear2", "linear3");
    }

    private static LoRAModel adapted(DataType type, LoRAConfig config) {
        LoRAModel model = LoRAModel.of(network(type));
        model.add("a", config);
        return model;
    }

    private static LoRAModel twoAdapters() {
        LoRAModel model = adapted(DataType.FLOAT, config().build());
        model.add("b", config().seed(6).rank(3).build());
        model.activate("a", "b");
        return model;
    }

    private static Network withMemoryOrderInOut() {
        return new Network(List.of(
                new Linear("linear1", Samples.gaussian(1, DataType.FLOAT, 8, 6).dup('f'), null),
                new Linear("linear2", Samples.gaussian(2, DataType.FLOAT, 4, 8).dup('f'), null)));
    }

    private static Scenario of(IUpdater updater, DataType type) {
        return new Scenario(
                updater.getClass().getSimpleName() + " " + type,
                type,
                () -> network(type),
                builder -> builder.updater(updater));
    }

    static Stream<Scenario> scenarios() {
        List<Scenario> scenarios = new ArrayList<>();
        DataType single = DataType.FLOAT;
        for (IUpdater updater :
                List.of(new Sgd(0.1), new Adam(0.01), new AMSGrad(0.01), new Nesterovs(0.1, 0.9), new RmsProp(0.01))) {
            scenarios.add(of(updater, single));
        }
        for (IUpdater updater : List.of(
                new Sgd(0.1),
                new Adam(0.01),
                new AdaBelief(0.01),
                new AdaDelta(),
                new AdaGrad(0.1),
                new AdaMax(0.01),
                new AMSGrad(0.01),
                new Nadam(0.01),
                new Nesterovs(0.1, 0.9),
                new NoOp(),
                new RmsProp(0.01))) {
            scenarios.add(of(updater, DataType.DOUBLE));
        }
        AdamW adamW = new AdamW(new LinearWarmupSchedule(0.1, 4, EPOCHS * BATCHES), 0.1);
        scenarios.add(of(adamW, single));
        scenarios.add(of(adamW, DataType.DOUBLE));
        INDArray x = Samples.gaussian(3, single, 4, 6);
        scenarios.add(new Scenario(
                "validation whose best epoch is the first one",
                single,
                () -> adapted(single, config().build()),
                builder -> builder.updater(new Adam(0.1))
                        .validation(Validation.score(
                                model -> -model.predict(x).norm2Number().doubleValue()))));
        scenarios.add(new Scenario(
                "validation whose best epoch is the last one",
                DataType.DOUBLE,
                () -> network(DataType.DOUBLE),
                builder -> builder.updater(new Sgd(0.1))
                        .validation(Validation.loss(new ShuffledBatches(1, DataType.DOUBLE, 6, 4, 22, 5)))));
        Consumer<Trainer.Builder> adam = builder -> builder.updater(new Adam(0.01));
        scenarios.add(new Scenario("memory order [in, out]", single, ResumeTest::withMemoryOrderInOut, adam));
        scenarios.add(new Scenario(
                "Nesterovs, memory order [in, out]",
                single,
                ResumeTest::withMemoryOrderInOut,
                builder -> builder.updater(new Nesterovs(0.01, 0.9))));
        for (LoRAInit init : List.of(LoRAInit.kaimingUniform(), LoRAInit.pissa(), LoRAInit.olora())) {
            for (DataType type : List.of(DataType.FLOAT, DataType.DOUBLE)) {
                scenarios.add(new Scenario(
                        init + " " + type,
                        type,
                        () -> adapted(type, config().init(init).build()),
                        adam));
            }
        }
        scenarios.add(new Scenario(
                "biases and a saved module",
                single,
                () -> adapted(
                        single,
                        config().targetModules("linear1", "linear2")
                                .bias(BiasTraining.ALL)
                                .loraBias(true)
                                .modulesToSave("linear3")
                                .build()),
                adam));
        scenarios.add(new Scenario("two adapters with the same names", single, ResumeTest::twoAdapters, adam));
        scenarios.add(new Scenario(
                "groups, schedules, clipping, squared error",
                single,
                () -> adapted(single, config().build()),
                builder -> builder.updater(new Adam(new StepSchedule(ScheduleType.EPOCH, 0.01, 0.5, 1)))
                        .updater(
                                parameter -> parameter.name().endsWith("lora_B.weight"),
                                new Nesterovs(new StepSchedule(ScheduleType.ITERATION, 0.1, 0.5, 4), 0.9))
                        .clipNorm(0.05)
                        .loss(Loss.meanSquaredError())));
        return scenarios.stream();
    }

    private static Training train(Scenario scenario, Consumer<Trainer.Builder> more) {
        Model model = scenario.model().get();
        List<TrainingListener.Iteration> iterations = new ArrayList<>();
        List<Integer> epochEnds = new ArrayList<>();
        List<TrainingState> states = new ArrayList<>();
        Trainer.Builder builder = Trainer.builder(model)
                .epochs(EPOCHS)
                .checkpointEvery(1, states::add)
                .listener(new TrainingListener() {
                    @Override
                    public void onIteration(Iteration iteration) {
                        iterations.add(iteration);
                    }

                    @Override
                    public void onEpoch(int epoch, Iteration last) {
                        epochEnds.add(epoch);
                    }
                });
        scenario.settings().accept(builder);
        more.accept(builder);
        DataType type = scenario.type();
        int classes = (int) model.outputSize();
        TrainingResult result = builder.build().fit(new ShuffledBatches(1, type, 6, classes, 22, 5));
        Map<String, double[]> parameters = new HashMap<>();
        int i = 0;
        for (Parameter parameter : model.newTrainingPass().trainableParameters()) {
            parameters.put(i++ + parameter.name(), Samples.bits(parameter.value()));
        }
        return new Training(iterations, epochEnds, result, parameters, states);
    }

    private TrainingState stored(TrainingState state) throws IOException {
        Path file = folder.resolve("state.safetensors");
        SafeTensors.of(state.tensors(), state.metadata()).write(file);
        SafeTensors read = SafeTensors.read(file);
        return TrainingState.of(read.tensors(), read.metadata());
    }

    @ParameterizedTest
    @MethodSource("scenarios")
    void givesTheBitsOfTheUninterruptedTraining(Scenario scenario) throws IOException {
        Training whole = train(scenario, builder -> {});
        for (long at : List.of(3L, 5L, 13L)) {
            TrainingState state = stored(whole.state(at));
            Training rest = train(scenario, builder -> builder.resume(state));
            assertSame(whole, rest, (int) at);
        }
    }

    private static void assertSame(Training whole, Training rest, int at) {
        int steps = EPOCHS * BATCHES - at;
        assertThat(rest.iterations()).hasSize(steps);
        for (int i = 0; i < steps; i++) {
            assertThat(rest.iterations().get(i))
                    .usingRecursiveComparison()
                    .ignoringFields("examplesPerSecond")
                    .isEqualTo(whole.iterations().get(at + i));
        }
        assertThat(rest.epochEnds()).isEqualTo(List.of(1, 2, 3).subList(at / BATCHES, EPOCHS));
        assertThat(rest.result())
                .usingRecursiveComparison()
                .ignoringFields("duration")
                .isEqualTo(whole.result());
        assertThat(rest.parameters()).containsOnlyKeys(whole.parameters().keySet());
        whole.parameters()
                .forEach((name, bits) ->
                        assertThat(rest.parameters().get(name)).as(name).isEqualTo(bits));
        assertThat(rest.states()).hasSize(steps);
    }

    @Test
    void checkpointsDoNotChangeTheTraining() {
        Scenario scenario = scenario(LoRAInit.pissa() + " FLOAT");
        Training with = train(scenario, builder -> {});
        Training without = train(scenario, builder -> builder.checkpointEvery(1000, state -> {}));
        assertThat(without.states()).isEmpty();
        with.parameters()
                .forEach((name, bits) ->
                        assertThat(without.parameters().get(name)).as(name).isEqualTo(bits));
    }

    private static Scenario scenario(String name) {
        return scenarios().filter(one -> one.name().equals(name)).findFirst().orElseThrow();
    }

    @Test
    void continuesTheRunningLossAfterMoreThanAHundredSteps() throws IOException {
        Scenario scenario =
                new Scenario("long", DataType.FLOAT, () -> network(DataType.FLOAT), builder -> builder.epochs(26));
        Training whole = train(scenario, builder -> {});
        Training rest = train(scenario, builder -> builder.resume(stateOf(whole, 117)));
        assertThat(rest.iterations().get(0).runningLoss())
                .isEqualTo(whole.iterations().get(117).runningLoss());
        assertThat(rest.result().runningLoss()).isEqualTo(whole.result().runningLoss());
    }

    private TrainingState stateOf(Training training, long iteration) {
        try {
            return stored(training.state(iteration));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void canBeInterruptedAgainAndAgain() {
        Scenario scenario = scenario(LoRAInit.pissa() + " FLOAT");
        Training whole = train(scenario, builder -> {});
        TrainingState state = stateOf(train(scenario, builder -> builder.maxIterations(1)), 1);
        for (long at = 2; at < EPOCHS * BATCHES; at++) {
            long end = at;
            TrainingState from = state;
            state = stateOf(train(scenario, builder -> builder.resume(from).maxIterations(end)), at);
        }
        TrainingState last = state;
        assertSame(whole, train(scenario, builder -> builder.resume(last)), EPOCHS * BATCHES - 1);
    }

    @Test
    void canContinueForMoreEpochsThanTheInterruptedTrainingHad() {
        Scenario scenario = new Scenario("more", DataType.FLOAT, () -> network(DataType.FLOAT), builder -> {});
        Training shorter = train(scenario, builder -> builder.epochs(2));
        Training rest = train(scenario, builder -> builder.resume(stateOf(shorter, 10)));
        assertSame(train(scenario, builder -> {}), rest, 10);
    }

    @Test
    void allScenariosTrain() {
        scenarios().filter(scenario -> !scenario.name().startsWith("NoOp")).forEach(scenario -> {
            Training training = train(scenario, builder -> {});
            assertThat(training.state(1).parameters())
                    .as(scenario.name())
                    .allSatisfy(parameter -> assertThat(training.parameters().values())
                            .noneMatch(bits -> Arrays.equals(bits, Samples.bits(parameter.value()))));
        });
    }
}
