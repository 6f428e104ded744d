package org.lora4j;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.lora4j.Refusals.argument;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.adapter.TargetModules;
import org.lora4j.fixtures.Differences;
import org.lora4j.internal.math.RandomArrays;
import org.lora4j.linalg.Svd;
import org.lora4j.model.internal.PrincipalComponents;
import org.lora4j.nn.Network;
import org.lora4j.nn.compute.internal.Decoders;
import org.lora4j.nn.input.FeatureRows;
import org.lora4j.nn.input.Input;
import org.lora4j.nn.input.Sequences;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.ops.transforms.Transforms;

@Tag("numbers")
class EvaInitTest {
    private static Network network(DataType type) {
        return Models.dense(type, 3, 12, 30, 20, 4);
    }

    /** Rows whose columns have very different sizes, and a mean that is not zero. */
    private static List<Input> batches(DataType type, int count, int rows) {
        SplittableRandom random = new SplittableRandom(5);
        INDArray sizes = Nd4j.linspace(DataType.DOUBLE, 0.1, 0.5, 12);
        List<Input> batches = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            INDArray x = RandomArrays.gaussian(random, 1, DataType.DOUBLE, rows, 12)
                    .muliRowVector(sizes)
                    .addi(1.5);
            batches.add(Input.of(x.castTo(type)));
        }
        return batches;
    }

    /** The principal components of all rows at once. */
    private static Svd components(INDArray rows) {
        INDArray all = rows.castTo(DataType.DOUBLE);
        return Svd.thin(all.subRowVector(all.mean(0)));
    }

    private static INDArray hidden(Network network, String path, INDArray x) {
        INDArray z = x.mmul(network.linear(path).weight().transpose());
        INDArray bias = network.linear(path).bias();
        return Transforms.relu(bias == null ? z : z.addRowVector(bias));
    }

    private static INDArray rows(List<Input> batches) {
        return Nd4j.vstack(
                batches.stream().map(batch -> ((FeatureRows) batch).array()).toArray(INDArray[]::new));
    }

    /** Equal up to the sign of each row. */
    private static void assertSameDirections(INDArray actual, INDArray expected, double tolerance) {
        assertThat(actual.shape()).isEqualTo(expected.shape());
        for (int i = 0; i < expected.size(0); i++) {
            double cosine = actual.getRow(i)
                    .castTo(DataType.DOUBLE)
                    .mul(expected.getRow(i))
                    .sumNumber()
                    .doubleValue();
            assertThat(Math.abs(cosine)).isCloseTo(1, within(tolerance));
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"FLOAT", "DOUBLE"})
    void theRowsOfAAreThePrincipalComponentsOfTheInputs(DataType type) {
        Network network = network(type);
        // One block, from which nothing is cut off.
        List<Input> batches = batches(type, 1, 63);
        INDArray x = rows(batches);
        LoRAModel model = LoRAModel.of(network);
        INDArray before = model.predict(x);
        AdapterView view = model.add("a", LoRAConfig.builder().rank(3).alpha(6).build(), EvaInit.of(batches));
        assertThat(view.predict(x)).isEqualTo(before);
        Map<String, LoRAWeights> weights = view.adapter().weights();
        INDArray hidden = hidden(network, "linear1", x);
        double tolerance = type == DataType.DOUBLE ? 1e-10 : 1e-4;
        assertSameDirections(
                requireNonNull(weights.get("linear1")).loraA(),
                components(x).vt().getRows(0, 1, 2),
                tolerance);
        assertSameDirections(
                requireNonNull(weights.get("linear2")).loraA(),
                components(hidden).vt().getRows(0, 1, 2),
                tolerance);
        assertThat(Differences.fromZero(requireNonNull(weights.get("linear2")).loraB()))
                .isZero();
        assertThat(view.parameters()).allMatch(parameter -> parameter.isTrainable());
        assertThat(view.adapter().config().rankPattern()).isEmpty();
    }

    @Test
    void theBlocksGiveWhatAllRowsGive() {
        SplittableRandom random = new SplittableRandom(3);
        INDArray x = RandomArrays.gaussian(random, 1, DataType.DOUBLE, 1300, 8);
        x.muliRowVector(Nd4j.linspace(DataType.DOUBLE, 3, 1, 8)).addi(4);
        PrincipalComponents components = new PrincipalComponents(3)
                .plus(x.getRows(0))
                .plus(x.get(NDArrayIndex.interval(1, 1200), NDArrayIndex.all()))
                .plus(x.get(NDArrayIndex.interval(1200, 1300), NDArrayIndex.all()));
        Svd expected = components(x);
        double all = 0;
        for (double sigma : expected.singularValues().toDoubleVector()) {
            all += sigma * sigma;
        }
        assertThat(components.rows()).isEqualTo(1300);
        assertSameDirections(components.leading(3), expected.vt().getRows(0, 1, 2), 1e-10);
        for (int i = 0; i < 3; i++) {
            double sigma = expected.singularValues().getDouble(i);
            assertThat(components.share(i)).isCloseTo(sigma * sigma / all, within(1e-10));
        }
    }

    @Test
    void ranksGoToTheLayersWhoseInputsNeedThem(@TempDir Path folder) throws Exception {
        Network network = network(DataType.FLOAT);
        // One output of the first layer is much larger than the others, so one component is enough for the layers
        // behind it.
        network.linear("linear1").weight().getRow(0).assign(10);
        List<Input> batches = batches(DataType.FLOAT, 1, 80);
        LoRAConfig config = LoRAConfig.builder().rank(2).alpha(6).build();
        LoRAModel model = LoRAModel.of(network);
        AdapterView view = model.add("a", config, EvaInit.of(batches).withRho(3));
        Map<String, LoRAWeights> weights = view.adapter().weights();
        assertThat(weights.values().stream().mapToInt(LoRAWeights::rank).sum()).isEqualTo(6);
        assertThat(requireNonNull(weights.get("linear1")).rank()).isEqualTo(4);
        LoRAConfig chosen = view.adapter().config();
        weights.forEach((path, one) -> {
            assertThat(chosen.rankOf(path)).isEqualTo(one.rank());
            assertThat(chosen.scaleOf(path)).isCloseTo(3, within(1e-12));
        });
        // Each component that was taken explains at least as much as each that was not.
        INDArray x = rows(batches);
        List<Double> taken = new ArrayList<>();
        List<Double> left = new ArrayList<>();
        for (String path : List.of("linear1", "linear2", "linear3")) {
            Svd svd = components(x);
            double all = svd.singularValues().norm2Number().doubleValue();
            int rank = weights.containsKey(path)
                    ? requireNonNull(weights.get(path)).rank()
                    : 0;
            for (int i = 0; i < 4; i++) {
                double sigma = svd.singularValues().getDouble(i) / all;
                (i < rank ? taken : left).add(sigma * sigma);
            }
            x = hidden(network, path, x);
        }
        assertThat(taken.stream().mapToDouble(share -> share).min().orElseThrow())
                .isGreaterThanOrEqualTo(
                        left.stream().mapToDouble(share -> share).max().orElseThrow() - 1e-6);
        view.save(folder);
        assertThat(LoRAModel.of(network).load("again", folder).predict(rows(batches)))
                .isEqualTo(view.predict(rows(batches)));
    }

    @Test
    void decodersShareTheComponentsOfQueriesAndKeys() {
        for (Decoders.Family family : Decoders.Family.values()) {
            Network network = Decoders.of(family, 2, DataType.DOUBLE, 40);
            LoRAModel model = LoRAModel.of(network);
            SplittableRandom random = new SplittableRandom(2);
            List<Input> batches = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                batches.add(Sequences.of(
                        random.ints(11, 0, Decoders.VOCABULARY).toArray(),
                        random.ints(6, 0, Decoders.VOCABULARY).toArray()));
            }
            LoRAConfig config = LoRAConfig.builder()
                    .rank(2)
                    .targetModules(TargetModules.allLinear())
                    .build();
            AdapterView view = model.add("a", config, EvaInit.of(batches));
            assertThat(view.predict(batches.get(0))).isEqualTo(network.predict(batches.get(0)));
            Map<String, LoRAWeights> weights = view.adapter().weights();
            if (!family.isFused()) {
                assertThat(requireNonNull(weights.get("layers.0.k")).loraA())
                        .isEqualTo(requireNonNull(weights.get("layers.0.q")).loraA())
                        .isNotEqualTo(
                                requireNonNull(weights.get("layers.0.gate")).loraA());
            }
            weights.forEach((path, one) -> {
                INDArray product = one.loraA().mmul(one.loraA().transpose());
                assertThat(Differences.greatest(product, Nd4j.eye(2))).as(path).isLessThan(1e-10);
            });
        }
    }

    @Test
    void refusesWhatItCannotDo() {
        LoRAModel model = LoRAModel.of(network(DataType.FLOAT));
        List<Input> batches = batches(DataType.FLOAT, 1, 2);
        Refusals.check(
                argument(() -> EvaInit.of(batches).withRho(0.5)).says("rho must be finite and at least 1, found 0.5"),
                argument(() -> model.add("a", LoRAConfig.builder().rank(3).build(), EvaInit.of(batches)))
                        .contains("linear1: EVA needs at least 3 rows or tokens for so many components, found 2"),
                argument(() -> model.add(
                                "a",
                                LoRAConfig.builder()
                                        .rank(2)
                                        .init(LoRAInit.pissa())
                                        .build(),
                                EvaInit.of(batches)))
                        .contains("init: EVA takes the place of the initialization"));
        assertThat(model.names()).isEmpty();
    }
}
