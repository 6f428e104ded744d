package org.lora4j.train;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.offset;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.LoRAModel;
import org.lora4j.Models;
import org.lora4j.adapter.BiasTraining;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAConfigBuilder;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.internal.threads.SpareProcessors;
import org.lora4j.internal.threads.ThreadTeam;
import org.lora4j.nn.Network;
import org.lora4j.nn.Samples;
import org.lora4j.nn.SteadyState;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.activations.impl.ActivationTanH;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.adapter.MultiDataSetIteratorAdapter;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.RmsProp;
import org.nd4j.linalg.learning.config.Sgd;

/** Trainings that run together end where each of them ends alone. */
@Tag("slow")
@Tag("numbers")
class MultiTrainerTest {
    private static final int STEPS = 200;

    /** An adapter with the settings and the batch sizes of its training. */
    private record Tenant(String name, LoRAConfig config, Consumer<Trainer.Builder> settings, List<Integer> sizes) {
        static Tenant of(String name, LoRAConfigBuilder config, Integer... sizes) {
            return new Tenant(name, config.seed(name.hashCode()).build(), settings -> {}, List.of(sizes));
        }

        Tenant with(Consumer<Trainer.Builder> more) {
            return new Tenant(name, config, settings.andThen(more), sizes);
        }

        Batches data(DataType type) {
            return Batches.random(
                    name.hashCode(),
                    type,
                    20,
                    4,
                    sizes.stream().mapToInt(size -> size).toArray());
        }

        Trainer trainer(LoRAModel model) {
            Trainer.Builder builder =
                    Trainer.builder(model.using(name)).updater(new Adam(1e-3)).maxIterations(STEPS);
            settings.accept(builder);
            return builder.build();
        }

        @Override
        public String toString() {
            return name;
        }
    }

    private static Network network(DataType type) {
        return Network.builder(20)
                .dataType(type)
                .linear("linear1", 30)
                .relu()
                .linear("linear2", 25)
                .activation(new ActivationTanH())
                .linear("linear3", 4)
                .build(3);
    }

    private static LoRAModel model(Network network, List<Tenant> tenants) {
        LoRAModel model = LoRAModel.of(network);
        tenants.forEach(tenant -> model.add(tenant.name(), tenant.config()));
        return model;
    }

    private static LoRAConfigBuilder rank(int rank) {
        return LoRAConfig.builder().rank(rank).alpha(2 * rank);
    }

    private static List<Tenant> different() {
        return List.of(
                Tenant.of("lora", rank(2), 5),
                Tenant.of("rank stabilized", rank(8).rankStabilized(true), 1, 7, 3)
                        .with(settings -> settings.updater(new Sgd(0.05)).loss(Loss.meanSquaredError())),
                Tenant.of("dora", rank(3).dora(true), 6, 6, 2).with(settings -> settings.maxIterations(120)),
                Tenant.of("dora on one layer", rank(1).dora(true).targetModules("linear2"), 4),
                Tenant.of("dropout", rank(4).dropout(0.3), 5, 4).with(settings -> settings.epochs(40)),
                Tenant.of("dora with dropout", rank(2).dora(true).dropout(0.5), 3),
                Tenant.of("bias of B", rank(2).loraBias(true), 5).with(settings -> settings.clipNorm(0.1)),
                Tenant.of("pissa", rank(2).init(LoRAInit.pissa()), 1),
                Tenant.of("biases", rank(2).bias(BiasTraining.ALL), 2, 3),
                Tenant.of("saved module", rank(2).targetModules("linear1").modulesToSave("linear3"), 4, 1)
                        .with(settings -> settings.updater(new RmsProp(1e-3))),
                Tenant.of("last layer", rank(1).targetModules("linear3"), 8));
    }

    static Stream<List<Tenant>> together() {
        return Stream.concat(
                different().stream().map(List::of),
                Stream.of(
                        different(),
                        List.of(
                                Tenant.of("a", rank(1), 10),
                                Tenant.of("b", rank(1), 10),
                                Tenant.of("c", rank(1), 10).with(settings -> settings.maxIterations(7)))));
    }

    private static Map<String, INDArray> parameters(LoRAModel model, String name) {
        Map<String, INDArray> parameters = new TreeMap<>();
        for (Parameter parameter : model.parameters(name)) {
            parameters.put(parameter.name(), parameter.value());
        }
        return parameters;
    }

    private static void assertEndsAsAlone(DataType type, List<Tenant> tenants, double tolerance) {
        Network network = network(type);
        LoRAModel together = model(network, tenants);
        LoRAModel alone = model(network, tenants);
        Map<String, double[]> base = new TreeMap<>();
        network.parameters().forEach(one -> base.put(one.name(), Samples.bits(one.value())));
        MultiTrainer trainer = new MultiTrainer();
        tenants.forEach(tenant -> trainer.add(tenant.trainer(together), tenant.data(type)));

        List<MultiTrainer.Outcome> outcomes = trainer.fit();

        for (int i = 0; i < tenants.size(); i++) {
            Tenant tenant = tenants.get(i);
            TrainingResult expected = tenant.trainer(alone).fit(tenant.data(type));
            TrainingResult actual = outcomes.get(i).result();
            assertThat(actual.iterations()).isEqualTo(expected.iterations());
            assertThat(actual.epochs()).isEqualTo(expected.epochs());
            assertThat(actual.examples()).isEqualTo(expected.examples());
            assertThat(actual.finalLoss()).isCloseTo(expected.finalLoss(), offset(tolerance));
            assertClose(
                    tenant.name(), parameters(together, tenant.name()), parameters(alone, tenant.name()), tolerance);
        }
        network.parameters()
                .forEach(one ->
                        assertThat(Samples.bits(one.value())).as(one.name()).isEqualTo(base.get(one.name())));
    }

    private static void assertClose(
            String of, Map<String, INDArray> actual, Map<String, INDArray> expected, double tolerance) {
        assertThat(actual.keySet()).isEqualTo(expected.keySet());
        expected.forEach((name, value) -> {
            INDArray difference = requireNonNull(actual.get(name)).sub(value);
            assertThat(difference.norm2Number().doubleValue())
                    .as(of + " " + name)
                    .isLessThanOrEqualTo(tolerance * value.norm2Number().doubleValue());
        });
    }

    @ParameterizedTest
    @MethodSource("together")
    void eachTrainingEndsWhereItEndsAlone(List<Tenant> tenants) {
        assertEndsAsAlone(DataType.FLOAT, tenants, 1e-5);
    }

    @ParameterizedTest
    @MethodSource("together")
    void eachTrainingOfDoublesEndsWhereItEndsAlone(List<Tenant> tenants) {
        assertEndsAsAlone(DataType.DOUBLE, tenants, 1e-11);
    }

    @Test
    void moreRowsThanOneProductTakesAreComputedInGroups() {
        assertEndsAsAlone(
                DataType.DOUBLE,
                List.of(
                        Tenant.of("a", rank(1), 300).with(settings -> settings.maxIterations(5)),
                        Tenant.of("b", rank(2), 300, 100).with(settings -> settings.maxIterations(6)),
                        Tenant.of("c", rank(2).dora(true), 700).with(settings -> settings.maxIterations(4)),
                        Tenant.of("d", rank(1), 2).with(settings -> settings.maxIterations(6))),
                1e-11);
    }

    @Test
    void adaptersOfSeveralModelsOfOneBaseTrainTogether() {
        Network network = network(DataType.DOUBLE);
        Tenant tenant = Tenant.of("same name", rank(2), 5);
        LoRAModel one = model(network, List.of(tenant));
        LoRAModel other = model(network, List.of(tenant));
        LoRAModel alone = model(network, List.of(tenant));

        new MultiTrainer()
                .add(tenant.trainer(one), tenant.data(DataType.DOUBLE))
                .add(tenant.trainer(other), tenant.data(DataType.DOUBLE))
                .fit()
                .forEach(MultiTrainer.Outcome::result);

        tenant.trainer(alone).fit(tenant.data(DataType.DOUBLE));
        for (LoRAModel model : List.of(one, other)) {
            assertClose("", parameters(model, tenant.name()), parameters(alone, tenant.name()), 1e-11);
        }
    }

    @Test
    void aViewOfSeveralAdaptersTrainsBesideOthers() {
        List<Tenant> tenants = List.of(
                Tenant.of("dora", rank(2).dora(true), 5),
                Tenant.of("lora", rank(3), 5),
                Tenant.of("other", rank(1).targetModules("linear3"), 3));
        Network network = network(DataType.DOUBLE);
        LoRAModel together = model(network, tenants);
        LoRAModel alone = model(network, tenants);
        Batches data = tenants.get(0).data(DataType.DOUBLE);
        Tenant other = tenants.get(2);

        new MultiTrainer()
                .add(Trainer.builder(together.using("lora", "dora")).epochs(50).build(), data)
                .add(other.trainer(together), other.data(DataType.DOUBLE))
                .fit()
                .forEach(MultiTrainer.Outcome::result);

        Trainer.builder(alone.using("lora", "dora")).epochs(50).build().fit(data);
        other.trainer(alone).fit(other.data(DataType.DOUBLE));
        tenants.forEach(tenant -> assertClose(
                tenant.name(), parameters(together, tenant.name()), parameters(alone, tenant.name()), 1e-11));
    }

    /** Four trainings of each kind, so that several threads have something to do. */
    private static List<Tenant> many() {
        return IntStream.range(0, 4)
                .boxed()
                .flatMap(i -> different().stream()
                        .map(one -> new Tenant(
                                one.name() + " " + i,
                                one.config(),
                                one.settings().andThen(settings -> settings.maxIterations(20 + i)),
                                one.sizes())))
                .toList();
    }

    private static Map<String, double[]> bitsOfMany(int threads, List<Thread> ofListeners) {
        int before = ThreadTeam.shared().threads();
        ThreadTeam.shared().setThreads(threads);
        // The common pool must not divide the loops of a single thread.
        SpareProcessors.setEngineThreads(Runtime.getRuntime().availableProcessors());
        try {
            List<Tenant> tenants = many();
            LoRAModel model = model(network(DataType.FLOAT), tenants);
            MultiTrainer trainer = new MultiTrainer();
            for (Tenant tenant : tenants) {
                Tenant heard = tenant.with(settings -> settings.listener(new TrainingListener() {
                    @Override
                    public void onIteration(Iteration iteration) {
                        ofListeners.add(Thread.currentThread());
                    }
                }));
                trainer.add(heard.trainer(model), tenant.data(DataType.FLOAT));
            }
            trainer.fit().forEach(MultiTrainer.Outcome::result);
            Map<String, double[]> bits = new TreeMap<>();
            tenants.forEach(tenant -> parameters(model, tenant.name())
                    .forEach((name, value) -> bits.put(tenant.name() + " " + name, Samples.bits(value))));
            return bits;
        } finally {
            ThreadTeam.shared().setThreads(before);
            SpareProcessors.setEngineThreads(1);
        }
    }

    @Test
    void severalThreadsComputeTheSameBitsAndCallListenersInOne() {
        List<Thread> ofListeners = new ArrayList<>();

        Map<String, double[]> bits = bitsOfMany(3, ofListeners);

        assertThat(bits).usingRecursiveComparison().isEqualTo(bitsOfMany(1, new ArrayList<>()));
        assertThat(ofListeners).hasSizeGreaterThan(800).containsOnly(Thread.currentThread());
    }

    private static void trainUntilDecided(SteadyState state, List<Tenant> tenants) {
        LoRAModel model = model(Models.dense(DataType.FLOAT, 3, 20, 30, 25, 4), tenants);
        MultiTrainer trainer = new MultiTrainer();
        for (Tenant tenant : tenants) {
            boolean isFirst = tenant.equals(tenants.get(0));
            Tenant counted = tenant.with(settings -> {
                settings.maxIterations(Long.MAX_VALUE).epochs(1);
                if (isFirst) {
                    settings.listener(new CountedSteps(state));
                }
            });
            trainer.add(counted.trainer(model), tenant.data(DataType.FLOAT).until(state::isDecided));
        }
        trainer.fit().forEach(MultiTrainer.Outcome::result);
    }

    @Test
    void roundsAllocateNoNativeMemoryAfterTheFirstFew() {
        List<Tenant> tenants = List.of(
                Tenant.of("lora", rank(2), 5),
                Tenant.of("rank 8", rank(8), 1, 3),
                Tenant.of("bias of B", rank(2).loraBias(true), 5).with(settings -> settings.clipNorm(0.1)),
                Tenant.of("dropout", rank(2).dropout(0.2), 4),
                Tenant.of("dora", rank(2).dora(true), 3),
                Tenant.of("dora with dropout", rank(2).dora(true).dropout(0.2), 3),
                Tenant.of("pissa", rank(2).init(LoRAInit.pissa()), 1),
                Tenant.of("biases", rank(2).bias(BiasTraining.ALL), 2),
                Tenant.of("saved module", rank(2).targetModules("linear1").modulesToSave("linear3"), 4));
        SteadyState.assertReachedIn(20, state -> trainUntilDecided(state, tenants));
    }

    @Test
    void takesTheKindsOfDataThatATrainerTakes() {
        List<Tenant> tenants = Stream.of("iterator", "several arrays", "data set", "list")
                .map(name -> Tenant.of(name, rank(2), 5))
                .toList();
        Network network = network(DataType.DOUBLE);
        LoRAModel together = model(network, tenants);
        LoRAModel alone = model(network, tenants);
        Batches data = Batches.random(3, DataType.DOUBLE, 20, 4, 5);
        DataSet one = data.get(0);
        List<Trainer> trainers =
                tenants.stream().map(tenant -> tenant.trainer(together)).toList();
        new MultiTrainer()
                .add(trainers.get(0), data)
                .add(trainers.get(1), new MultiDataSetIteratorAdapter(Batches.of(one)))
                .add(trainers.get(2), one)
                .add(trainers.get(3), List.of(Batch.of(one)))
                .fit()
                .forEach(MultiTrainer.Outcome::result);
        for (Tenant tenant : tenants) {
            tenant.trainer(alone).fit(one);
            assertClose(tenant.name(), parameters(together, tenant.name()), parameters(alone, tenant.name()), 1e-12);
        }
    }

    @Test
    void refusesToFitWithoutTrainings() {
        assertThatIllegalStateException()
                .isThrownBy(() -> new MultiTrainer().fit())
                .withMessage("there must be at least one training, found none; call add before fit");
    }

    private static void assertRefused(String message, Trainer... trainers) {
        MultiTrainer together = new MultiTrainer();
        for (Trainer trainer : trainers) {
            together.add(trainer, Batches.random(1, DataType.FLOAT, 20, 4, 5));
        }
        assertThatIllegalArgumentException().isThrownBy(together::fit).withMessageContaining(message);
    }

    @Test
    void refusesTwoViewsOfOneAdapter() {
        Tenant a = Tenant.of("a", rank(2), 5);
        LoRAModel model = model(network(DataType.FLOAT), List.of(a, Tenant.of("b", rank(2), 5)));

        assertRefused("found linear1.lora_A.weight in two of them", a.trainer(model), a.trainer(model));
        // The view of both would compute with what the other training changes, even if it does not train it itself.
        model.setTrainable("b");
        Trainer both = Trainer.builder(model.using("a", "b")).build();
        assertRefused("found linear1.lora_A.weight in two of them", both, a.trainer(model));
    }

    @Test
    void refusesModelsOfDifferentBases() {
        Tenant a = Tenant.of("a", rank(2), 5);
        assertRefused(
                "one and the same base network",
                a.trainer(model(network(DataType.FLOAT), List.of(a))),
                a.trainer(model(network(DataType.FLOAT), List.of(a))));
    }
}
