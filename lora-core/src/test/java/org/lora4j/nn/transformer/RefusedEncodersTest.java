package org.lora4j.nn.transformer;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.io.safetensors.SafeTensorsException;
import org.lora4j.nn.Network;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Folders of encoders whose tensors cannot be those of a model. */
class RefusedEncodersTest {
    private static final String WORDS = "embeddings.word_embeddings.weight";

    @TempDir
    private Path folder;

    /** The tensors of a plain encoder. */
    private static Map<String, INDArray> tensors() throws Exception {
        Path golden = GoldenCase.of("encoder_forward").folder();
        return new LinkedHashMap<>(
                SafeTensors.read(golden.resolve("model.safetensors")).tensors());
    }

    private PretrainedModel load(Map<String, INDArray> tensors) throws Exception {
        Path golden = GoldenCase.of("encoder_forward").folder();
        Files.write(folder.resolve("config.json"), Files.readAllBytes(golden.resolve("config.json")));
        SafeTensors.of(tensors, Map.of()).write(folder.resolve("model.safetensors"));
        return PretrainedModel.load(folder, DataType.FLOAT);
    }

    @Test
    void refusesTwoTensorsForOneParameter() throws Exception {
        Map<String, INDArray> tensors = tensors();
        INDArray words = requireNonNull(tensors.get(WORDS));
        tensors.put("bert." + WORDS, words.add(1));

        assertThatThrownBy(() -> load(tensors))
                .isInstanceOf(SafeTensorsException.class)
                .hasMessageContaining("two tensors for one parameter, ")
                .hasMessageContaining("'bert." + WORDS + "'")
                .hasMessageContaining("'" + WORDS + "'");
    }

    @Test
    void refusesWeightsThatAreNotFinite() throws Exception {
        Map<String, INDArray> tensors = tensors();
        tensors.put(WORDS, requireNonNull(tensors.get(WORDS)).dup().putScalar(30, Float.NaN));

        assertThatThrownBy(() -> load(tensors))
                .isInstanceOf(SafeTensorsException.class)
                .hasMessageContaining(
                        "tensor '" + WORDS + "': all elements must be finite numbers, found NaN at element 30");
    }

    @Test
    void refusesToSaveWeightsThatAreNotFinite() throws Exception {
        PretrainedModel model = load(tensors());
        Network network = model.pooled();
        network.linear("pooler.dense").weight().putScalar(1, Float.POSITIVE_INFINITY);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> model.save(network, folder.resolve("again")))
                .withMessageContaining("tensor 'pooler.dense.weight': all elements must be finite numbers");
    }
}
