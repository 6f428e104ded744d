package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAConfigBuilder;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.fixtures.Differences;
import org.lora4j.internal.math.RandomArrays;
import org.lora4j.nn.Model;
import org.lora4j.nn.NativeObjects;
import org.lora4j.nn.Network;
import org.lora4j.nn.batch.internal.Segments;
import org.lora4j.nn.compute.internal.Decoders;
import org.lora4j.nn.compute.internal.Pass;
import org.lora4j.nn.compute.internal.RowsLoss;
import org.lora4j.nn.input.Input;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

/** The loss of the next token computes the head in blocks of rows, and gives what it gives for all rows at once. */
@Tag("numbers")
class HeadInBlocksTest {
    private static final int IGNORED = -100;

    /** The loss of the next token for outputs as a whole. */
    private record Whole(INDArray targets) implements Loss {
        @Override
        public boolean usesLabels() {
            return false;
        }

        @Override
        public double compute(INDArray output, INDArray labels, INDArray gradient) {
            return Loss.nextToken().compute(output, targets, gradient);
        }
    }

    /** Sequences with 130 labels that count, so three blocks, and others between them. */
    private static final int[] LENGTHS = {40, 1, 77, 52, 30};

    private static Batch batch(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int[][] ids = new int[LENGTHS.length][];
        int[][] labels = new int[LENGTHS.length][77];
        int count = 0;
        for (int i = 0; i < ids.length; i++) {
            ids[i] = random.ints(LENGTHS[i], 0, Decoders.VOCABULARY).toArray();
            for (int j = 0; j < 77; j++) {
                boolean counts = j > 0 && j < LENGTHS[i] && random.nextInt(4) > 0 && count < 130;
                labels[i][j] = counts ? random.nextInt(Decoders.VOCABULARY) : IGNORED;
                count += counts ? 1 : 0;
            }
        }
        assertThat(count).isEqualTo(130);
        return new Batch(Sequences.of(ids), Nd4j.createFromArray(labels));
    }

    private static Whole whole(Batch batch) {
        return new Whole(NextToken.INSTANCE.targets(batch.input(), batch.labels()));
    }

    private static LoRAConfigBuilder onHead() {
        return LoRAConfig.builder().rank(3).alpha(5).targetModules("o", "lm_head");
    }

    private static AdapterView adapter(String variant, LoRAModel model) {
        LoRAConfigBuilder config = switch (variant) {
            case "below" -> LoRAConfig.builder().rank(2).targetModules("o");
            case "head alone" -> LoRAConfig.builder().rank(2).targetModules("lm_head");
            case "lora" -> onHead();
            case "dropout" -> onHead().dropout(0.4);
            case "pissa" -> onHead().init(LoRAInit.pissa());
            case "dora" -> onHead().dora(true);
            case "dora with dropout" -> onHead().dora(true).dropout(0.4);
            case "saved head" -> LoRAConfig.builder().targetModules("o").modulesToSave("lm_head");
            case "saved table" -> LoRAConfig.builder().targetModules("o").modulesToSave("word");
            case "tokens" -> LoRAConfig.builder().targetModules("o").trainableTokens(2, 5, 11);
            default -> throw new IllegalArgumentException(variant);
        };
        AdapterView view = model.add("a", config.seed(8).build());
        SplittableRandom random = new SplittableRandom(4);
        for (Parameter parameter : view.parameters()) {
            INDArray value = parameter.value();
            value.addi(RandomArrays.gaussian(random, 0.3, value.dataType(), value.shape()));
        }
        return view;
    }

    private static Model model(String variant, Decoders.Family family, DataType type) {
        Network network = Decoders.of(family, 3, type, 80);
        return variant.equals("every parameter") ? network : adapter(variant, LoRAModel.of(network));
    }

    static Stream<Arguments> variants() {
        List<Arguments> all = new ArrayList<>();
        for (String variant : List.of(
                "below",
                "head alone",
                "lora",
                "dropout",
                "pissa",
                "dora",
                "dora with dropout",
                "saved head",
                "saved table",
                "tokens",
                "every parameter")) {
            for (DataType type : List.of(DataType.FLOAT, DataType.DOUBLE)) {
                all.add(Arguments.of(variant, type));
            }
        }
        return all.stream();
    }

    private static void assertClose(String what, INDArray actual, INDArray expected) {
        double size = Math.max(1, expected.amaxNumber().doubleValue());
        assertThat(Differences.greatest(actual, expected))
                .as(what)
                .isLessThanOrEqualTo(size * (actual.dataType() == DataType.DOUBLE ? 1e-11 : 1e-5));
    }

    @ParameterizedTest
    @MethodSource("variants")
    @Tag("slow")
    void givesLossAndGradientsOfTheWholeOutput(String variant, DataType type) {
        for (Decoders.Family family : Decoders.Family.values()) {
            Model model = model(variant, family, type);
            BatchGradients inBlocks = new BatchGradients(model, Loss.nextToken());
            // The second batch shows what is left of the first one.
            for (int number = 0; number < 2; number++) {
                Batch batch = batch(number);
                BatchGradients whole = new BatchGradients(model, whole(batch));
                double expected = whole.compute(batch, number, 2, 7);
                assertThat(inBlocks.compute(batch, number, 2, 7))
                        .isCloseTo(expected, within(type == DataType.DOUBLE ? 1e-11 : 1e-5));
                assertThat(inBlocks.weight()).isEqualTo(130);
                for (int i = 0; i < whole.parameters().size(); i++) {
                    assertClose(
                            family + " " + whole.parameters().get(i).name(),
                            inBlocks.gradients().get(i),
                            whole.gradients().get(i));
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("variants")
    void stepsAreThoseOfTheWholeOutput(String variant, DataType type) {
        List<List<Parameter>> trained = new ArrayList<>();
        for (boolean blocks : new boolean[] {true, false}) {
            Model model = model(variant, Decoders.Family.GPT2, type);
            Batch batch = batch(1);
            Trainer.builder(model)
                    .loss(blocks ? Loss.nextToken() : whole(batch))
                    .updater(new Sgd(0.1))
                    .epochs(3)
                    .build()
                    .fit(List.of(batch));
            trained.add(model instanceof AdapterView view ? view.parameters() : ((Network) model).parameters());
        }
        for (int i = 0; i < trained.get(0).size(); i++) {
            assertClose(
                    trained.get(0).get(i).name(),
                    trained.get(0).get(i).value(),
                    trained.get(1).get(i).value());
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"FLOAT", "DOUBLE"})
    void aValidationGivesTheLossOfTheWholeOutput(DataType type) {
        Model model = model("dora", Decoders.Family.QWEN3, type);
        Batch batch = batch(5);
        double expected = new ValidationLoss(model, whole(batch), BatchSource.of(List.of(batch))).getAsDouble();
        assertThat(new ValidationLoss(model, Loss.nextToken(), BatchSource.of(List.of(batch))).getAsDouble())
                .isCloseTo(expected, within(type == DataType.DOUBLE ? 1e-11 : 1e-5));
    }

    @Test
    void trainingsTogetherComputeOnlyWhatEachNeeds() {
        Network network = Decoders.of(Decoders.Family.LLAMA, 3, DataType.DOUBLE, 80);
        LoRAModel model = LoRAModel.of(network);
        LoRAModel alone = LoRAModel.of(Decoders.of(Decoders.Family.LLAMA, 3, DataType.DOUBLE, 80));
        MultiTrainer together = new MultiTrainer();
        List<String> variants = List.of("dora with dropout", "tokens", "below");
        for (int i = 0; i < variants.size(); i++) {
            for (LoRAModel one : List.of(model, alone)) {
                LoRAConfigBuilder config = switch (i) {
                    case 0 -> onHead().dora(true).dropout(0.4);
                    case 1 -> LoRAConfig.builder().targetModules("q").trainableTokens(2, 5, 11);
                    default -> LoRAConfig.builder().targetModules("v");
                };
                Trainer trainer = Trainer.builder(
                                one.add(variants.get(i), config.seed(i).build()))
                        .loss(Loss.nextToken())
                        .updater(new Sgd(0.3))
                        .epochs(3)
                        .build();
                if (one == model) {
                    together.add(trainer, List.of(batch(i)));
                } else {
                    trainer.fit(List.of(batch(i)));
                }
            }
        }
        together.fit().forEach(outcome -> assertThat(outcome.failure()).isEmpty());
        for (String variant : variants) {
            for (int k = 0; k < model.parameters(variant).size(); k++) {
                assertClose(
                        variant,
                        model.parameters(variant).get(k).value(),
                        alone.parameters(variant).get(k).value());
            }
        }
    }

    @Test
    void findsAHeadWhoseOutputIsNotFinite() {
        AdapterView view = LoRAModel.of(Decoders.of(Decoders.Family.LLAMA, 3, DataType.FLOAT, 80))
                .add("a", LoRAConfig.builder().targetModules("lm_head").build());
        view.parameters().get(1).value().assign(1e38);
        view.parameters().get(0).value().assign(1e38);
        Trainer trainer = Trainer.builder(view).loss(Loss.nextToken()).build();
        assertThatExceptionOfType(DivergedException.class)
                .isThrownBy(() -> trainer.fit(List.of(batch(1))))
                .extracting(DivergedException::place)
                .isEqualTo("lm_head");
    }

    /** The output of a head is as wide as the vocabulary, so it must never be there for all rows. */
    @Test
    void computesNoMoreRowsAtATimeThanABlockAndAllocatesAlmostNothing() {
        Pass pass = Decoders.of(Decoders.Family.LLAMA, 3, DataType.FLOAT, 80).newTrainingPass();
        Sequences x = (Sequences) batch(2).input();
        int[] rows = IntStream.range(0, 130).map(i -> i + i / 3).toArray();
        Set<Long> sizes = new TreeSet<>();
        List<Integer> starts = new ArrayList<>();
        RowsLoss loss = (output, from) -> {
            sizes.add(output.size(0));
            starts.add(from);
            return 0.5;
        };
        Segments segments = Segments.of(pass.segment(), x);
        Runnable step = () -> {
            pass.forwardToHead(segments);
            assertThat(pass.headLoss(0, rows, loss)).isEqualTo(1.5);
            pass.backwardFromHead();
        };
        for (int i = 0; i < 3; i++) {
            step.run();
        }
        assertThat(sizes).containsExactly(2L, 64L);
        assertThat(starts).containsExactly(0, 64, 128, 0, 64, 128, 0, 64, 128);
        long before = NativeObjects.made();
        for (int i = 0; i < 20; i++) {
            step.run();
        }
        // A native context that has seen many arrays is purged now and then.
        assertThat(NativeObjects.made()).isLessThan(before + 20);
    }

    @Test
    void aPassWithoutAForwardToItsHeadHasNoLossOfRows() {
        Pass pass = Decoders.of(Decoders.Family.LLAMA, 3, DataType.FLOAT, 80).newTrainingPass();
        pass.forward(batch(2).input());
        assertThatIllegalStateException()
                .isThrownBy(() -> pass.headLoss(0, new int[] {0}, (output, from) -> 0))
                .withMessage("headLoss must follow forwardToHead, found forward or none; call forwardToHead before");
        Pass rows = Network.builder(2).linear("l", 3).build(1).newTrainingPass();
        assertThat(rows.hasHead()).isFalse();
        assertThatIllegalStateException()
                .isThrownBy(() -> rows.forwardToHead(Segments.of(rows.segment(), Input.of(Nd4j.rand(2, 2)))))
                .withMessageStartingWith("the last layer must be a linear layer over tokens, found l: Linear(");
    }
}
