package org.lora4j.nn.transformer;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.nn.Network;
import org.lora4j.nn.layer.Activation;
import org.lora4j.nn.layer.GatedFeedForward;
import org.lora4j.nn.layer.Gelu;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.SelfAttention;
import org.nd4j.linalg.activations.impl.ActivationReLU;

/** The layers that the fields of configurations ask for. What the layers compute is tested with them. */
class ActivationFieldsTest {
    @TempDir
    private Path folder;

    private Network network(String name, String from, String to) throws Exception {
        return ChangedModel.of(name, folder).config(from, to).load().lastHiddenState();
    }

    private static <T extends Layer> List<T> all(List<? extends Layer> layers, Class<T> type) {
        List<T> found = new ArrayList<>();
        for (Layer layer : layers) {
            if (type.isInstance(layer)) {
                found.add(type.cast(layer));
            }
            found.addAll(all(layer.children(), type));
        }
        return found;
    }

    @ParameterizedTest
    @CsvSource({
        "gte_forward, hidden_act, relu, RELU",
        "gte_forward, hidden_act, gelu, GELU",
        "gte_forward, hidden_act, silu, SILU",
        "modernbert_forward, hidden_activation, relu, RELU",
        "modernbert_forward, hidden_activation, silu, SILU",
        "modernbert_forward, hidden_activation, gelu_new, GELU_TANH",
        "modernbert_forward, hidden_activation, gelu_pytorch_tanh, GELU_TANH"
    })
    void gates(String name, String field, String activation, GatedFeedForward.Gate gate) throws Exception {
        String before = "\"" + field + "\": \"";
        Network network = network(name, before + "gelu\"", before + activation + "\"");
        assertThat(all(network.layers(), GatedFeedForward.class)).isNotEmpty().allMatch(layer -> layer.gate() == gate);
    }

    @ParameterizedTest
    @CsvSource({
        "mpnet_forward, hidden_act",
        "deberta_forward, hidden_act",
        "encoder_forward, hidden_act",
        "distilbert_forward, activation"
    })
    void activations(String name, String field) throws Exception {
        String before = "\"" + field + "\": \"";
        for (String activation : List.of("gelu_new", "gelu_pytorch_tanh")) {
            Network network = network(name, before + "gelu\"", before + activation + "\"");
            assertThat(all(network.layers(), Gelu.class))
                    .isNotEmpty()
                    .allMatch(layer -> layer.form() == Gelu.Form.TANH);
        }
        Network relu = network(name, before + "gelu\"", before + "relu\"");
        assertThat(all(relu.layers(), Activation.class))
                .isNotEmpty()
                .allMatch(layer -> layer.function() instanceof ActivationReLU);
    }

    @Test
    void aPartOfTheRotation() throws Exception {
        Network network = network("nomic_forward", "fraction\": 1.0", "fraction\": 0.5");
        assertThat(all(network.layers(), SelfAttention.class))
                .isNotEmpty()
                .allMatch(layer -> Objects.requireNonNull(layer.rotary()).dimensions() == layer.headSize() / 2);
    }
}
