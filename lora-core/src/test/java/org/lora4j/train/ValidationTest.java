package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.nn.Network;
import org.lora4j.nn.Samples;
import org.lora4j.train.TrainingResult.StopReason;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

/** Validations between epochs, early stopping, and the best parameters at the end. */
class ValidationTest {
    private static final int EPOCH = 2;

    private final Network network = network();
    private final Batches data = Batches.random(1, DataType.FLOAT, 3, 2, 4, 3);
    private final List<INDArray> weights = new ArrayList<>();
    private final List<String> events = new ArrayList<>();

    private static Network network() {
        return Network.builder(3).linear("l", 2).build(1);
    }

    /** A score for each epoch; the last one stays. */
    private static Validation scores(double... values) {
        int[] calls = {0};
        return Validation.score(model -> values[Math.min(calls[0]++, values.length - 1)]);
    }

    private Trainer.Builder trainer(Validation validation) {
        return Trainer.builder(network).validation(validation).listener(new TrainingListener() {
            @Override
            public void onIteration(Iteration iteration) {
                weights.add(network.linear("l").weight().dup());
            }

            @Override
            public void onEpoch(int epoch, Iteration last) {
                events.add("epoch " + epoch);
            }

            @Override
            public void onValidation(ValidationResult result) {
                events.add("validation " + result.epoch() + " at " + result.iteration() + ": " + result.value()
                        + (result.isBest() ? " best" : ""));
            }

            @Override
            public void onEnd(TrainingResult result) {
                events.add("end");
            }
        });
    }

    private void assertWeightsAfter(int steps) {
        assertThat(network.linear("l").weight()).isEqualTo(weights.get(steps - 1));
    }

    @Test
    void restoresTheBestParametersAtTheEnd() {
        TrainingResult result = trainer(scores(1, 3, 2, 2.5)).epochs(4).build().fit(data);
        assertWeightsAfter(2 * EPOCH);
        assertThat(weights).doesNotHaveDuplicates();
        assertThat(result.best()).contains(new ValidationResult(2, 4, 3, true));
        assertThat(result.stopReason()).isEqualTo(StopReason.EPOCHS);
        assertThat(result.iterations()).isEqualTo(8);
        assertThat(events)
                .containsExactly(
                        "epoch 1",
                        "validation 1 at 2: 1.0 best",
                        "epoch 2",
                        "validation 2 at 4: 3.0 best",
                        "epoch 3",
                        "validation 3 at 6: 2.0",
                        "epoch 4",
                        "validation 4 at 8: 2.5",
                        "end");
    }

    @Test
    void theStartStaysIfNoEpochIsBetter() {
        INDArray start = network.linear("l").weight().dup();
        TrainingResult result = trainer(scores(3, 1, 3, 2).withPatience(3).withStart())
                .epochs(9)
                .build()
                .fit(data);
        assertThat(network.linear("l").weight()).isEqualTo(start);
        assertThat(result.best()).contains(new ValidationResult(0, 0, 3, true));
        assertThat(result.epochs()).isEqualTo(3);
        assertThat(events).startsWith("validation 0 at 0: 3.0 best", "epoch 1", "validation 1 at 2: 1.0");
    }

    @Test
    void anEpochIsKeptThatIsBetterThanTheStart() {
        TrainingResult result =
                trainer(scores(1, 2, 0).withStart()).epochs(2).build().fit(data);
        assertThat(result.best()).contains(new ValidationResult(1, 2, 2, true));
        assertWeightsAfter(EPOCH);
    }

    @Test
    void aTrainingThatResumesKnowsTheStart() {
        INDArray start = network.linear("l").weight().dup();
        TrainingState state = stateAfter(3, scores(3, 1, 2).withStart());
        TrainingState read = TrainingState.of(state.tensors(), state.metadata());
        assertThat(read.best()).isEqualTo(new ValidationResult(0, 0, 3, true));
        events.clear();
        trainer(scores(1).withStart()).epochs(3).resume(read).build().fit(data);
        assertThat(network.linear("l").weight()).isEqualTo(start);
        assertThat(events).startsWith("epoch 2", "validation 2 at 4: 1.0");
    }

    @Test
    void theLeastCostIsTheBest() {
        int[] calls = {0};
        TrainingResult result = trainer(
                        Validation.cost(model -> List.of(3.0, 1.0, 2.0).get(calls[0]++)))
                .epochs(3)
                .build()
                .fit(data);
        assertThat(result.best()).contains(new ValidationResult(2, 4, 1, true));
        assertWeightsAfter(2 * EPOCH);
    }

    @Test
    void aTieIsNoImprovement() {
        trainer(scores(1, 1, 1)).epochs(3).build().fit(data);
        assertWeightsAfter(EPOCH);
    }

    /** The best epochs are 2, 4 and 7. */
    @ParameterizedTest
    @CsvSource({"1, 2, 3", "2, 4, 6", "3, 7, 10"})
    void stopsAfterEpochsWithoutImprovement(int patience, int best, int last) {
        TrainingResult result = trainer(scores(1, 2, 1.5, 2.5, 2, 2.2, 2.6, 1).withPatience(patience))
                .epochs(100)
                .build()
                .fit(data);
        assertThat(result.epochs()).isEqualTo(last);
        assertThat(result.best().orElseThrow().epoch()).isEqualTo(best);
        assertThat(result.stopReason()).isEqualTo(StopReason.NO_IMPROVEMENT);
        assertWeightsAfter(best * EPOCH);
    }

    @Test
    void doesNotStopWithoutPatience() {
        assertThat(trainer(scores(3, 2, 1)).epochs(30).build().fit(data).epochs())
                .isEqualTo(30);
    }

    @Test
    void validatesWithinAnEpochIfTheTrainingEndsThere() {
        TrainingResult result = trainer(scores(1, 2)).maxIterations(3).build().fit(data);
        assertThat(result.best()).contains(new ValidationResult(2, 3, 2, true));
        assertThat(result.epochs()).isEqualTo(1);
        assertThat(result.stopReason()).isEqualTo(StopReason.ITERATIONS);
        assertWeightsAfter(3);
        assertThat(events).endsWith("validation 2 at 3: 2.0 best", "end");
    }

    @Test
    void validatesOnceIfTheTrainingEndsWithAnEpoch() {
        trainer(scores(1, 2)).maxIterations(2).build().fit(data);
        assertThat(events).containsExactly("epoch 1", "validation 1 at 2: 1.0 best", "end");
    }

    @Test
    void aValueThatIsNaNIsNeverTheBest() {
        TrainingResult result =
                trainer(scores(Double.NaN, 1, Double.NaN)).epochs(3).build().fit(data);
        assertThat(result.best().orElseThrow().epoch()).isEqualTo(2);
        assertWeightsAfter(2 * EPOCH);
    }

    @Test
    void keepsTheLastParametersIfEveryValueIsNaN() {
        TrainingResult result =
                trainer(scores(Double.NaN).withPatience(1)).epochs(3).build().fit(data);
        assertThat(result.best()).isEmpty();
        assertWeightsAfter(3 * EPOCH);
    }

    @Test
    void aTrainingWithoutValidationHasNoBestResult() {
        TrainingResult result = Trainer.builder(network).build().fit(data);
        assertThat(result.best()).isEmpty();
        assertThat(result.stopReason()).isEqualTo(StopReason.EPOCHS);
    }

    static Stream<Validation> losses() {
        Batches heldOut = Batches.random(7, DataType.FLOAT, 3, 2, 5, 1, 3);
        List<DataSet> list = List.of(heldOut.get(0), heldOut.get(1), heldOut.get(2));
        return Stream.of(
                Validation.loss(heldOut),
                Validation.loss(list.stream().map(Batch::of).toList()),
                Validation.loss(together(list)));
    }

    private static DataSet together(List<DataSet> parts) {
        return new DataSet(
                Nd4j.vstack(parts.stream().map(DataSet::getFeatures).toArray(INDArray[]::new)),
                Nd4j.vstack(parts.stream().map(DataSet::getLabels).toArray(INDArray[]::new)));
    }

    @ParameterizedTest
    @MethodSource("losses")
    void theLossIsTheMeanOverAllExamples(Validation validation) {
        List<ValidationResult> results = new ArrayList<>();
        List<INDArray> outputs = new ArrayList<>();
        DataSet heldOut = together(List.of(
                Batches.random(7, DataType.FLOAT, 3, 2, 5, 1, 3).get(0),
                Batches.random(7, DataType.FLOAT, 3, 2, 5, 1, 3).get(1),
                Batches.random(7, DataType.FLOAT, 3, 2, 5, 1, 3).get(2)));
        TrainingResult result = Trainer.builder(network)
                .epochs(3)
                .validation(validation)
                .listener(new TrainingListener() {
                    @Override
                    public void onValidation(ValidationResult one) {
                        results.add(one);
                        outputs.add(network.predict(heldOut.getFeatures()));
                    }
                })
                .build()
                .fit(data);
        assertThat(results).hasSize(3);
        for (int i = 0; i < 3; i++) {
            double expected = Loss.softmaxCrossEntropy()
                    .compute(outputs.get(i), heldOut.getLabels(), outputs.get(i).like());
            assertThat(results.get(i).value()).isCloseTo(expected, within(1e-6));
        }
        double least =
                results.stream().mapToDouble(ValidationResult::value).min().orElseThrow();
        assertThat(result.best().orElseThrow().value()).isEqualTo(least);
    }

    /** Dropout is for training: with it, two validations of the same parameters would differ. */
    @Test
    void theLossIsThatOfPredictions() {
        LoRAConfig config = LoRAConfig.builder().rank(1).dropout(0.5).build();
        AdapterView view = LoRAModel.of(network).add("a", config);
        DataSet heldOut = Batches.random(7, DataType.FLOAT, 3, 2, 5).get(0);
        TrainingResult result = Trainer.builder(view)
                .updater(new AdamW(0.1, 0))
                .epochs(5)
                .validation(Validation.loss(heldOut))
                .build()
                .fit(data);
        INDArray output = view.predict(heldOut.getFeatures());
        assertThat(result.best().orElseThrow().value())
                .isCloseTo(
                        Loss.softmaxCrossEntropy().compute(output, heldOut.getLabels(), output.like()), within(1e-6));
    }

    @Test
    void refusesDataWithoutBatchesAndOtherLabels() {
        Trainer empty = trainer(Validation.loss(List.of())).build();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> empty.fit(data))
                .withMessage("validation: the data must hold at least one batch, found none");
        Trainer wrong = trainer(Validation.loss(Batches.random(1, DataType.FLOAT, 3, 5, 4)))
                .build();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> wrong.fit(data))
                .withMessage("labels: must have the shape of the output, [4, 2], found [4, 5]");
    }

    @Test
    void dataThatCannotBeResetServeOneValidation() {
        Validation once =
                Validation.loss(Batches.random(7, DataType.FLOAT, 3, 2, 5).once());
        trainer(once).epochs(1).build().fit(data);
        Trainer twice = trainer(Validation.loss(
                        Batches.random(7, DataType.FLOAT, 3, 2, 5).once()))
                .epochs(2)
                .build();
        assertThatIllegalStateException().isThrownBy(() -> twice.fit(data)).withMessageContaining("reset");
    }

    @Test
    void refusesAPatienceOfNoEpochs() {
        Validation validation = scores(1);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> validation.withPatience(0))
                .withMessage("patience must be at least 1, found 0");
    }

    /** Batches of two epochs; a batch of the third one has a NaN. */
    private Iterable<Batch> divergingInTheThirdEpoch() {
        DataSet bad = data.get(1).copy();
        bad.getFeatures().putScalar(0, 0, Double.NaN);
        int[] epochs = {0};
        List<Batch> good = List.of(Batch.of(data.get(0)), Batch.of(data.get(1)));
        return () -> (++epochs[0] < 3 ? good : List.of(good.get(0), Batch.of(bad))).iterator();
    }

    @Test
    void aDivergenceRestoresTheBestParameters() {
        Trainer trainer = trainer(scores(2, 1)).epochs(5).build();
        assertThatExceptionOfType(DivergedException.class)
                .isThrownBy(() -> trainer.fit(divergingInTheThirdEpoch()))
                .withMessageEndingWith("; the parameters are those of the best validation");
        assertWeightsAfter(EPOCH);
    }

    @Test
    void aDivergenceRestoresNothingIfItMustNot() {
        Trainer trainer =
                trainer(scores(2, 1)).restoreOnDivergence(false).epochs(5).build();
        assertThatExceptionOfType(DivergedException.class)
                .isThrownBy(() -> trainer.fit(divergingInTheThirdEpoch()))
                .withMessageEndingWith("because restoreOnDivergence is off");
        assertWeightsAfter(5);
    }

    private TrainingState stateAfter(int iterations, Validation validation) {
        List<TrainingState> states = new ArrayList<>();
        trainer(validation)
                .maxIterations(iterations)
                .checkpointEvery(iterations, states::add)
                .build()
                .fit(data);
        return states.get(0);
    }

    @Test
    void aStateHasTheBestValidation() {
        TrainingState state = stateAfter(5, scores(-1.5, -2));
        TrainingState read = TrainingState.of(state.tensors(), state.metadata());
        assertThat(read.best()).isEqualTo(new ValidationResult(1, 2, -1.5, true));
        assertThat(read.tensors().get("0/l.weight/best")).isEqualTo(weights.get(EPOCH - 1));
        assertThat(read.tensors().get("0/l.weight/value")).isEqualTo(weights.get(4));
        assertThat(read.metadata()).isEqualTo(state.metadata());
    }

    @Test
    void aResumedTrainingStopsWhenTheUninterruptedOneDoes() {
        TrainingState state = stateAfter(5, scores(3, 2));
        TrainingResult result = trainer(scores(1).withPatience(4))
                .epochs(100)
                .resume(state)
                .build()
                .fit(data);
        assertThat(result.epochs()).isEqualTo(5);
        assertThat(result.best()).contains(new ValidationResult(1, 2, 3, true));
        assertWeightsAfter(EPOCH);
    }

    @Test
    void aTrainingThatResumesWithoutValidationForgetsTheBestParameters() {
        TrainingState state = stateAfter(5, scores(3, 2));
        List<TrainingState> states = new ArrayList<>();
        TrainingResult result = Trainer.builder(network)
                .epochs(3)
                .checkpointEvery(6, states::add)
                .resume(state)
                .build()
                .fit(data);
        assertThat(result.best()).isEmpty();
        TrainingState last = states.get(0);
        assertThat(TrainingState.of(last.tensors(), last.metadata()).best()).isNull();
        assertThat(last.tensors()).doesNotContainKey("0/l.weight/best");
    }

    @Test
    void refusesToResumeIfThereIsNoPatienceLeft() {
        TrainingState state = stateAfter(4, scores(3, 2));
        Trainer trainer =
                trainer(scores(1).withPatience(1)).epochs(9).resume(state).build();
        assertThatIllegalStateException()
                .isThrownBy(() -> trainer.fit(data))
                .withMessageStartingWith("resume: something must be left to train, found no improvement since")
                .withMessageEndingWith("set more patience");
    }

    @ParameterizedTest
    @CsvSource({
        "best_epoch, -1, 'metadata best_epoch must be a number in [0, 2], found ''-1'''",
        "best_epoch, 3, 'metadata best_epoch must be a number in [0, 2], found ''3'''",
        "best_iteration, 6, 'metadata best_iteration must be a number in [1, 5], found ''6'''",
        "best_value, NaN, 'metadata best_value must be a number, found NaN'",
        "accumulate, 0, 'metadata accumulate must be a number in [1, 2147483647], found ''0'''"
    })
    void refusesAStateWithAnImpossibleNumber(String key, String value, String problem) {
        TrainingState state = stateAfter(5, scores(3, 2));
        Map<String, String> metadata = new LinkedHashMap<>(state.metadata());
        metadata.put(key, value);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TrainingState.of(state.tensors(), metadata))
                .withMessageContaining(problem);
    }

    @Test
    void refusesAStateWithoutTheBestParameters() {
        TrainingState state = stateAfter(5, scores(3, 2));
        Map<String, INDArray> tensors = new LinkedHashMap<>(state.tensors());
        tensors.remove("0/l.weight/best");
        tensors.put("1/l.bias/best", Nd4j.zeros(DataType.FLOAT, 7));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TrainingState.of(tensors, state.metadata()))
                .withMessageContaining("0/l.weight/best must be [2, 3] of FLOAT, found none")
                .withMessageContaining("1/l.bias/best must be [2] of FLOAT, found [7] of FLOAT");
    }

    @ParameterizedTest
    @CsvSource({"-Infinity", "1.0E-300", "-2.5", "Infinity"})
    void aStateKeepsEveryValue(double value) {
        TrainingState state = stateAfter(2, scores(value));
        ValidationResult best =
                TrainingState.of(state.tensors(), state.metadata()).best();
        assertThat(Objects.requireNonNull(best).value()).isEqualTo(value);
    }

    @Test
    void trainingsTogetherStopEarlyEachForItself() {
        LoRAModel model = LoRAModel.of(network());
        AdapterView first = model.add("a", LoRAConfig.of(1, 1));
        AdapterView second = model.add("b", LoRAConfig.of(1, 1));
        List<MultiTrainer.Outcome> outcomes = new MultiTrainer()
                .add(
                        Trainer.builder(first)
                                .epochs(20)
                                .validation(scores(2, 1).withPatience(2))
                                .build(),
                        data)
                .add(Trainer.builder(second).epochs(5).build(), Batches.random(9, DataType.FLOAT, 3, 2, 3))
                .fit();
        assertThat(outcomes.get(0).result().epochs()).isEqualTo(3);
        assertThat(outcomes.get(0).result().best().orElseThrow().epoch()).isEqualTo(1);
        assertThat(outcomes.get(1).result().epochs()).isEqualTo(5);
        AdapterView alone = LoRAModel.of(network()).add("a", LoRAConfig.of(1, 1));
        Trainer.builder(alone).epochs(1).build().fit(data);
        for (int i = 0; i < alone.parameters().size(); i++) {
            assertThat(Samples.bits(first.parameters().get(i).value()))
                    .usingComparatorWithPrecision(1e-6)
                    .containsExactly(Samples.bits(alone.parameters().get(i).value()));
        }
    }
}
