package org.lora4j.crashes;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.fixtures.Differences;
import org.lora4j.io.peft.PeftAdapters;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.nn.Network;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingState;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

/** What this library saves. Each save has a number, which every part of it contains, so that a mixture is noticed. */
enum Saved {
    ADAPTER("adapter_config.json") {
        @Override
        List<String> files() {
            return List.of("adapter_config.json", "adapter_model.safetensors", ".lora4j.lock");
        }

        @Override
        void save(Path folder, int number) throws IOException {
            INDArray loraA = filled(number, 2, 1000);
            INDArray loraB = filled(number, 300, 2);
            LoRAConfig config = LoRAConfig.of(2, alpha(number));
            PeftAdapters.save(new LoRAAdapter(config, Map.of("fc", new LoRAWeights(loraA, loraB))), folder);
        }

        @Override
        int load(Path folder) throws IOException {
            LoRAAdapter adapter = PeftAdapters.load(folder);
            LoRAWeights weights = adapter.weights().values().iterator().next();
            int number = number(weights.loraA(), weights.loraB());
            assertThat(adapter.config().alpha()).isEqualTo(alpha(number));
            return number;
        }

        /** Two saves in a row have the same configuration: the folder then takes a shorter way. */
        private double alpha(int number) {
            return 1 + number / 2;
        }
    },

    TENSORS("tensors.safetensors") {
        @Override
        void save(Path folder, int number) throws IOException {
            SafeTensors.of(
                            Map.of("a", filled(number, 100, 100), "b", filled(number, 30_000)),
                            Map.of("number", Integer.toString(number)))
                    .write(folder.resolve("tensors.safetensors"));
        }

        @Override
        int load(Path folder) throws IOException {
            SafeTensors tensors = SafeTensors.read(folder.resolve("tensors.safetensors"));
            int number = number(tensors.tensor("a"), tensors.tensor("b"));
            assertThat(tensors.metadata()).containsEntry("number", Integer.toString(number));
            return number;
        }
    },

    NETWORK("network.safetensors") {
        @Override
        void save(Path folder, int number) throws IOException {
            Network network = Network.builder(200)
                    .linear("one", 100)
                    .relu()
                    .linear("two", 50)
                    .build(1);
            network.parameters().forEach(parameter -> parameter.value().assign(number));
            network.save(folder.resolve("network.safetensors"));
        }

        @Override
        int load(Path folder) throws IOException {
            Network network = Network.load(folder.resolve("network.safetensors"));
            assertThat(network.parameters()).hasSize(4);
            return number(network.parameters().stream().map(Parameter::value).toArray(INDArray[]::new));
        }
    },

    CHECKPOINT("checkpoint.safetensors") {
        /** The gradient of the loss is 0, so a step keeps the parameters. */
        @Override
        void save(Path folder, int number) throws IOException {
            Network network = Network.builder(200).linear("one", 100).build(1);
            network.parameters().forEach(parameter -> parameter.value().assign(number));
            INDArray x = Nd4j.zeros(DataType.FLOAT, 1, 200);
            Trainer.builder(network)
                    .updater(new Sgd(0))
                    .maxIterations(1)
                    .checkpointEvery(
                            1,
                            state -> SafeTensors.of(state.tensors(), state.metadata())
                                    .write(folder.resolve("checkpoint.safetensors")))
                    .build()
                    .fit(new DataSet(x, filled(0.01f, 1, 100)));
        }

        @Override
        int load(Path folder) throws IOException {
            SafeTensors stored = SafeTensors.read(folder.resolve("checkpoint.safetensors"));
            TrainingState state = TrainingState.of(stored.tensors(), stored.metadata());
            assertThat(state.iteration()).isEqualTo(1);
            return number(stored.tensor("0/one.weight/value"), stored.tensor("1/one.bias/value"));
        }
    };

    private final String file;

    Saved(String file) {
        this.file = file;
    }

    /** The names of the files after a save that was not interrupted. */
    List<String> files() {
        return List.of(file);
    }

    /** Saves the content of a number. */
    abstract void save(Path folder, int number) throws IOException;

    /** Loads what was saved, and returns its number; fails if it is not one save as a whole. */
    abstract int load(Path folder) throws IOException;

    private static INDArray filled(float value, long... shape) {
        return Nd4j.valueArrayOf(shape, value, DataType.FLOAT);
    }

    private static int number(INDArray... arrays) {
        int number = arrays[0].getInt(0);
        for (INDArray array : arrays) {
            assertThat(Differences.greatest(array, filled(number, array.shape())))
                    .isZero();
        }
        return number;
    }
}
