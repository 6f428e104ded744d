package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;
import static org.lora4j.Refusals.argument;
import static org.lora4j.SmallModels.assertSameBits;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.Refusals;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAConfigBuilder;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.fixtures.Differences;
import org.lora4j.internal.math.RandomArrays;
import org.lora4j.nn.FiniteDifferences;
import org.lora4j.nn.Model;
import org.lora4j.nn.compute.internal.Decoders;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

/** Preferences of pairs. {@code PreferenceGoldenTest} compares with PyTorch. */
@Tag("numbers")
class PreferenceLossTest {
    private static final PreferenceLoss LOSS = new PreferenceLoss(0.7, 0.1, false);

    /** A prompt with a random answer of each length. */
    private static Sequences texts(SplittableRandom random, int[][] prompts, int... lengths) {
        int[][] ids = new int[lengths.length][];
        int[] before = new int[lengths.length];
        for (int i = 0; i < ids.length; i++) {
            before[i] = prompts[i].length;
            ids[i] = Arrays.copyOf(prompts[i], before[i] + lengths[i]);
            for (int j = before[i]; j < ids[i].length; j++) {
                ids[i][j] = random.nextInt(Decoders.VOCABULARY);
            }
        }
        return Sequences.of(ids).withPrompts(before);
    }

    /** More tokens in the answers than a block of a head has rows. */
    private static Batch batch(Model reference, long seed, int pairs) {
        SplittableRandom random = new SplittableRandom(seed);
        int[][] prompts = new int[pairs][];
        int[] chosen = new int[pairs];
        int[] rejected = new int[pairs];
        for (int i = 0; i < pairs; i++) {
            prompts[i] =
                    random.ints(1 + random.nextInt(5), 0, Decoders.VOCABULARY).toArray();
            chosen[i] = 1 + random.nextInt(30);
            rejected[i] = 1 + random.nextInt(30);
        }
        PreferenceLoss.AnswerLogProbabilities ofReference = new PreferenceLoss.AnswerLogProbabilities(reference);
        Sequences preferred = texts(random, prompts, chosen);
        Sequences other = texts(random, prompts, rejected);
        return Batch.ofPreferences(preferred, other, ofReference.compute(preferred), ofReference.compute(other));
    }

    private static LoRAModel model(DataType type) {
        return LoRAModel.of(Decoders.of(Decoders.Family.LLAMA, 3, type, 80));
    }

    private static AdapterView add(LoRAModel model, String name, LoRAConfigBuilder config) {
        AdapterView view = model.add(name, config.seed(8).build());
        SplittableRandom random = new SplittableRandom(4);
        for (Parameter parameter : view.parameters()) {
            INDArray value = parameter.value();
            value.addi(RandomArrays.gaussian(random, 0.3, value.dataType(), value.shape()));
        }
        return view;
    }

    private static LoRAConfigBuilder config() {
        return LoRAConfig.builder().rank(2).alpha(3).targetModules("o", "lm_head");
    }

    static Stream<PreferenceLoss> losses() {
        return Stream.of(
                PreferenceLoss.of(0.1), LOSS, new PreferenceLoss(4, 0, true), new PreferenceLoss(3, 0.3, true));
    }

    @ParameterizedTest
    @MethodSource("losses")
    @Tag("slow")
    void gradientsAreThoseOfFiniteDifferences(PreferenceLoss loss) {
        LoRAModel model = model(DataType.DOUBLE);
        Batch batch = batch(model.base(), 1, 5);
        for (LoRAConfigBuilder config : List.of(
                config(),
                config().dropout(0.4),
                config().dora(true),
                config().dora(true).dropout(0.4),
                LoRAConfig.builder().rank(1).targetModules("o").modulesToSave("lm_head"),
                LoRAConfig.builder().rank(1).targetModules("o").trainableTokens(2, 5, 11))) {
            AdapterView view = add(model, "a", config);
            BatchGradients gradients = new BatchGradients(view, loss);
            gradients.compute(batch, 7, 0, 0);
            List<INDArray> found = gradients.gradients().stream()
                    .map(gradient -> gradient.dup(gradient.ordering()))
                    .toList();
            for (int i = 0; i < found.size(); i++) {
                Parameter parameter = gradients.parameters().get(i);
                // DoRA's norm is a constant for the gradients of A and B, so no differences give them.
                if (config.build().dora() && !parameter.name().contains("magnitude")) {
                    continue;
                }
                FiniteDifferences.assertGradient(
                        view + " " + parameter.name(),
                        () -> gradients.compute(batch, 7, 0, 0),
                        parameter.value(),
                        found.get(i));
            }
            model.delete("a");
        }
    }

    @ParameterizedTest
    @EnumSource(Decoders.Family.class)
    @Tag("slow")
    void gradientsOfAllFamiliesAreThoseOfFiniteDifferences(Decoders.Family family) {
        LoRAModel model = LoRAModel.of(Decoders.of(family, 3, DataType.DOUBLE, 80));
        Batch batch = batch(model.base(), 1, 3);
        AdapterView view = add(model, "a", LoRAConfig.builder().rank(1).targetModules("lm_head", "o"));
        BatchGradients gradients = new BatchGradients(view, LOSS);
        gradients.compute(batch, 0, 0, 0);
        List<INDArray> found = gradients.gradients().stream()
                .map(gradient -> gradient.dup(gradient.ordering()))
                .toList();
        for (int i = 0; i < found.size(); i++) {
            Parameter parameter = gradients.parameters().get(i);
            FiniteDifferences.assertGradient(
                    parameter.name(), () -> gradients.compute(batch, 0, 0, 0), parameter.value(), found.get(i));
        }
    }

    @ParameterizedTest
    @MethodSource("losses")
    void theGradientOfLogProbabilitiesIsThatOfFiniteDifferences(PreferenceLoss loss) {
        INDArray output = RandomArrays.gaussian(new SplittableRandom(1), 0.5, DataType.DOUBLE, 6, 1);
        INDArray labels = RandomArrays.gaussian(new SplittableRandom(2), 0.5, DataType.DOUBLE, 6);
        INDArray gradient = output.ulike();
        double value = loss.compute(output, labels, gradient);
        FiniteDifferences.assertGradient(
                "output", () -> loss.compute(output, labels, output.ulike()), output, gradient);
        double expected = 0;
        for (int i = 0; i < 3; i++) {
            double d = output.getDouble(i) - labels.getDouble(i) - (output.getDouble(3 + i) - labels.getDouble(3 + i));
            double sigmoid = 1 / (1 + Math.exp(-loss.beta() * d));
            expected -=
                    ((1 - loss.labelSmoothing()) * Math.log(sigmoid) + loss.labelSmoothing() * Math.log(1 - sigmoid))
                            / 3;
        }
        assertThat(value).isCloseTo(expected, within(1e-12));
    }

    @Test
    void hugeDifferencesNeitherOverflowNorVanish() {
        INDArray labels = Nd4j.createFromArray(0.0, 0.0);
        INDArray gradient = Nd4j.createFromArray(0.0, 0.0);
        assertThat(PreferenceLoss.of(10).compute(Nd4j.createFromArray(-1e4, 0.0), labels, gradient))
                .isEqualTo(1e5);
        assertThat(gradient.toDoubleVector()).containsExactly(-10, 10);
        assertThat(PreferenceLoss.of(10).compute(Nd4j.createFromArray(0.0, -1e4), labels, gradient))
                .isZero();
        assertThat(Differences.fromZero(gradient)).isZero();
    }

    private static List<INDArray> trained(DataType type, boolean recompute, int accumulate, List<Batch> batches) {
        AdapterView view = add(model(type), "a", config().dropout(0));
        Trainer.builder(view)
                .loss(LOSS)
                .updater(new Sgd(0.1))
                .accumulate(accumulate)
                .recomputeActivations(recompute)
                .clipNorm(0.5)
                .epochs(3)
                .build()
                .fit(batches);
        return view.parameters().stream().map(Parameter::value).toList();
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"FLOAT", "DOUBLE"})
    void recomputedActivationsGiveTheSameBits(DataType type) {
        List<Batch> batches = List.of(batch(model(type).base(), 1, 3));
        List<INDArray> recomputed = trained(type, true, 1, batches);
        List<INDArray> kept = trained(type, false, 1, batches);
        assertThat(recomputed).hasSameSizeAs(kept);
        for (int i = 0; i < kept.size(); i++) {
            assertSameBits(recomputed.get(i), kept.get(i));
        }
    }

    /** Pairs in the order of one batch: the chosen ones, then the rejected ones. */
    private static Batch part(Batch whole, int from, int to) {
        Sequences all = (Sequences) whole.input();
        int n = all.count() / 2;
        double[] reference = Objects.requireNonNull(whole.labels()).toDoubleVector();
        return Batch.ofPreferences(
                all.part(from, to),
                all.part(n + from, n + to),
                Arrays.copyOfRange(reference, from, to),
                Arrays.copyOfRange(reference, n + from, n + to));
    }

    @Test
    void accumulatedBatchesCountWithTheirPairs() {
        Batch whole = batch(model(DataType.DOUBLE).base(), 1, 4);
        List<INDArray> together = trained(DataType.DOUBLE, false, 1, List.of(whole));
        List<INDArray> apart = trained(DataType.DOUBLE, false, 2, List.of(part(whole, 0, 3), part(whole, 3, 4)));
        for (int i = 0; i < together.size(); i++) {
            assertThat(apart.get(i).distance2(together.get(i))).isLessThan(1e-12);
        }
    }

    /** A loss of all logits, so that the whole output is computed. */
    private enum Squares implements Loss {
        INSTANCE;

        @Override
        public boolean usesLabels() {
            return false;
        }

        @Override
        public double compute(INDArray output, INDArray labels, INDArray gradient) {
            gradient.assign(output).muli(1e-3);
            return output.mul(output).sumNumber().doubleValue() * 0.5e-3;
        }
    }

    /** The whole output gives what the head gives in blocks. */
    @ParameterizedTest
    @CsvSource({"true, true", "true, false", "false, true", "false, false"})
    void trainingsTogetherAreThoseAlone(boolean withWholeOutput, boolean dora) {
        LoRAModel together = model(DataType.DOUBLE);
        LoRAModel alone = model(DataType.DOUBLE);
        Batch pairs = batch(together.base(), 3, 4);
        Batch other = new Batch(Sequences.of(new int[] {1, 5, 3, 2}, new int[] {7, 2, 2}), null);
        MultiTrainer trainer = new MultiTrainer();
        for (LoRAModel model : List.of(together, alone)) {
            Trainer preferences = Trainer.builder(
                            add(model, "pairs", config().dropout(0.3).dora(dora)))
                    .loss(LOSS)
                    .updater(new Sgd(0.1))
                    .epochs(3)
                    .build();
            Trainer tokens = Trainer.builder(add(model, "tokens", config()))
                    .loss(withWholeOutput ? Squares.INSTANCE : Loss.nextToken())
                    .updater(new Sgd(0.1))
                    .epochs(3)
                    .build();
            if (model == together) {
                trainer.add(preferences, List.of(pairs)).add(tokens, List.of(other));
            } else {
                preferences.fit(List.of(pairs));
                tokens.fit(List.of(other));
            }
        }
        trainer.fit().forEach(outcome -> assertThat(outcome.failure()).isEmpty());
        for (String name : List.of("pairs", "tokens")) {
            for (int i = 0; i < together.parameters(name).size(); i++) {
                assertThat(together.parameters(name)
                                .get(i)
                                .value()
                                .distance2(alone.parameters(name).get(i).value()))
                        .as(name)
                        .isLessThan(1e-11);
            }
        }
    }

    @Test
    void aResumedTrainingEndsAtTheSameBits() {
        Batch one = batch(model(DataType.FLOAT).base(), 1, 3);
        Batch two = batch(model(DataType.FLOAT).base(), 2, 2);
        List<TrainingState> states = new ArrayList<>();
        AdapterView whole = add(model(DataType.FLOAT), "a", config().dropout(0.3));
        AdapterView resumed = add(model(DataType.FLOAT), "a", config().dropout(0.3));
        Trainer.builder(whole)
                .loss(LOSS)
                .updater(new AdamW(0.01, 0.01))
                .epochs(3)
                .checkpointEvery(3, states::add)
                .build()
                .fit(List.of(one, two));
        Trainer.builder(resumed)
                .loss(LOSS)
                .updater(new AdamW(0.01, 0.01))
                .epochs(3)
                .resume(states.get(0))
                .build()
                .fit(List.of(one, two));
        for (int i = 0; i < whole.parameters().size(); i++) {
            assertSameBits(
                    resumed.parameters().get(i).value(),
                    whole.parameters().get(i).value());
        }
    }

    /** What PiSSA and OLoRA subtract from the base is no part of the reference. */
    @ParameterizedTest
    @ValueSource(strings = {"pissa", "olora"})
    void theReferenceIsTheOriginalModelWhateverTheInitialization(String init) {
        LoRAModel model = model(DataType.DOUBLE);
        double[] original =
                Objects.requireNonNull(batch(model.network(), 1, 4).labels()).toDoubleVector();
        AdapterView view = model.add(
                "a",
                config().init(init.equals("pissa") ? LoRAInit.pissa() : LoRAInit.olora())
                        .build());
        Batch batch = batch(model.base(), 1, 4);
        assertThat(Objects.requireNonNull(batch.labels()).toDoubleVector()).containsExactly(original);
        PreferenceLoss.Metrics before = LOSS.evaluate(view, List.of(batch));
        assertThat(before.loss()).isCloseTo(Math.log(2), within(1e-10));
        assertThat(before.margin()).isCloseTo(0, within(1e-10));
        Trainer.builder(view)
                .loss(LOSS)
                .updater(new Sgd(0.05))
                .epochs(4)
                .build()
                .fit(List.of(batch));
        assertThat(batch(model.base(), 1, 4)).isEqualTo(batch);
        assertThat(LOSS.evaluate(view, List.of(batch)).margin()).isGreaterThan(0.1);
    }

    @Test
    void validationAndEvaluationAreMeansOverAllPairs() {
        LoRAModel model = model(DataType.DOUBLE);
        AdapterView view = add(model, "a", config().dropout(0.5));
        Batch whole = batch(model.base(), 5, 5);
        List<Batch> parts = List.of(part(whole, 0, 1), part(whole, 1, 5));
        PreferenceLoss.Metrics all = LOSS.evaluate(view, List.of(whole));
        PreferenceLoss.Metrics inParts = LOSS.evaluate(view, parts);
        assertThat(inParts.pairs()).isEqualTo(5);
        assertThat(inParts.loss()).isCloseTo(all.loss(), within(1e-12));
        assertThat(inParts.margin()).isCloseTo(all.margin(), within(1e-12));
        assertThat(inParts.accuracy()).isEqualTo(all.accuracy());
        assertThat(inParts.margin()).isCloseTo(inParts.chosenReward() - inParts.rejectedReward(), within(1e-12));
        assertThat(new ValidationLoss(view, LOSS, BatchSource.of(parts)).getAsDouble())
                .isCloseTo(all.loss(), within(1e-12));
    }

    @Test
    void findsTheLayerThatIsNotFinite() {
        LoRAModel model = model(DataType.FLOAT);
        Batch batch = batch(model.base(), 1, 2);
        AdapterView view = add(model, "a", LoRAConfig.builder().targetModules("lm_head"));
        view.parameters().forEach(parameter -> parameter.value().assign(1e38));
        Trainer trainer = Trainer.builder(view).loss(LOSS).build();
        assertThatExceptionOfType(DivergedException.class)
                .isThrownBy(() -> trainer.fit(List.of(batch)))
                .extracting(DivergedException::place)
                .isEqualTo("lm_head");
    }

    @TestFactory
    List<DynamicTest> refusals() {
        LoRAModel model = model(DataType.FLOAT);
        AdapterView view = model.add("a", config().build());
        Sequences text = Sequences.of(new int[] {1, 2, 3});
        Sequences marked = text.withPrompts(1);
        double[] one = {-1};
        Trainer trainer = Trainer.builder(view).loss(LOSS).build();
        PreferenceLoss.AnswerLogProbabilities base = new PreferenceLoss.AnswerLogProbabilities(model.base());
        return Refusals.table(
                argument(() -> PreferenceLoss.of(0)).says("beta must be positive and finite, found 0.0"),
                argument(() -> PreferenceLoss.of(Double.NaN)).says("beta must be positive and finite, found NaN"),
                argument(() -> new PreferenceLoss(1, 0.5, false))
                        .says("labelSmoothing must be at least 0 and less than 0.5, found 0.5"),
                argument(() -> new PreferenceLoss(1, -0.1, false))
                        .says("labelSmoothing must be at least 0 and less than 0.5, found -0.1"),
                argument(() -> text.withPrompts(1, 2))
                        .says("sequences: there must be a prompt for each of the 1 sequences, found 2"),
                argument(() -> text.withPrompts(4))
                        .says("sequences: the prompt of sequence 0 must have 0 to its 3 tokens, found 4"),
                argument(() -> base.compute(text))
                        .says("sequences: each must have a prompt of at least one token, and an answer of at least one,"
                                + " found 0 and 3 in sequence 0; set the prompts with Sequences.withPrompts"),
                argument(() -> base.compute(text.withPrompts(3)))
                        .says("sequences: each must have a prompt of at least one token, and an answer of at least one,"
                                + " found 3 and 0 in sequence 0; set the prompts with Sequences.withPrompts"),
                argument(() -> Batch.ofPreferences(marked, marked, one, new double[0]))
                        .says("preferences: there must be a rejected answer and two log probabilities of the reference"
                                + " for each of the 1 chosen answers, found 1, 1 and 0"),
                argument(() -> Batch.ofPreferences(marked, marked, one, new double[] {Double.NaN}))
                        .says("preferences: the log probabilities of the reference must be finite, found NaN for the"
                                + " rejected answer 0"),
                argument(() -> trainer.fit(List.of(new Batch(marked, Nd4j.createFromArray(one)))))
                        .says("a batch of preferences must have 2n answers, n chosen and then n rejected ones, found 1;"
                                + " create it with Batch.ofPreferences"),
                argument(() -> trainer.fit(List.of(new Batch(Sequences.concat(List.of(marked, marked)), null))))
                        .says("labels: must be the log probabilities of the reference for each of the 2 answers, found"
                                + " none; create the batch with Batch.ofPreferences"),
                argument(() -> LOSS.evaluate(view, List.of()))
                        .says("batches: there must be at least one batch, found none"));
    }
}
