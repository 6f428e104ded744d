package org.lora4j.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.io.safetensors.SafeTensorsBuilder;
import org.lora4j.io.safetensors.SafeTensorsException;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Bases with weights that are not numbers. */
class RefusedBasesTest {
    @TempDir
    private Path folder;

    private static Network network() {
        return Network.builder(2).linear("a", 3).relu().linear("b", 1).build(1);
    }

    /** The tensors of a network, one of which has another element. */
    private static SafeTensors with(String name, int element, double value) throws Exception {
        SafeTensors sound = network().toTensors();
        SafeTensorsBuilder builder = SafeTensors.builder();
        sound.metadata().forEach(builder::metadata);
        for (Map.Entry<String, INDArray> tensor : sound.tensors().entrySet()) {
            INDArray array = tensor.getValue().dup();
            if (tensor.getKey().equals(name)) {
                array.putScalar(element, value);
            }
            builder.tensor(tensor.getKey(), array);
        }
        return builder.build();
    }

    @Test
    void refusesToLoadWhatIsNotFinite() throws Exception {
        for (double value : new double[] {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY}) {
            Path file = folder.resolve("base.safetensors");
            with("a.weight", 4, value).write(file);
            String message =
                    file + ": tensor 'a.weight': all elements must be finite numbers, found " + value + " at element 4";

            assertThatThrownBy(() -> Network.load(file))
                    .isInstanceOf(SafeTensorsException.class)
                    .hasMessage(message);
            Network other = network();
            INDArray before = other.linear("a").weight().dup();
            assertThatThrownBy(() -> other.loadParameters(file))
                    .isInstanceOf(SafeTensorsException.class)
                    .hasMessage(message);
            assertThat(other.linear("a").weight()).isEqualTo(before);
        }
    }

    @Test
    void refusesToSaveWhatIsNotFinite() throws Exception {
        Path file = folder.resolve("base.safetensors");
        Network network = network();
        network.save(file);
        byte[] before = Files.readAllBytes(file);
        network.linear("b").weight().putScalar(2, Float.NaN);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> network.save(file))
                .withMessage("tensor 'b.weight': all elements must be finite numbers, found NaN at element 2");
        assertThat(Files.readAllBytes(file)).isEqualTo(before);
    }

    @Test
    void readsTensorsOfAnyNumbersAsTheyAre() throws Exception {
        INDArray odd = Nd4j.createFromArray(1f, Float.NaN);
        SafeTensors read =
                SafeTensors.read(SafeTensors.of(Map.of("odd", odd), Map.of()).toBytes());

        assertThat(read.tensor("odd").getFloat(1)).isNaN();
        assertThatThrownBy(() -> read.finiteTensor("odd", DataType.DOUBLE))
                .hasMessage("byte array: tensor 'odd': all elements must be finite numbers, found NaN at element 1");
    }
}
