package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.Models;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.nn.Samples;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.train.TrainingResult.StopReason;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.DataSet;

/** A training that is asked to stop leaves a state from which it goes on with the same bits, alone and beside others. */
@Tag("numbers")
class StoppedTrainingTest {
    private static final int BATCH = 5;
    private static final int EPOCHS = 3;

    /** 22 examples in batches of 5: five steps in an epoch. */
    private final DataSet data =
            new DataSet(Samples.gaussian(1, DataType.FLOAT, 22, 6), Samples.gaussian(2, DataType.FLOAT, 22, 4));

    private static AdapterView adapter() {
        return LoRAModel.of(Models.dense(DataType.FLOAT, 3, 6, 8, 7, 4))
                .add(
                        "a",
                        LoRAConfig.builder()
                                .rank(2)
                                .alpha(6)
                                .dropout(0.3)
                                .seed(5)
                                .build());
    }

    private Trainer.Builder trainer(AdapterView adapter) {
        return Trainer.builder(adapter)
                .loss(Loss.meanSquaredError())
                .epochs(EPOCHS)
                .validation(Validation.loss(data));
    }

    private static List<double[]> values(AdapterView adapter) {
        return adapter.parameters().stream()
                .filter(Parameter::isTrainable)
                .map(parameter -> Samples.bits(parameter.value()))
                .toList();
    }

    @Test
    void goesOnWithTheSameBits() {
        AdapterView whole = adapter();
        TrainingResult expected = trainer(whole).build().fit(data, BATCH);

        List<TrainingState> states = new ArrayList<>();
        AtomicInteger steps = new AtomicInteger();
        AdapterView stopped = adapter();
        TrainingResult result = trainer(stopped)
                .checkpointWhen(() -> steps.get() == 3, states::add)
                .stopWhen(() -> steps.incrementAndGet() == 7)
                .build()
                .fit(data, BATCH);
        assertThat(result.stopReason()).isEqualTo(StopReason.STOPPED);
        assertThat(result.iterations()).isEqualTo(7);
        assertThat(states).extracting(TrainingState::iteration).containsExactly(3L, 7L);

        AdapterView resumed = adapter();
        TrainingResult rest = trainer(resumed).resume(states.get(1)).build().fit(data, BATCH);
        assertThat(rest.stopReason()).isEqualTo(expected.stopReason());
        assertThat(rest.best()).isEqualTo(expected.best());
        assertThat(values(resumed)).usingRecursiveComparison().isEqualTo(values(whole));
    }

    @Test
    void stopsAloneAmongOthers() {
        LoRAModel model = LoRAModel.of(Models.dense(DataType.FLOAT, 3, 6, 8, 7, 4));
        AdapterView first = model.add("a", LoRAConfig.of(2, 4));
        AdapterView second = model.add("b", LoRAConfig.of(2, 4));
        AtomicInteger steps = new AtomicInteger();
        List<MultiTrainer.Outcome> outcomes = new MultiTrainer()
                .add(trainer(first).stopWhen(() -> steps.incrementAndGet() == 2).build(), data)
                .add(trainer(second).build(), data)
                .fit();
        assertThat(outcomes.get(0).result().stopReason()).isEqualTo(StopReason.STOPPED);
        assertThat(outcomes.get(0).result().iterations()).isEqualTo(2);
        assertThat(outcomes.get(1).result().iterations()).isEqualTo(EPOCHS);
    }

    /** A training that is at its end anyway ends as it does without being asked. */
    @Test
    void theLastStepIsTheEnd() {
        List<TrainingState> states = new ArrayList<>();
        AtomicInteger steps = new AtomicInteger();
        TrainingResult result = trainer(adapter())
                .checkpointWhen(() -> false, states::add)
                .stopWhen(() -> steps.incrementAndGet() == 15)
                .build()
                .fit(data, BATCH);
        assertThat(result.stopReason()).isEqualTo(StopReason.EPOCHS);
        assertThat(states).isEmpty();
    }
}
