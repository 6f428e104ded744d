package org.lora4j.nn.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.train.Batch;
import org.lora4j.train.Loss;
import org.lora4j.train.Trainer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Adam;

/** Models with random weights. */
class InitialModelTest {
    private static String config(String more) {
        return """
                {"model_type": "qwen2", "vocab_size": 300, "hidden_size": 64, "intermediate_size": 96,
                 "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
                 "max_position_embeddings": 32, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
                 "hidden_act": "silu" %s}
                """.formatted(more);
    }

    private static Network network(String more, long seed) {
        return PretrainedModel.initialize(ModelConfig.parse(config(more)), DataType.FLOAT, seed)
                .causal();
    }

    private static INDArray weight(Network network, String path) {
        return network.linear(path).weight();
    }

    @Test
    void drawsMatricesFromTheNormalDistribution() {
        Network network = network("", 1);
        INDArray gate = weight(network, "model.layers.0.mlp.gate_proj");
        assertThat(gate.meanNumber().doubleValue()).isCloseTo(0, within(1e-3));
        assertThat(gate.stdNumber().doubleValue()).isCloseTo(0.02, within(1e-3));
        assertThat(weight(network, "model.layers.1.mlp.gate_proj")).isNotEqualTo(gate);
        assertThat(weight(network("", 1), "model.layers.0.mlp.gate_proj")).isEqualTo(gate);
        assertThat(weight(network("", 2), "model.layers.0.mlp.gate_proj")).isNotEqualTo(gate);
        assertThat(network.parameters()).allSatisfy(parameter -> {
            if (parameter.name().endsWith("norm.weight")) {
                assertThat(parameter.value().eq(1).all()).isTrue();
            } else if (parameter.name().endsWith(".bias")) {
                assertThat(parameter.value().eq(0).all()).isTrue();
            }
        });
    }

    @Test
    void takesTheRangeOfTheConfiguration() {
        Network network = network(", \"initializer_range\": 0.1, \"tie_word_embeddings\": false", 1);
        assertThat(weight(network, "lm_head").stdNumber().doubleValue()).isCloseTo(0.1, within(3e-3));
    }

    @Test
    void theLastMatricesOfGpt2HaveASmallerDeviation() {
        Network network = PretrainedModel.initialize(ModelConfig.parse("""
                                {"model_type": "gpt2", "vocab_size": 300, "n_embd": 64, "n_layer": 8, "n_head": 4,
                                 "n_positions": 32}
                                """), DataType.FLOAT, 1)
                .causal();
        for (String path : List.of("attn.c_proj", "mlp.c_proj")) {
            assertThat(weight(network, "transformer.h.7." + path).stdNumber().doubleValue())
                    .as(path)
                    .isCloseTo(0.02 / 4, within(2e-4));
        }
        assertThat(weight(network, "transformer.h.7.mlp.c_fc").stdNumber().doubleValue())
                .isCloseTo(0.02, within(5e-4));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void trains(boolean tied) {
        Network network = network(", \"tie_word_embeddings\": " + tied, 1);
        Sequences texts = Sequences.of(new int[][] {{1, 2, 3, 4, 5, 6}, {9, 8, 7, 6, 5}});
        Trainer trainer = Trainer.builder(network)
                .loss(Loss.nextToken())
                .updater(new Adam(1e-2))
                .epochs(40)
                .build();
        assertThat(trainer.fit(List.of(new Batch(texts, null))).finalLoss()).isLessThan(0.1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-0.1", "\"wide\"", "1e999"})
    void refusesAnImpossibleRange(String range) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> network(", \"initializer_range\": " + range, 1))
                .withMessageContaining("initializer_range must be");
    }
}
