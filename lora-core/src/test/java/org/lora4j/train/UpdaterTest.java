package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.fixtures.Differences;
import org.lora4j.nn.NativeThreads;
import org.lora4j.nn.Network;
import org.lora4j.nn.Samples;
import org.lora4j.nn.compute.internal.Pass;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.AdaBeliefUpdater;
import org.nd4j.linalg.learning.GradientUpdater;
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
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.linalg.schedule.ScheduleType;
import org.nd4j.linalg.schedule.StepSchedule;

/** A training takes the same steps as ND4J's updaters when they are applied by hand. */
@Tag("slow")
@Tag("numbers")
class UpdaterTest {
    private static final int STEPS = 7;

    static Stream<Arguments> updatersAndTypes() {
        List<Arguments> cases = new ArrayList<>();
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
            cases.add(Arguments.of(updater, DataType.FLOAT));
            cases.add(Arguments.of(updater, DataType.DOUBLE));
        }
        return cases.stream();
    }

    private static Network network(DataType type) {
        return Network.builder(3)
                .dataType(type)
                .linear("first", 5)
                .relu()
                .linear("second", 1)
                .linear("third", 2)
                .build(1);
    }

    /** Trains with flat parameters, as ND4J's networks pass them to their updaters. */
    private static void trainByHand(Network network, Batches data, IUpdater given) {
        IUpdater settings = given.clone();
        Pass pass = network.newTrainingPass();
        List<Parameter> parameters = network.parameters();
        List<GradientUpdater<?>> updaters = new ArrayList<>();
        for (Parameter parameter : parameters) {
            updaters.add(updater(settings, network.dataType(), parameter.value().length()));
        }
        for (int i = 0; i < STEPS; i++) {
            if (settings instanceof Adam adam) {
                placeEpsilonLikePyTorch(adam, ((Adam) given).getEpsilon(), i);
            }
            DataSet batch = data.get(i % data.count());
            INDArray output = pass.forward(batch.getFeatures());
            INDArray outputGradient = Nd4j.create(network.dataType(), output.shape());
            Loss.softmaxCrossEntropy().compute(output, batch.getLabels(), outputGradient);
            pass.backward(outputGradient);
            for (int k = 0; k < parameters.size(); k++) {
                Parameter parameter = parameters.get(k);
                INDArray gradient = pass.gradient(parameter).dup('c');
                INDArray update = gradient.reshape('c', 1, gradient.length());
                updaters.get(k).applyUpdater(update, i, i / data.count());
                parameter.value().subi(update.reshape('c', parameter.value().shape()));
            }
        }
    }

    /** Sets the ε of ND4J, which adds it to √v, so that it has the effect of PyTorch's ε, which is added to √(v/(1−β₂ᵗ)). */
    private static void placeEpsilonLikePyTorch(Adam adam, double epsilon, int iteration) {
        adam.setEpsilon(epsilon * Math.sqrt(1 - Math.pow(adam.getBeta2(), iteration + 1.0)));
    }

    private static GradientUpdater<?> updater(IUpdater settings, DataType type, long length) {
        if (settings instanceof AdaBelief) {
            INDArray m = Nd4j.zeros(type, 1, length);
            INDArray s = Nd4j.zeros(type, 1, length);
            return settings.instantiate(Map.of(AdaBeliefUpdater.M_STATE, m, AdaBeliefUpdater.S_STATE, s), true);
        }
        long size = settings.stateSize(length);
        return settings.instantiate(size == 0 ? null : Nd4j.zeros(type, 1, size), true);
    }

    @ParameterizedTest
    @MethodSource("updatersAndTypes")
    void trainsLikeNd4j(IUpdater updater, DataType type) {
        Batches data = Batches.random(1, type, 3, 2, 4, 4, 1);
        Network byHand = network(type);
        trainByHand(byHand, data, updater);
        Network trained = network(type);
        Trainer.builder(trained).updater(updater).maxIterations(STEPS).build().fit(data);
        double precision = type == DataType.DOUBLE ? 1e-14 : 1e-6;
        for (int i = 0; i < byHand.parameters().size(); i++) {
            assertThat(Samples.bits(trained.parameters().get(i).value()))
                    .usingComparatorWithPrecision(precision)
                    .containsExactly(Samples.bits(byHand.parameters().get(i).value()))
                    .isNotEqualTo(Samples.bits(network(type).parameters().get(i).value()));
        }
    }

    @ParameterizedTest
    @MethodSource("updatersAndTypes")
    void trainsEitherMemoryOrderInTheSameWay(IUpdater updater, DataType type) {
        Batches data = Batches.random(1, type, 4, 3, 4, 4, 1);
        INDArray weight = Samples.gaussian(1, type, 3, 4);
        Network rows = new Network(List.of(new Linear("l", weight.dup('c'), null)));
        Network columns = new Network(List.of(new Linear("l", weight.dup('f'), null)));
        for (Network network : List.of(rows, columns)) {
            Trainer.builder(network)
                    .updater(updater)
                    .maxIterations(STEPS)
                    .build()
                    .fit(data);
        }
        assertThat(Samples.bits(columns.linear("l").weight()))
                .usingComparatorWithPrecision(type == DataType.DOUBLE ? 1e-12 : 1e-5)
                .containsExactly(Samples.bits(rows.linear("l").weight()));
    }

    /** Compares with ND4J in double: in float, its 1 − β and its bias correction have errors up to 5e-5. */
    private static void assertStepsLikeNd4j(Adam settings, INDArray value, int stepsPerEpoch) {
        INDArray expected = value.dup(value.ordering()).castTo(DataType.DOUBLE);
        INDArray gradient = Nd4j.create(DataType.FLOAT, value.shape(), value.ordering());
        long length = value.length();
        Adam nd4jSettings = settings.clone();
        GradientUpdater<?> nd4j = nd4jSettings.instantiate(Nd4j.zeros(DataType.DOUBLE, 1, 2 * length), true);
        HeapAdam adam = new HeapAdam(settings, value, gradient);
        INDArray before = value.like();
        for (int i = 0; i < 50; i++) {
            gradient.assign(Samples.gaussian(100 + i, DataType.FLOAT, value.shape()));
            int epoch = i / stepsPerEpoch;
            double[] held = Samples.bits(value);
            adam.step(i, epoch, before);
            assertThat(Samples.bits(before)).isEqualTo(held);
            placeEpsilonLikePyTorch(nd4jSettings, settings.getEpsilon(), i);
            // In memory order, as HeapAdam calculates.
            INDArray update = gradient.castTo(DataType.DOUBLE).dup(value.ordering());
            nd4j.applyUpdater(update.reshape(update.ordering(), 1, length), i, epoch);
            expected.subi(update);
        }
        double[] actual = Samples.bits(value);
        double[] wanted = Samples.bits(expected);
        for (int i = 0; i < actual.length; i++) {
            assertThat(Math.abs(actual[i] - wanted[i]))
                    .as("element %d", i)
                    .isLessThanOrEqualTo(1e-6 * Math.max(1, Math.abs(wanted[i])));
        }
    }

    @Test
    void heapAdamGivesTheSameBitsForAnyNumberOfThreads() {
        List<double[]> ends = new ArrayList<>();
        for (int blas : new int[] {1, Runtime.getRuntime().availableProcessors()}) {
            INDArray value = Samples.gaussian(1, DataType.FLOAT, 300_001);
            INDArray gradient = Samples.gaussian(2, DataType.FLOAT, 300_001);
            HeapAdam adam = new HeapAdam(new Adam(0.01), value, gradient);
            try (NativeThreads threads = NativeThreads.forBlas(blas)) {
                assertThat(threads).isNotNull();
                for (int i = 0; i < 3; i++) {
                    adam.step(i, 0, value.like());
                }
            }
            ends.add(Samples.bits(value));
        }
        assertThat(ends.get(0)).isEqualTo(ends.get(1));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 7, 2047, 2048, 2049, 4096, 5000, 200_001})
    void heapAdamStepsLikeNd4jsAtAnyLength(long length) {
        assertStepsLikeNd4j(new Adam(0.01), Samples.gaussian(1, DataType.FLOAT, length), 50);
    }

    @Test
    void heapAdamStepsLikeNd4jsInEitherOrder() {
        INDArray value = Samples.gaussian(1, DataType.FLOAT, 50, 60);
        assertStepsLikeNd4j(new Adam(0.01), value.dup('c'), 50);
        assertStepsLikeNd4j(new Adam(0.01), value.dup('f'), 50);
    }

    /** One weight whose rows are long enough to be updated while their gradients are computed. */
    private static Network wide() {
        return Network.builder(3000).linear("wide", 60).relu().linear("last", 4).build(1);
    }

    /** Batches whose rows are few enough for this, and a batch with too many of them. */
    private static Batches wideBatches() {
        return Batches.random(1, DataType.FLOAT, 3000, 4, 10, 1, 7, 40);
    }

    @Test
    void heapAdamTrainsWideWeightsAsByHand() {
        assertTrainsAsByHand(UpdaterTest::wide);
    }

    /** Layers one after the other use the same memory for their gradients in turn. */
    @Test
    void heapAdamTrainsManyWideWeightsAsByHand() {
        assertTrainsAsByHand(() -> Network.builder(3000)
                .linear("l1", 300)
                .linear("l2", 300)
                .linear("l3", 300)
                .linear("l4", 300)
                .linear("l5", 4)
                .build(1));
    }

    private static void assertTrainsAsByHand(Supplier<Network> network) {
        Network byHand = network.get();
        trainByHand(byHand, wideBatches(), new Adam(0.001));
        Network trained = network.get();
        Trainer.builder(trained)
                .updater(new Adam(0.001))
                .maxIterations(STEPS)
                .build()
                .fit(wideBatches());
        for (int i = 0; i < byHand.parameters().size(); i++) {
            INDArray actual = trained.parameters().get(i).value();
            assertThat(Differences.greatest(actual, byHand.parameters().get(i).value()))
                    .isLessThan(1e-5);
            assertThat(Differences.greatest(
                            actual, network.get().parameters().get(i).value()))
                    .isGreaterThan(1e-3);
        }
    }

    @Test
    void heapAdamTrainsWideWeightsToTheSameBitsForAnyNumberOfItsThreads() {
        List<double[]> ends = new ArrayList<>();
        for (int blas : new int[] {1, Runtime.getRuntime().availableProcessors()}) {
            Pass pass = wide().newTrainingPass();
            Parameter weight = pass.trainableParameters().iterator().next();
            HeapAdam adam = new HeapAdam(
                    new Adam(0.01),
                    0,
                    weight.value(),
                    pass.gradient(weight),
                    pass.segment().weightGradient(weight));
            INDArray output = pass.forward(wideBatches().get(0).getFeatures());
            pass.backward(Samples.gaussian(1, DataType.FLOAT, output.shape()));
            try (NativeThreads threads = NativeThreads.forBlas(blas)) {
                assertThat(threads).isNotNull();
                adam.step(0, 0, null);
            }
            ends.add(Samples.bits(weight.value()));
        }
        assertThat(ends.get(0)).isEqualTo(ends.get(1));
    }

    @Test
    void aPassStillComputesAGradientThatHeapAdamDefers() {
        Network network = wide();
        Pass pass = network.newTrainingPass();
        Parameter weight = network.linear("wide").weightParameter();
        Pass plain = network.newTrainingPass();
        new HeapAdam(
                new Adam(0.01),
                0,
                weight.value(),
                pass.gradient(weight),
                pass.segment().weightGradient(weight));
        for (Pass each : List.of(pass, plain)) {
            INDArray output = each.forward(wideBatches().get(0).getFeatures());
            each.backward(Samples.gaussian(1, DataType.FLOAT, output.shape()));
        }
        assertThat(Samples.bits(pass.gradient(weight))).isEqualTo(Samples.bits(plain.gradient(weight)));
    }

    @ParameterizedTest
    @MethodSource("schedules")
    void heapAdamFollowsSchedulesLikeNd4js(ISchedule schedule) {
        assertStepsLikeNd4j(new Adam(schedule), Samples.gaussian(1, DataType.FLOAT, 100), 10);
    }

    static Stream<ISchedule> schedules() {
        return Stream.of(
                new StepSchedule(ScheduleType.ITERATION, 0.1, 0.5, 7),
                new StepSchedule(ScheduleType.EPOCH, 0.1, 0.5, 1));
    }

    private static ParameterUpdater updaterOf(IUpdater settings, DataType type) {
        Parameter parameter = new Parameter("p", Nd4j.create(type, 3), true);
        return ParameterUpdater.of(settings, parameter, Nd4j.create(type, 3), null);
    }

    @Test
    void onlyAdamInFloatRunsOnTheHeap() {
        Adam subclass = new Adam(0.01) {
            private static final long serialVersionUID = 1L;
        };
        assertThat(updaterOf(new Adam(0.01), DataType.FLOAT)).isInstanceOf(HeapAdam.class);
        assertThat(updaterOf(new Adam(0.01), DataType.DOUBLE)).isInstanceOf(Nd4jAdam.class);
        assertThat(updaterOf(subclass, DataType.FLOAT)).isInstanceOf(Nd4jUpdater.class);
        assertThat(updaterOf(new Sgd(0.01), DataType.FLOAT)).isInstanceOf(Nd4jUpdater.class);
    }

    @Test
    void heapAdamUsesAllSettings() {
        assertStepsLikeNd4j(new Adam(0.01, 0.5, 0.9, 1e-3), Samples.gaussian(1, DataType.FLOAT, 100), 50);
    }

    @ParameterizedTest
    @MethodSource("updatersAndTypes")
    void theStateNeverFallsBelowTheSmallestNormalNumber(IUpdater updater, DataType type) {
        Parameter parameter = new Parameter("p", Nd4j.zeros(type, 3, 4), true);
        INDArray gradient = Nd4j.create(type, 3, 4);
        ParameterUpdater tested = ParameterUpdater.of(updater.clone(), parameter, gradient, null);
        // 0.9 to the power of these numbers is far below the smallest normal number of the type.
        int steps = type == DataType.FLOAT ? 3_000 : 9_000;
        for (int i = 0; i < steps; i++) {
            // First gradients that decay, down to nothing, then none.
            gradient.assign(i < 500 ? Math.pow(0.8, i) : 0);
            tested.step(i, 0, null);
            INDArray state = tested.state();
            if (state == null) {
                return;
            }
            if (i % 10 == 9) {
                double smallest = type == DataType.FLOAT ? Float.MIN_NORMAL : Double.MIN_NORMAL;
                assertThat(Arrays.stream(Samples.bits(state)).filter(x -> x != 0 && Math.abs(x) < smallest))
                        .as("state after step %d", i)
                        .isEmpty();
            }
        }
    }
}
