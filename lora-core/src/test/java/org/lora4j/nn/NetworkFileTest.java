package org.lora4j.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.Models;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.io.safetensors.SafeTensorsException;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.activations.impl.ActivationELU;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class NetworkFileTest {
    @TempDir
    private Path folder;

    private static Network network(long seed) {
        return Models.dense(DataType.FLOAT, seed, 3, 4, 2);
    }

    /** The values to the bit: equality of ND4J's arrays has a tolerance. */
    private static List<List<Double>> values(Network network) {
        return network.parameters().stream()
                .map(parameter ->
                        Arrays.stream(Samples.bits(parameter.value())).boxed().toList())
                .toList();
    }

    @Test
    void roundTripKeepsEveryBit() throws IOException {
        Path file = folder.resolve("base.safetensors");
        Network saved = network(1);
        saved.save(file);
        Network loaded = network(2);
        loaded.loadParameters(file);
        assertThat(values(loaded)).isEqualTo(values(saved));
    }

    @Test
    void usesTheKeysAndShapesOfPyTorch() throws IOException {
        Path file = folder.resolve("base.safetensors");
        network(1).save(file);
        SafeTensors tensors = SafeTensors.read(file);
        assertThat(tensors.names())
                .containsExactlyInAnyOrder("linear1.weight", "linear1.bias", "linear2.weight", "linear2.bias");
        assertThat(tensors.shape("linear1.weight")).containsExactly(4, 3);
        assertThat(tensors.shape("linear1.bias")).containsExactly(4);
        assertThat(tensors.metadata())
                .isEqualTo(Map.of(
                        "format",
                        "pt",
                        "lora4j.architecture",
                        network(1).architecture().toJson()));
    }

    @Test
    void loadsAFileOfPyTorch() throws Exception {
        Network network = Models.dense(DataType.FLOAT, 0, 12, 16, 9, 5);
        Path golden = Path.of(
                getClass().getResource("/golden/lora_r4_a16/base.safetensors").toURI());
        SafeTensors io = SafeTensors.read(golden.resolveSibling("io.safetensors"));
        network.loadParameters(golden);
        assertThat(network.predict(io.tensor("x")).distance2(io.tensor("y_base")))
                .isLessThan(1e-5);
    }

    @Test
    void convertsToTheTypeOfTheNetwork() throws IOException {
        Path file = folder.resolve("base.safetensors");
        network(1).save(file);
        Network doubles = Models.dense(DataType.DOUBLE, 2, 3, 4, 2);
        doubles.loadParameters(file);
        assertThat(doubles.linear("linear1").weight().castTo(DataType.FLOAT))
                .isEqualTo(network(1).linear("linear1").weight());
    }

    @Test
    void listsAllThatDoesNotFitAndChangesNothing() throws IOException {
        Path file = folder.resolve("base.safetensors");
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        tensors.put("linear1.weight", Nd4j.zeros(DataType.FLOAT, 4, 3));
        tensors.put("linear1.bias", Nd4j.zeros(DataType.FLOAT, 5));
        tensors.put("linear2.weight", Nd4j.zeros(DataType.FLOAT, 2, 4));
        tensors.put("head.bias", Nd4j.zeros(DataType.FLOAT, 2));
        SafeTensors.of(tensors, Map.of()).write(file);
        Network network = network(1);
        assertThatThrownBy(() -> network.loadParameters(file))
                .isInstanceOf(SafeTensorsException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining("missing [linear2.bias]")
                .hasMessageContaining("unknown [head.bias]")
                .hasMessageContaining("linear1.bias must be [4], found [5]");
        assertThat(values(network)).isEqualTo(values(network(1)));
    }

    @Test
    void changesNothingIfAValueDoesNotFitTheType() throws IOException {
        Path file = folder.resolve("base.safetensors");
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        network(7).parameters().forEach(parameter -> tensors.put(parameter.name(), parameter.value()));
        tensors.put("linear2.bias", Nd4j.create(new double[] {1e300, 0}));
        SafeTensors.of(tensors, Map.of()).write(file);
        Network network = network(1);
        assertThatThrownBy(() -> network.loadParameters(file)).hasMessageContaining("linear2.bias");
        assertThat(values(network)).isEqualTo(values(network(1)));
    }

    @Test
    void aFileOfThisLibraryIsRebuiltWithItsArchitecture() throws IOException {
        Path file = folder.resolve("base.safetensors");
        Network saved = Network.builder(3)
                .dataType(DataType.DOUBLE)
                .linear("encoder.first", 4, false)
                .activation(new ActivationELU(0.5))
                .linear("head", 2)
                .build(1);
        saved.save(file);
        Network loaded = Network.load(file);
        assertThat(loaded.architecture()).isEqualTo(saved.architecture());
        assertThat(loaded).hasToString(saved.toString());
        assertThat(values(loaded)).isEqualTo(values(saved));
        INDArray x = Samples.gaussian(1, DataType.DOUBLE, 5, 3);
        assertThat(Samples.bits(loaded.predict(x))).isEqualTo(Samples.bits(saved.predict(x)));
        assertThat(loaded.parameters()).allMatch(Parameter::isTrainable);
    }

    @Test
    void bytesAndStreamsHoldTheSame() throws IOException {
        Network saved = network(1);
        byte[] bytes = saved.toTensors().toBytes();
        Network fromBytes = Network.fromTensors(SafeTensors.read(bytes));
        Network fromStream = Network.fromTensors(SafeTensors.read(new ByteArrayInputStream(bytes)));
        assertThat(values(fromBytes)).isEqualTo(values(saved));
        assertThat(values(fromStream)).isEqualTo(values(saved));
        fromBytes.parameters().forEach(parameter -> parameter.value().assign(0));
        assertThat(values(saved)).isEqualTo(values(network(1)));
    }

    @Test
    void aFileWithoutAnArchitectureIsRefusedWithAdvice() throws IOException {
        Path file = folder.resolve("pytorch.safetensors");
        SafeTensors.of(Map.of("linear1.weight", Nd4j.zeros(DataType.FLOAT, 4, 3)), Map.of("format", "pt"))
                .write(file);
        assertThatThrownBy(() -> Network.load(file))
                .isInstanceOf(SafeTensorsException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining("call loadParameters");
    }

    @Test
    void frozenParametersAreNotWrittenTo() throws IOException {
        Path file = folder.resolve("base.safetensors");
        network(2).save(file);
        Network network = network(1);
        network.linear("linear1").weightParameter().setTrainable(false);
        assertThatThrownBy(() -> network.loadParameters(file))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("found frozen [linear1.weight]")
                .hasMessageContaining("unfreeze");
        assertThat(values(network)).isEqualTo(values(network(1)));
        network.unfreeze();
        network.loadParameters(file);
        assertThat(values(network)).isEqualTo(values(network(2)));
    }
}
