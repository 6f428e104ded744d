package org.lora4j.attack;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.lora4j.SmallModels;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.nn.Network;
import org.lora4j.nn.Samples;
import org.nd4j.linalg.activations.impl.ActivationLReLU;
import org.nd4j.linalg.api.buffer.DataType;

/** The file of a network. */
final class NetworkTarget implements Target {
    @Override
    public String kind() {
        return "network";
    }

    @Override
    public List<Sample> sound() {
        Network floats = SmallModels.network();
        Network doubles = Network.builder(3)
                .dataType(DataType.DOUBLE)
                .linear("only", 2, false)
                .activation(new ActivationLReLU(0.2))
                .build(1);
        return List.of(
                new Sample("floats", Map.of(TENSORS, floats.toTensors().toBytes())),
                new Sample("doubles", Map.of(TENSORS, doubles.toTensors().toBytes())));
    }

    @Override
    public void read(Sample sample) throws IOException {
        Network network = Network.fromTensors(SafeTensors.read(sample.file(TENSORS)));
        network.predict(Samples.gaussian(1, network.dataType(), 2, network.inputSize()));

        SafeTensors tensors = network.toTensors();
        Network again = Network.fromTensors(SafeTensors.read(tensors.toBytes()));
        assertThat(again.toTensors().metadata()).isEqualTo(tensors.metadata());
        SafeTensorsTarget.assertSame(again.toTensors(), tensors);
    }
}
