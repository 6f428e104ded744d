package org.lora4j.attack;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.lora4j.SmallModels;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.nn.Model;
import org.lora4j.nn.Network;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.train.DivergedException;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingState;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The file of a checkpoint, and a training that is resumed from it. */
final class CheckpointTarget implements Target {
    @Override
    public String kind() {
        return "checkpoint";
    }

    @Override
    public List<Sample> sound() {
        return List.of(sample("in the first epoch", 2), sample("in the second epoch", 5));
    }

    private static Sample sample(String name, int iteration) {
        List<TrainingState> states = new ArrayList<>();
        trainer(SmallModels.network())
                .maxIterations(iteration)
                .checkpointEvery(iteration, states::add)
                .build()
                .fit(AttackData.batches());
        TrainingState state = states.get(0);
        return new Sample(
                name,
                Map.of(
                        TENSORS,
                        SafeTensors.of(state.tensors(), state.metadata()).toBytes()));
    }

    private static Trainer.Builder trainer(Model model) {
        return Trainer.builder(model).epochs(3);
    }

    @Override
    public void read(Sample sample) throws IOException, Refusal {
        SafeTensors file = SafeTensors.read(sample.file(TENSORS));
        TrainingState state = state(file);
        SafeTensors written = SafeTensors.of(state.tensors(), state.metadata());
        SafeTensors read = SafeTensors.read(written.toBytes());
        TrainingState again = TrainingState.of(read.tensors(), read.metadata());
        SafeTensorsTarget.assertSame(SafeTensors.of(again.tensors(), again.metadata()), written);
        resume(state);
    }

    private static TrainingState state(SafeTensors file) throws IOException, Refusal {
        Map<String, INDArray> tensors = file.tensors();
        try {
            return TrainingState.of(tensors, file.metadata());
        } catch (IllegalArgumentException e) {
            throw new Refusal(e);
        }
    }

    private static void resume(TrainingState state) throws Refusal {
        Network network = SmallModels.network();
        try {
            trainer(network).resume(state).build().fit(AttackData.batches());
        } catch (IllegalArgumentException | IllegalStateException | DivergedException e) {
            throw new Refusal(e);
        }
        for (Parameter parameter : network.parameters()) {
            assertThat(AttackData.isFinite(parameter.value()))
                    .as(parameter.name())
                    .isTrue();
        }
    }
}
